import { describe, expect, it } from "vitest";
import { CLIENTS } from "../../src/core/client.ts";
import { clientScenarios } from "./client-scenarios.ts";
import type { Answer } from "./scenario.ts";
import { parseScenario } from "./scenario.ts";
import { answerAfter } from "./scripted-run.ts";

const REPLY: Answer = { kind: "reply", text: "hi" };

describe("a scenario", () => {
  it.each(CLIENTS.flatMap((client) => Object.entries(clientScenarios(client))))(
    "is the same after it has crossed to another process: %s",
    (_, scenario) => {
      expect(parseScenario(JSON.parse(JSON.stringify(scenario)))).toEqual(scenario);
    },
  );

  it.each([
    ["no turns", { turns: [] }],
    ["a turn without an answer", { turns: [[]] }],
    ["an answer of no kind", { turns: [{ kind: "shrug" }] }],
    ["a tool of no kind", { turns: [{ kind: "reply", calls: [{ tool: "delete", path: "a" }] }] }],
    ["a word that nobody reads", { turns: [{ kind: "silence", seconds: 3 }] }],
    ["an answer for no time", { turns: [{ ...REPLY, times: 0 }] }],
    ["a prompt that all prompts include", { turns: [REPLY], byPrompt: [{ includes: "", turns: [REPLY] }] }],
    ["nothing", null],
  ])("is refused with %s, before a server plays something else", (_, value) => {
    expect(() => parseScenario(value)).toThrow(/this is no scenario/);
  });
});

describe("answers of one turn", () => {
  const limited: Answer = { kind: "error", status: 429, times: 2 };
  it.each([
    [[REPLY], [0, 0, 0]],
    [[{ kind: "reset" }, REPLY] satisfies Answer[], [0, 1, 1]],
    [
      [limited, REPLY],
      [0, 0, 1, 1],
    ],
    [
      [REPLY, limited],
      [0, 1, 1, 1],
    ],
  ])("are given in order, so many times each, the last for ever", (answers, expected) => {
    const given = expected.map((_, before) => answerAfter(answers, before));
    expect(given).toEqual(expected.map((index) => answers[index]));
  });
});

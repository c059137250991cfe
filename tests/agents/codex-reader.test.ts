import { describe, expect, it } from "vitest";
import { CodexReader } from "../../src/agents/codex-reader.ts";
import type { AgentReport } from "../../src/core/agent-report.ts";
import { recordedExitCode, recordedLines, recordedScenarios, reportOn } from "./recorded-run.ts";

const COMPLETED = { type: "turn.completed", usage: {} };
const FAILED = { type: "turn.failed", error: { message: "It broke." } };

function item(type: string, text: string): object {
  return { type: "item.completed", item: { id: "item_0", type, text, message: text } };
}

const ANSWER = item("agent_message", "Done.");

function report(...lines: readonly (string | object)[]): AgentReport {
  return reportOn(new CodexReader(), lines);
}

/** verdict, code, exit code; no exit code: it hung and was killed, or had no time to say. */
const RECORDED: Readonly<Record<string, readonly [AgentReport["verdict"], string | null, number | null]>> = {
  success: ["succeeded", null, 0],
  hello: ["succeeded", null, 0],
  "slow-answer": ["succeeded", null, 0],
  thinking: ["succeeded", null, 0],
  "tool-failure": ["succeeded", null, 0],
  "unknown-tool": ["succeeded", null, 0],
  "unknown-model": ["succeeded", null, 0],
  "rate-limit-once": ["succeeded", null, 0],

  // Exit code 0, and yet no success: nothing was answered.
  "malformed-event": ["failed", null, 0],
  "no-message": ["failed", null, 0],
  refusal: ["failed", null, 0],

  "status-400": ["failed", "turn.failed", 1],
  "status-401": ["failed", "turn.failed", 1],
  "status-403": ["failed", "turn.failed", 1],
  "status-404": ["failed", "turn.failed", 1],
  "status-413": ["failed", "turn.failed", 1],
  "status-500": ["failed", "turn.failed", 1],
  overloaded: ["failed", "turn.failed", 1],
  "overloaded-in-stream": ["failed", "turn.failed", 1],
  "insufficient-quota": ["failed", "turn.failed", 1],
  "usage-limit": ["failed", "turn.failed", 1],
  "rate-limit-short": ["failed", "turn.failed", 1],
  "rate-limit-in-stream": ["failed", "turn.failed", 1],
  "context-overflow": ["failed", "turn.failed", 1],
  "context-overflow-later": ["failed", "turn.failed", 1],
  "context-overflow-once": ["failed", "turn.failed", 1],
  "max-tokens": ["failed", "turn.failed", 1],
  reset: ["failed", "turn.failed", 1],
  "cut-stream": ["failed", "turn.failed", 1],
  "cut-stream-after-edit": ["failed", "turn.failed", 1],
  "cut-before-terminal-event": ["failed", "turn.failed", 1],
  "ends-in-message": ["failed", "turn.failed", 1],
  "no-terminal-event": ["failed", "turn.failed", 1],
  "hang-after-head": ["failed", "turn.failed", 1],
  "hang-in-message": ["failed", "turn.failed", 1],
  html: ["failed", "turn.failed", 1],

  "hang-before-first-byte": ["unfinished", null, null],
  "rate-limit-long": ["unfinished", null, null],
  interrupted: ["unfinished", null, 1],
  terminated: ["unfinished", null, null],
};

describe("what the real Codex printed", () => {
  it("is judged in every scenario that was recorded", () => {
    expect(recordedScenarios("codex")).toEqual(Object.keys(RECORDED).sort());
  });

  it.each(Object.entries(RECORDED))("%s: %j", (scenario, [verdict, code, exitCode]) => {
    const read = report(...recordedLines("codex", scenario));
    expect(read).toMatchObject({ verdict, code, malformedLines: 0 });
    expect(recordedExitCode("codex", scenario)).toBe(exitCode);
  });

  it("keeps the last words of a success, and the client's words for a failure", () => {
    expect(report(...recordedLines("codex", "success")).message).toBe("Done: there is a greeting.");
    expect(report(...recordedLines("codex", "insufficient-quota")).message).toContain("Quota exceeded");
  });

  it("says what it waited for where it hung", () => {
    expect(report(...recordedLines("codex", "rate-limit-long")).message).toContain("429 Too Many Requests");
  });
});

describe("a stream of Codex's events", () => {
  it("is a success with an answer and a completed turn", () => {
    expect(report(item("agent_message", "Working."), ANSWER, COMPLETED)).toEqual({
      verdict: "succeeded",
      code: null,
      message: "Done.",
      messages: 2,
      malformedLines: 0,
    });
  });

  it("is a success though it had to try again, and though an item tells of an error", () => {
    const again = { type: "error", message: "Reconnecting... 1/2 (cut)" };
    expect(report(item("error", "Model metadata not found."), again, ANSWER, COMPLETED).verdict).toBe(
      "succeeded",
    );
  });

  it.each<[string, readonly (string | object)[], AgentReport["verdict"]]>([
    ["nothing at all", [], "unfinished"],
    ["an answer and no end", [ANSWER], "unfinished"],
    ["no answer", [item("reasoning", "Hm."), item("error", "No."), COMPLETED], "failed"],
    ["an answer without words", [item("agent_message", " \n"), COMPLETED], "failed"],
    ["an answer that only began", [{ ...ANSWER, type: "item.started" }, COMPLETED], "failed"],
    ["a turn that failed", [ANSWER, FAILED], "failed"],
    ["a turn that completed and then failed", [ANSWER, COMPLETED, FAILED], "failed"],
    ["a turn that failed in another form", [ANSWER, COMPLETED, { type: "turn.failed" }], "failed"],
    [
      "a success that a command printed",
      [ANSWER, item("command_execution", JSON.stringify(COMPLETED))],
      "unfinished",
    ],
  ])("is no success with %s", (_, lines, verdict) => {
    expect(report(...lines).verdict).toBe(verdict);
  });

  it("counts lines that are no events, and goes on", () => {
    const lines = [
      "",
      "panicked at",
      "[1]",
      "null",
      '"turn.completed"',
      "{",
      { type: 1 },
      { type: "item.completed" },
    ];
    expect(report(...lines, ANSWER, COMPLETED)).toMatchObject({ verdict: "succeeded", malformedLines: 7 });
  });
});

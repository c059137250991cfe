import { describe, expect, test } from "vitest";
import { nextStep } from "../../src/core/next-step.ts";
import { historyInWords } from "./history-in-words.ts";
import { scenarioOf } from "./scenario.ts";
import { shrink } from "./shrink.ts";
import { simulate, type BrokenRule } from "./simulate.ts";

describe("a seed", () => {
  test("gives the same journals again, byte by byte, whatever happens in it", async () => {
    const kinds = new Set<string>();
    for (let seed = 100; seed < 160; seed += 1) {
      const scenario = scenarioOf(seed);
      for (const { kind } of scenario.faults) kinds.add(kind);
      const [first, second] = [await simulate(scenario), await simulate(scenarioOf(seed))];
      expect(JSON.stringify(second.events)).toBe(JSON.stringify(first.events));
    }
    expect([...kinds].sort()).toEqual(["engine-down", "git-fails", "give-up", "kill", "person", "stop"]);
  });

  test("gives other journals than another seed", async () => {
    const journals = new Set<string>();
    for (let seed = 1; seed <= 20; seed += 1)
      journals.add(JSON.stringify((await simulate(scenarioOf(seed))).events));
    expect(journals.size).toBe(20);
  });
});

describe("a history that breaks a promise", () => {
  /** Every landed task is closed as failed. */
  const rule: BrokenRule = {
    decide: (state, context) => {
      const step = nextStep(state, context);
      return step.kind === "close" && step.result === "landed" ? { ...step, result: "failed" } : step;
    },
  };

  test("is made as short as it can be, the same each time, and told in words", async () => {
    const failing = await simulate(scenarioOf(5003), { rule });
    expect(failing.violation?.invariant).toBe("results-are-true");
    const shortest = await shrink(failing, { rule });
    expect(shortest.violation?.invariant).toBe("results-are-true");
    expect(shortest.scenario.tasks).toHaveLength(1);
    expect(shortest.scenario.faults).toEqual([]);
    expect(failing.scenario.tasks.length).toBeGreaterThan(3);
    expect((await shrink(failing, { rule })).events).toEqual(shortest.events);
    const words = historyInWords(shortest).split("\n");
    expect(words[0]).toContain("seed 5003");
    expect(words.at(-1)).toMatch(/^broken: results-are-true: t\d+ is|^broken: results-are-true: t\d+ failed/);
    expect(words.some((line) => / attempt\.finished t\d+\.1, landed$/.test(line))).toBe(true);
  });
});

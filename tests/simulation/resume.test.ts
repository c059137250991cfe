import { describe, expect, test } from "vitest";
import { historyInWords } from "./history-in-words.ts";
import { scenarioOf, type Scenario } from "./scenario.ts";
import { simulate } from "./simulate.ts";

/** Nights of a few tasks in which much happens, in phases with and without retries. */
const SEEDS = [3, 11, 29, 42];

describe("a supervisor that is killed at any step", () => {
  test.each(SEEDS)("is followed by one that goes on, and every promise is kept (seed %i)", async (seed) => {
    const whole: Scenario = { ...scenarioOf(seed, { tasks: 3 }), faults: [], runs: 1, windowMs: null };
    const { events, steps } = await simulate(whole);
    expect(events.map(({ type }) => type)).toContain("night.finished");
    const ends = new Map<string, number>();
    for (let atStep = 1; atStep <= steps; atStep += 1) {
      for (const after of [false, true]) {
        const killed = await simulate({ ...whole, faults: [{ kind: "kill", run: 0, atStep, after }] });
        if (killed.violation) throw new Error(historyInWords(killed));
        const types = killed.events.map(({ type }) => type);
        for (const type of types) ends.set(type, (ends.get(type) ?? 0) + 1);
        // One that died after its last event has nothing to go on with.
        expect(types.filter((type) => type === "night.finished").length).toBeGreaterThan(0);
      }
    }
    expect(ends.get("night.resumed")).toBeGreaterThan(steps);
    expect(ends.get("leftovers.removed")).toBeGreaterThan(5);
  });
});

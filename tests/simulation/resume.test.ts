import { describe, expect, test } from "vitest";
import { historyInWords } from "./history-in-words.ts";
import { scenarioOf, type Scenario } from "./scenario.ts";
import { simulate } from "./simulate.ts";
import { withStuckBranches } from "./with-stuck-branches.ts";

/** Nights of a few tasks in which much happens, in phases with and without retries. */
const SEEDS = [3, 11, 29, 42] as const;

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

  test(
    "is followed by one that says once what the night cost, where its branch cannot go back",
    { timeout: 120_000 },
    async () => {
      const drawn = scenarioOf(SEEDS[0], { tasks: 2 });
      const halves = drawn.tasks.map((task, at) => ({
        ...task,
        repo: "app",
        dependsOn: [],
        pair: { name: 0, half: at === 0 ? 0 : 1 } as const,
      }));
      const whole: Scenario = {
        ...drawn,
        phase: "3",
        tasks: halves,
        deeds: { lands: 1 },
        flaky: 0,
        faults: [],
        jumps: [],
        runs: 1,
        windowMs: null,
      };
      const rule = { deps: withStuckBranches };
      const { steps } = await simulate(whole, { rule });
      const alerts = new Map<string, number>();
      for (let atStep = 1; atStep <= steps; atStep += 1) {
        for (const after of [false, true]) {
          const faults = [{ kind: "kill", run: 0, atStep, after }] as const;
          const killed = await simulate({ ...whole, faults }, { rule });
          if (killed.violation) throw new Error(historyInWords(killed));
          for (const { type, data } of killed.events)
            if (type === "alert.raised") alerts.set(data.alert, (alerts.get(data.alert) ?? 0) + 1);
        }
      }
      // In every one of these nights, whenever it was killed.
      expect(alerts.get("rollback-failed")).toBe(2 * steps);
      expect(alerts.get("demoted")).toBe(2 * steps);
    },
  );
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CanaryResult } from "../../src/core/canary.ts";
import type { EventType } from "../../src/core/event.ts";
import { replay, type NightState } from "../../src/core/night-state.ts";
import { phaseState } from "../../src/core/phase-state.ts";
import { summarise } from "../../src/core/summary.ts";
import { ALL_HELD, NightWorld, PHASE_1, type TaskStory } from "./night-world.ts";

const TASK: TaskStory = {
  id: "one",
  agent_: ({ files }) => {
    files.set("one.txt", Buffer.from("one"));
    return 0;
  },
};

let world: NightWorld;
beforeEach(async () => void (world = await NightWorld.create()));
afterEach(() => {
  expect([...world.engine.open_]).toEqual([]);
  world.dispose();
});

/** All held, but one. */
function except(canary: string, verdict: CanaryResult["verdict"]): CanaryResult[] {
  return ALL_HELD.map((each) => (each.canary === canary ? { canary, verdict, detail: "seen" } : each));
}

/** The last night, as its journal tells it. */
async function lastNight(): Promise<NightState> {
  const night = (await world.journals.nights()).at(-1)!;
  return replay(night, (await world.journals.read(night)).events);
}

function typesOf(): EventType[] {
  return world.events.map(({ type }) => type);
}

const refused = { code: "refused.containment" };

describe("before the first agent of a night", () => {
  it("the canaries are asked once and recorded, in the night and in the workspace; then it goes on", async () => {
    const night = await world.run([TASK]);
    expect(night).toMatchObject({ end: "queue-empty", drill: { verdict: "held", runs: 1 } });
    expect(typesOf().indexOf("drill.finished")).toBeGreaterThan(0);
    expect(typesOf().indexOf("drill.finished")).toBeLessThan(typesOf().indexOf("baseline.started"));
    const { events } = await world.journals.read(null);
    expect(events.filter(({ type }) => type === "drill.finished")).toHaveLength(1);
    expect(summarise(night!)).toMatchObject({
      containment: { verdict: "held", runs: 1, canaries: ALL_HELD },
      demotion: null,
    });
  });

  it("an attack that succeeded refuses the night, and no agent has started", async () => {
    world.canaries.push(except("sockets", "survived"));
    await expect(world.run([TASK])).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining("sockets (seen)") as string,
      hint: expect.stringContaining("nightwarden drill containment") as string,
    });
    const night = await lastNight();
    expect(night).toMatchObject({ end: "refused", drill: { verdict: "survived", runs: 1 } });
    expect(typesOf()).not.toContain("baseline.started");
    expect(typesOf()).not.toContain("attempt.started");
    const summary = summarise(night);
    expect(summary.why).toContain("an attack on the sandbox succeeded");
    expect(summary.nextActions[0]?.command).toBe("nightwarden drill containment");
  });

  it("and demotes the workspace by one phase, recorded before the night's own record of it", async () => {
    world.canaries.push(except("route", "survived"));
    const policy = { ...PHASE_1, phase: "2b" } as const;
    await expect(world.run([TASK], { policy, phase: "2b" })).rejects.toMatchObject(refused);
    const { events } = await world.journals.read(null);
    expect(phaseState(events)).toMatchObject({
      phase: "2a",
      demotion: { from: "2b", to: "2a", why: "route (seen)" },
    });
    expect(summarise(await lastNight()).demotion).toEqual({
      from: "2b",
      to: "2a",
      why: "route (seen)",
      by: "guard",
    });
  });

  it("in phase 1 it stays there, and that is said", async () => {
    world.canaries.push(except("route", "survived"));
    await expect(world.run([TASK])).rejects.toMatchObject({
      message: expect.stringContaining("phase 1 is the lowest, so it stays") as string,
    });
    expect(phaseState((await world.journals.read(null)).events).phase).toBe("1");
  });

  it("what could not be told is asked once more; told then, the night goes on", async () => {
    world.canaries.push(except("memory", "inconclusive"));
    const said: string[] = [];
    const night = await world.run([TASK], { onProgress: (line) => said.push(line) });
    expect(night).toMatchObject({ end: "queue-empty", drill: { verdict: "held", runs: 2 } });
    expect(said).toEqual(["containment: asking once more: memory (seen)"]);
  });

  it("what could not be told twice refuses the night, and demotes nobody", async () => {
    world.canaries.push(except("memory", "inconclusive"), except("pids", "inconclusive"), ALL_HELD);
    const policy = { ...PHASE_1, phase: "2a" } as const;
    await expect(world.run([TASK], { policy, phase: "2a" })).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining("twice: pids (seen)") as string,
    });
    // Not a third time.
    expect(world.canaries).toEqual([ALL_HELD]);
    expect(await lastNight()).toMatchObject({
      end: "refused",
      drill: { verdict: "inconclusive", runs: 2 },
    });
    expect(phaseState((await world.journals.read(null)).events).demotion).toBeUndefined();
  });

  it("one that survives the second asking demotes, too", async () => {
    world.canaries.push(except("memory", "inconclusive"), except("memory", "survived"));
    await expect(world.run([TASK])).rejects.toMatchObject(refused);
    expect(typesOf()).toContain("phase.demoted");
  });

  it("a night without a task asks nothing", async () => {
    await world.run([TASK]);
    world.canaries.push(except("memory", "survived"));
    expect(await world.run([TASK])).toBeUndefined();
    expect(world.canaries).toHaveLength(1);
  });
});

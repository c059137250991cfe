import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EventData } from "../../src/core/event.ts";
import { NightwardenError } from "../../src/core/nightwarden-error.ts";
import { summarise } from "../../src/core/summary.ts";
import type { Policy } from "../../src/core/policy.ts";
import type { FakeProgram } from "../fakes/fake-engine.ts";
import { GO_ON, NightWorld, type TaskStory } from "./night-world.ts";

const PHASE_3: Policy = { ...GO_ON, order: "dag", parallel: 2, skipping: "dependents" };

let world: NightWorld;
beforeEach(async () => void (world = await NightWorld.create()));
afterEach(() => world.dispose());

const lands = (id: string): TaskStory => ({
  id,
  agent_: ({ files }) => (files.set(`${id}.txt`, Buffer.from(id)), 0),
});
const alerts = (): EventData<"alert.raised">[] =>
  world.events.flatMap((event) => (event.type === "alert.raised" ? [event.data] : []));

describe("somebody hears at once", () => {
  it("of machinery that fails before the first attempt", async () => {
    const ensure = (): Promise<never> =>
      Promise.reject(new NightwardenError({ code: "infra.engine", message: "no engine" }));
    await expect(world.run([lands("one")], {}, undefined, { images: { ensure } })).rejects.toMatchObject({
      code: "infra.engine",
    });
    expect(alerts()).toEqual([{ alert: "infra", tasks: [], message: "no engine" }]);
    expect(world.events.at(-1)).toMatchObject({ type: "night.finished", data: { end: "infra" } });
  });

  it("of a fault of ours between attempts; what has begun to land lands, and its task is closed", async () => {
    let isLanding: () => void = () => undefined;
    const landing = new Promise<void>((resolve) => (isLanding = resolve));
    const fastForward = world.repository.fastForward.bind(world.repository);
    let hasFailed: () => void = () => undefined;
    const fault = new Promise<void>((resolve) => (hasFailed = resolve));
    world.repository.fastForward = async (options) => {
      isLanding();
      await fault;
      await fastForward(options);
    };
    const waits: FakeProgram = async () => {
      await landing;
      return 0;
    };
    const stories: TaskStory[] = [lands("one"), { id: "two", agent_: waits }];
    const { residue } = world.engine;
    const count = residue.count.bind(residue);
    residue.count = async (scope) => {
      if (scope.kind !== "attempt" || scope.attempt.attempt !== "two.1") return await count(scope);
      hasFailed();
      throw new TypeError("a fault of ours");
    };
    await expect(world.run(stories, { policy: PHASE_3 })).rejects.toThrow("a fault of ours");
    expect(alerts()).toMatchObject([{ alert: "infra", message: "a fault of ours" }]);
    const closed = world.events.flatMap((event) => (event.type === "task.finished" ? [event.data] : []));
    expect(closed).toMatchObject([{ task: "one", result: "landed" }]);
    // Each attempt has one outcome, also the one that could not be coped with.
    const ended = world.events.flatMap((event) => (event.type === "attempt.finished" ? [event.data] : []));
    expect(ended.map(({ attempt }) => attempt).toSorted()).toEqual(["one.1", "two.1"]);
  });

  it("of what is left and cannot be removed, also where only the last account has found it", async () => {
    const { residue } = world.engine;
    residue.holds = () => "it is in use";
    world.onEvent = ({ type }) => {
      if (type !== "task.finished") return;
      const place = residue.name;
      residue.standing.push({ kind: "volume", place, name: "left", attempt: null, token: null, bytes: 1 });
    };
    const night = await world.run([lands("one")]);
    expect(night).toMatchObject({ end: "queue-empty", finished: ["landed"] });
    expect(alerts()).toMatchObject([
      { alert: "leak", tasks: [], message: expect.stringContaining("volume left") as string },
    ]);
  });

  it("of a phase that was forced in every night that comes after it", async () => {
    const journal = await world.journals.open(null);
    const data = { from: "1", to: "2a", policyHash: "p" } as const;
    const forced = { reason: "it was a demo", unmet: ["landedTasks"] };
    await journal.append({ type: "phase.promoted", data: { ...data, forced } });
    await journal.append({
      type: "phase.promoted",
      data: { from: "2a", to: "2b", policyHash: "p", forced: null },
    });
    await journal.close();
    const night = await world.run([lands("one")]);
    expect(summarise(night!).forced).toMatchObject([{ from: "1", to: "2a", ...forced }]);
  });

  it("of nothing where a night goes well, or is refused by what a person has to put right: control", async () => {
    await world.run([lands("one")]);
    world.engine.programs.set("sh", () => 1);
    await world.run([lands("two")], { verify: new Map([["app", ["other"]]]) }).catch(() => undefined);
    expect(world.events.at(-1)).toMatchObject({ data: { end: "refused" } });
    expect(alerts()).toEqual([]);
  });
});

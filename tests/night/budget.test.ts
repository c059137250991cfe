import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EventData } from "../../src/core/event.ts";
import type { Policy } from "../../src/core/policy.ts";
import { StopRequest } from "../../src/night/night.ts";
import { answered } from "../fakes/fake-gateways.ts";
import { GO_ON, NightWorld, type TaskStory } from "./night-world.ts";

const budget = { taskTokens: 1e6, taskCost: 10, nightTokens: 2200, nightCost: 100 };
const POLICY: Policy = { ...GO_ON, order: "dag", parallel: 3, budget };

let world: NightWorld;
beforeEach(async () => void (world = await NightWorld.create()));
afterEach(() => {
  expect([...world.engine.open_, ...world.gateways.open_.keys()]).toEqual([]);
  world.dispose();
});

/** Resolves when somebody waits for a part of the budget. */
function watchWaiting(): { readonly waits: Promise<void>; readonly onProgress: (line: string) => void } {
  let isWaiting: () => void = () => undefined;
  const waits = new Promise<void>((resolve) => (isWaiting = resolve));
  return { waits, onProgress: (line) => (line.includes("budget") ? isWaiting() : undefined) };
}

/** Uses so many tokens of the thousand that its own cap is, once `until` is there. */
const uses = (id: string, tokens: number, until: Promise<unknown> = Promise.resolve()): TaskStory => ({
  id,
  usesModel: true,
  limits: { tokens: 1000 },
  agent_: async ({ files, env }) => {
    await until;
    const usage = { input: tokens, cacheRead: 0, cacheWrite: 0, output: 0 };
    world.gateways.script = [answered({ usage, costUsd: 0 })];
    if (!world.gateways.ask(env["MODEL_TOKEN"] ?? "")) return 1;
    files.set(`${id}.txt`, Buffer.from(id));
    return 0;
  },
});

/** What each gateway let its attempt use, in the order in which they opened. */
const given = (): number[] => world.gateways.requests.map(({ budget: { tokens } }) => tokens);
const outcomes = (): EventData<"attempt.finished">["outcome"][] =>
  world.events.flatMap((event) => (event.type === "attempt.finished" ? [event.data.outcome] : []));

describe("the budget of a night with attempts side by side", () => {
  it("is never given twice: who could not have all that its own caps allow waits until it is alone, and has the rest", async () => {
    const { waits, onProgress } = watchWaiting();
    const stories = [uses("a", 1000, waits), uses("b", 900, waits), uses("c", 300)];
    const night = await world.run(stories, { policy: POLICY, onProgress });
    expect(night).toMatchObject({ end: "queue-empty", finished: ["landed", "landed", "landed"] });
    expect(given()).toEqual([1000, 1000, 300]);
  });

  it("is given to all at once where it is enough: control", async () => {
    let open: () => void = () => undefined;
    const all = new Promise<void>((resolve) => (open = resolve));
    world.gateways.beforeOpen = () => (world.gateways.requests.length === 2 ? open() : undefined);
    const policy = { ...POLICY, budget: { ...budget, nightTokens: 3000 } };
    await world.run([uses("a", 1000, all), uses("b", 900, all), uses("c", 300, all)], { policy });
    expect(given()).toEqual([1000, 1000, 1000]);
  });

  it("that others have used up while an attempt waited ends it before its agent, as stopped, and then the night", async () => {
    const { waits, onProgress } = watchWaiting();
    const policy = { ...POLICY, budget: { ...budget, nightTokens: 2000 } };
    const stories = [uses("a", 1000, waits), uses("b", 1000, waits), uses("c", 300)];
    const night = await world.run(stories, { policy, onProgress });
    expect(night).toMatchObject({ end: "budget", finished: ["landed", "landed"] });
    expect(given()).toEqual([1000, 1000]);
    expect(outcomes().filter(({ kind }) => kind === "failed")).toMatchObject([
      { cause: "interrupted", reason: "stopped" },
    ]);
    expect(night!.tasks.get("c" as never)?.result).toBeUndefined();
  });

  it("keeps nobody from being stopped who waits for it", async () => {
    const stop = new AbortController();
    const { waits, onProgress } = watchWaiting();
    void waits.then(() => stop.abort(new StopRequest("asked", "SIGTERM")));
    const works = (id: string): TaskStory => ({
      ...uses(id, 1),
      agent_: async (run) => {
        await new Promise((go) => run.ended.addEventListener("abort", go));
        return 137;
      },
    });
    const stories = [works("a"), works("b"), works("c")];
    const night = await world.run(stories, { policy: POLICY, onProgress }, stop.signal);
    expect(night).toMatchObject({ end: "interrupted", finished: [] });
    expect(outcomes()).toMatchObject(Array.from({ length: 3 }, () => ({ reason: "stopped" })));
    expect(given()).toEqual([1000, 1000]);
  });
});

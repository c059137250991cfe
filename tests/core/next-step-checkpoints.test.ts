import { describe, expect, test } from "vitest";
import { Agenda } from "../../src/core/agenda.ts";
import { failed } from "../../src/core/attempt.ts";
import type { Fact } from "../../src/core/event.ts";
import type { ObjectId, TaskId } from "../../src/core/ids.ts";
import { nextClose, nextStep, type NextStep, type NightContext } from "../../src/core/next-step.ts";
import * as story from "../fixtures/night-story.ts";

const [a, b, c, d] = [
  story.testTask("a"),
  story.testTask("b"),
  story.testTask("c", { dependsOn: ["b" as never] }),
  story.testTask("d"),
] as const;
const tasks = [a, b, c, d];
const [A, B, C] = [1, 2, 3].map(story.commitOf) as [ObjectId, ObjectId, ObjectId];
const repo = "demo";

const POLICY: NightContext["policy"] = {
  afterFailure: "breaker",
  breakerFailures: 2,
  retries: 1,
  quotaWait: 3_600_000,
  budget: { taskTokens: 1e6, taskCost: 10, nightTokens: 1e7, nightCost: 100 },
  order: "dag",
  parallel: 3,
  skipping: "dependents",
  agentFallback: [],
  checkpointEvery: 2,
};

function contextOf(overrides: Partial<NightContext> = {}): NightContext {
  return {
    policy: POLICY,
    agenda: new Agenda(tasks, POLICY),
    running: new Set(),
    endsAt: undefined,
    earlier: () => [],
    dependency: () => "unmet",
    ...overrides,
  };
}

const begin: Fact[] = [story.started(tasks), story.prepared()];
const step = (facts: readonly (Fact | readonly Fact[])[], overrides: Partial<NightContext> = {}): NextStep =>
  nextStep(story.nightOf([...begin, ...facts.flat()]), contextOf(overrides));
const running = (...ids: readonly string[]): ReadonlySet<TaskId> => new Set(ids as TaskId[]);

const landed = [story.landedFacts(a, A), story.landedFacts(b, B), story.landedFacts(c, C)];
const stopping: Fact = { type: "night.stopping", data: { why: "time-limit", detail: "" } };
const way = { repo, from: C, to: story.BASE };
/** The checkpoint after `a`, `b` and `c` is red for `b`. */
const goneBack: Fact[] = [
  ...landed.flat(),
  story.checkpoint(C, "red"),
  { type: "bisection.started", data: { repo, good: story.BASE, commits: [A, B, C] } },
  { type: "bisection.finished", data: { repo, culprit: B, detail: "how" } },
  { type: "rollback.started", data: way },
  { type: "rollback.finished", data: way },
  story.revoked(a, A, "innocent"),
  story.revoked(b, B, "culprit"),
  story.revoked(c, C, "dependent"),
];

describe("a checkpoint that is due", () => {
  test.each<[string, NextStep, unknown]>([
    ["begins before anything else", step(landed.slice(0, 2)), { kind: "checkpoint", repo }],
    [
      "begins beside what runs",
      step(landed.slice(0, 2), { running: running("c", "d") }),
      { kind: "checkpoint", repo },
    ],
    ["waits for a place", step(landed.slice(0, 2), { running: running("c", "d", "x") }), { kind: "wait" }],
    ["is not due before so many landings", step(landed.slice(0, 1)), { kind: "attempt", task: "b" }],
    [
      "lets nothing begin while it runs",
      step(landed.slice(0, 1), { isCheckpointRunning: true }),
      { kind: "wait" },
    ],
    [
      "does not begin in a night that has to end",
      step([landed.slice(0, 2).flat(), stopping]),
      { end: "time-limit" },
    ],
    [
      "does not begin after the breaker",
      step([landed.slice(0, 2).flat(), story.failedFacts(c, "no-change"), story.failedFacts(d, "no-change")]),
      { end: "breaker" },
    ],
    [
      "comes after what attempts have decided",
      step([landed[0]!, landed[1]!.slice(0, -1)]),
      { kind: "close", task: "b", result: "landed" },
    ],
  ])("%s", (_, is, expected) => {
    expect(is).toMatchObject(expected as object);
  });

  test("comes once more at the end of the queue, when nothing runs any more, and not twice", () => {
    const done = [landed[0]!, story.failedFacts(b, "no-change"), story.closed(c, "skipped"), story.begun(d)];
    expect(step(done, { running: running("d") })).toEqual({ kind: "wait" });
    const all = [...done.slice(0, 3), story.landedFacts(d, C)];
    const policy = { ...POLICY, checkpointEvery: 9 };
    expect(step(all, { policy })).toEqual({ kind: "checkpoint", repo });
    expect(step([...all, story.checkpoint(C, "green")], { policy })).toMatchObject({ end: "queue-empty" });
  });

  test("comes before a night ends whose budget is used up", () => {
    const policy = { ...POLICY, budget: { ...POLICY.budget, nightTokens: 0 } };
    expect(step(landed.slice(0, 1), { policy })).toEqual({ kind: "checkpoint", repo });
    expect(step([landed[0]!, story.checkpoint(A, "green")], { policy })).toMatchObject({ end: "budget" });
  });
});

describe("after a branch went back", () => {
  const closed = [story.closed(b, "failed"), story.closed(c, "skipped")];

  test("the culprit is closed, then what built on it, then the innocent lands again, then what is new begins", () => {
    expect(step(goneBack)).toMatchObject({
      kind: "close",
      task: "b",
      result: "failed",
      detail: "as culprit",
    });
    expect(step([goneBack, closed[0]!])).toMatchObject({
      kind: "close",
      task: "c",
      result: "skipped",
      because: "b",
    });
    expect(step([goneBack, closed])).toEqual({
      kind: "attempt",
      task: "a",
      agent: "demo",
      afterProbe: false,
    });
    const again = [...goneBack, ...closed, story.begun(a, 2)];
    expect(step([again], { running: running("a") })).toEqual({ kind: "wait" });
    const after = [...goneBack, ...closed, ...story.landedFacts(a, A, 2)];
    expect(step([after])).toMatchObject({ kind: "attempt", task: "d" });
  });

  test("all is closed also in a night that has to end, and nothing begins", () => {
    expect(step([goneBack, stopping])).toMatchObject({ kind: "close", task: "b" });
    expect(step([goneBack, closed, stopping])).toMatchObject({ kind: "finish", end: "time-limit" });
    const state = story.nightOf([...begin, ...goneBack, stopping]);
    expect(nextClose(state, contextOf())).toMatchObject({ task: "b", result: "failed" });
  });

  test("a budget that is used up does not keep anything from landing again: that has no agent", () => {
    const policy = { ...POLICY, budget: { ...POLICY.budget, nightTokens: 0 } };
    expect(step([goneBack, closed], { policy })).toMatchObject({ kind: "attempt", task: "a" });
  });

  test("what was cut off, or failed for the machinery, is tried again as it was, before what is new", () => {
    const cut = [story.begun(a, 2), story.ended(a, failed("crashed", ""), 2)];
    expect(step([goneBack, closed, cut])).toEqual({
      kind: "attempt",
      task: "a",
      agent: "demo",
      afterProbe: false,
    });
    const gone = [story.begun(a, 2), story.ended(a, failed("engine-failed", ""), 2)];
    expect(step([goneBack, closed, gone])).toEqual({
      kind: "attempt",
      task: "a",
      agent: "demo",
      afterProbe: true,
    });
  });

  test("what does not fit any more has failed once, and has its retry with an agent", () => {
    const conflict = [story.begun(a, 2), story.ended(a, failed("conflict", ""), 2)];
    expect(step([goneBack, closed, conflict])).toEqual({
      kind: "attempt",
      task: "a",
      agent: "demo",
      afterProbe: false,
    });
    const policy = { ...POLICY, retries: 0 };
    expect(step([goneBack, closed, conflict], { policy })).toMatchObject({ kind: "close", result: "failed" });
  });

  test("what depends on one that failed to land again is skipped for it, or carried over, and not left open", () => {
    const e = story.testTask("d", { dependsOn: ["a" as never] });
    const all: Fact[] = [
      story.started([a, b, c, e]),
      story.prepared(),
      ...landed.flat(),
      ...story.landedFacts(e, C),
      story.checkpoint(C, "red"),
      ...goneBack.slice(-7),
      story.revoked(e, C, "innocent"),
      ...closed,
    ];
    const agenda = new Agenda([a, b, c, e], POLICY);
    const after = (facts: readonly Fact[], overrides: Partial<NightContext> = {}): NextStep =>
      nextStep(story.nightOf([...all, ...facts]), contextOf({ agenda, ...overrides }));
    expect(after([])).toMatchObject({ kind: "attempt", task: "a" });
    const conflict = story.ended(a, failed("conflict", ""), 2);
    const failedAgain = [story.begun(a, 2), conflict, story.closed(a, "failed")];
    const policy = { ...POLICY, breakerFailures: 3, retries: 0 };
    expect(after(failedAgain, { policy })).toMatchObject({
      kind: "close",
      task: "d",
      result: "skipped",
      because: "a",
    });
    const setAside = [story.begun(a, 2), conflict, story.closed(a, "set-aside")];
    expect(after(setAside, { policy })).toMatchObject({ kind: "close", task: "d", result: "carried-over" });
    // Where nothing may be skipped it ends the night, as any dependency does.
    const strict = { ...policy, skipping: "forbidden" } as const;
    expect(after(failedAgain, { policy: strict })).toMatchObject({ end: "dependency-unmet", tasks: ["d"] });
  });

  test("what shares files with what works waits for it", () => {
    const files = { files: ["src/**"] };
    const [e, f] = [story.testTask("a", files), story.testTask("d", files)];
    const agenda = new Agenda([e, b, c, f], POLICY);
    expect(step([goneBack, closed, story.begun(d)], { agenda, running: running("d") })).toEqual({
      kind: "wait",
    });
  });

  test("a culprit counts as one failure in a row", () => {
    const policy = { ...POLICY, afterFailure: "stop" } as const;
    expect(step([goneBack, closed], { policy })).toMatchObject({
      end: "first-failure",
      detail: "a task failed",
    });
  });
});

test("a branch that could not go back ends the night, whatever else is to be done or was asked for", () => {
  const unmoved: Fact = { type: "rollback.failed", data: { ...way, message: "locked" } };
  const facts = [...goneBack.slice(0, -4), unmoved, stopping];
  expect(step([facts])).toMatchObject({ kind: "finish", end: "rollback-failed" });
});

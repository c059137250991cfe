import { describe, expect, it } from "vitest";
import { failed, type Outcome } from "../../src/core/attempt.ts";
import type { TaskResult } from "../../src/core/after-task.ts";
import { Agenda } from "../../src/core/agenda.ts";
import { taskKey, type NightId, type ObjectId, type TaskId } from "../../src/core/ids.ts";
import { HOUR_MS } from "../../src/core/duration.ts";
import { nextStep, type NightContext } from "../../src/core/next-step.ts";
import { emptyNight, type NightState, type TaskState } from "../../src/core/night-state.ts";
import { NO_SPENDING } from "../../src/core/spending.ts";
import { usedQuota } from "../../src/core/used-quota.ts";
import { testTask } from "../fixtures/night-story.ts";

const landed: Outcome = { kind: "landed", commit: "a".repeat(40) as ObjectId };
const BUDGET = { taskTokens: 1000, taskCost: 1, nightTokens: 5000, nightCost: 5 };
const COMMON = {
  breakerFailures: 2,
  retries: 0,
  quotaWait: HOUR_MS,
  budget: BUDGET,
  order: "listed",
  parallel: 1,
  skipping: "forbidden",
  agentFallback: [] as string[],
} as const;
const PHASE_1 = { ...COMMON, afterFailure: "stop" } as const;
const BREAKER = { ...COMMON, afterFailure: "breaker" } as const;

interface Given {
  readonly id: string;
  readonly outcomes?: readonly Outcome[];
  readonly result?: TaskResult;
  readonly dependsOn?: readonly string[];
}

function night(tasks: readonly Given[], stopping: NightState["stopping"] = null): NightState {
  const state = emptyNight("2026-11-20-abcd" as NightId);
  state.stopping = stopping;
  for (const { id, outcomes = [], result, dependsOn = [] } of tasks) {
    const task: TaskState = {
      id: id as TaskId,
      key: taskKey("app", id as TaskId, "0".repeat(64)),
      repo: "app",
      title: id,
      kind: "add",
      dependsOn: dependsOn as TaskId[],
      attempts: outcomes.map((outcome, index) => ({
        task: id as TaskId,
        attempt: `${id}.${index + 1}` as never,
        token: "t",
        number: index + 1,
        slot: 0,
        key: "k" as never,
        repo: "app",
        base: "b".repeat(40) as ObjectId,
        startedAt: "",
        step: "started",
        findings: [],
        spending: NO_SPENDING,
        denied: 0,
        agent: "demo",
        finishedAt: "2026-11-20T01:00:00.000Z",
        outcome,
      })),
    };
    if (result) task.result = result;
    state.tasks.set(task.id, task);
    if (result) {
      state.finished.push(result);
      state.finishedTasks.push(task.id);
    } else if (outcomes.length > 0) state.undecided.add(task.id);
    const [last] = outcomes.slice(-1);
    const quota = last && usedQuota(task.id, last, "2026-11-20T01:00:00.000Z");
    if (quota) state.quotas.set("demo", quota);
  }
  return state;
}

const IDS = ["one", "two", "three", "a", "b", "c", "d"];

function context(overrides: Partial<NightContext> = {}): NightContext {
  const planned = IDS.map((id) => testTask(id));
  return {
    policy: PHASE_1,
    agenda: new Agenda(planned, { order: "listed" }),
    running: new Set(),
    endsAt: undefined,
    earlier: () => [],
    dependency: () => "unmet",
    ...overrides,
  };
}

const verifyFailed = failed("verify-failed", "red");
const overTime = failed("cap-wall-clock", "slow");
const crashed = failed("crashed", "gone");
const engineFailed = failed("engine-failed", "gone");

describe("the next step of a night", () => {
  it("starts tasks in the order in which they are listed", () => {
    const state = night([{ id: "one", result: "landed" }, { id: "two" }, { id: "three" }]);
    expect(nextStep(state, context())).toEqual({
      kind: "attempt",
      task: "two",
      agent: "demo",
      afterProbe: false,
    });
  });

  it("writes a landed attempt down as the task's result before anything else starts", () => {
    const state = night([{ id: "one", outcomes: [landed] }, { id: "two" }]);
    expect(nextStep(state, context())).toEqual({ kind: "close", task: "one", result: "landed", detail: "" });
  });

  it("stops at the first failed task in phase 1", () => {
    const state = night([{ id: "one", result: "failed" }, { id: "two" }]);
    expect(nextStep(state, context())).toMatchObject({ kind: "finish", end: "first-failure" });
  });

  it("goes on after one failure where the policy has a breaker, and stops after two in a row", () => {
    const policy = BREAKER;
    const one = night([{ id: "one", result: "failed" }, { id: "two" }]);
    expect(nextStep(one, context({ policy }))).toMatchObject({ kind: "attempt", task: "two" });
    const apart = night([
      { id: "a", result: "failed" },
      { id: "b", result: "landed" },
      { id: "c", result: "failed" },
      { id: "d" },
    ]);
    expect(nextStep(apart, context({ policy }))).toMatchObject({ kind: "attempt", task: "d" });
    const row = night([
      { id: "a", result: "landed" },
      { id: "b", result: "failed" },
      { id: "c", result: "failed" },
      { id: "d" },
    ]);
    expect(nextStep(row, context({ policy }))).toMatchObject({ kind: "finish", end: "breaker" });
  });

  it("does not repeat a task-caused failure in phase 1, and repeats it once where the policy allows one retry", () => {
    const state = night([{ id: "one", outcomes: [verifyFailed] }]);
    expect(nextStep(state, context())).toMatchObject({ kind: "close", result: "failed" });
    const policy = { ...BREAKER, retries: 1 };
    expect(nextStep(state, context({ policy }))).toMatchObject({ kind: "attempt", task: "one" });
    const twice = night([{ id: "one", outcomes: [verifyFailed, verifyFailed] }]);
    expect(nextStep(twice, context({ policy }))).toMatchObject({ kind: "close", result: "failed" });
  });

  it("never repeats an attempt that went over a cap", () => {
    const state = night([{ id: "one", outcomes: [overTime] }]);
    expect(nextStep(state, context({ policy: { ...BREAKER, retries: 1 } }))).toMatchObject({
      kind: "close",
      result: "failed",
    });
  });

  it("repeats once after the machinery failed, if it works again, and then stops the night", () => {
    const once = night([{ id: "one", outcomes: [engineFailed] }]);
    expect(nextStep(once, context())).toEqual({
      kind: "attempt",
      task: "one",
      agent: "demo",
      afterProbe: true,
    });
    const twice = night([{ id: "one", outcomes: [engineFailed, engineFailed] }]);
    expect(nextStep(twice, context())).toMatchObject({ kind: "finish", end: "infra" });
  });

  it("waits for a quota until the time that the provider said, and then tries the task again", () => {
    const until = "2026-11-20T01:20:00.000Z";
    const state = night([
      { id: "one", outcomes: [failed("quota-exceeded", "429", { retryAt: until })] },
      { id: "two" },
    ]);
    expect(nextStep(state, context())).toEqual({
      kind: "pause",
      task: "one",
      agent: "demo",
      until,
      detail: "quota-exceeded: 429",
    });
    state.quotas.delete("demo");
    expect(nextStep(state, context())).toEqual({
      kind: "attempt",
      task: "one",
      agent: "demo",
      afterProbe: false,
    });
  });

  it("waits five minutes where the provider did not say for how long", () => {
    const state = night([{ id: "one", outcomes: [failed("api-overloaded", "529")] }]);
    expect(nextStep(state, context())).toMatchObject({ kind: "pause", until: "2026-11-20T01:05:00.000Z" });
  });

  it.each([
    ["lasts longer than the policy lets a night wait", "2026-11-20T02:00:01.000Z", undefined],
    ["is over only when the night is", "2026-11-20T01:20:00.000Z", "2026-11-20T01:20:00.000Z"],
  ])("ends the night early, and says when it can go on, where the quota %s", (_, until, endsAt) => {
    const state = night([{ id: "one", outcomes: [failed("quota-exceeded", "429", { retryAt: until })] }]);
    const step = nextStep(state, context({ endsAt }));
    expect(step).toMatchObject({ kind: "finish", end: "quota" });
    expect(step.kind === "finish" && step.detail).toContain(`it can go on at ${until}`);
  });

  it("ends the night at the second quota of a task, and does not wait in a night that has to stop", () => {
    const twice = [failed("quota-exceeded", ""), failed("quota-exceeded", "")];
    expect(nextStep(night([{ id: "one", outcomes: twice }]), context())).toMatchObject({ end: "quota" });
    const stopping = night([{ id: "one", outcomes: [failed("quota-exceeded", "")] }], "asked");
    expect(nextStep(stopping, context())).toMatchObject({ kind: "finish", end: "interrupted" });
  });

  it("starts nothing more once the night has used the tokens or the money that its policy allows", () => {
    const state = night([{ id: "one", result: "landed", outcomes: [landed] }, { id: "two" }]);
    const [attempt] = state.tasks.get("one" as TaskId)?.attempts ?? [];
    if (!attempt) throw new Error("the task has no attempt");
    attempt.spending = { ...NO_SPENDING, tokens: 4999, costUsd: 4.99 };
    expect(nextStep(state, context())).toMatchObject({ kind: "attempt", task: "two" });
    attempt.spending = { ...NO_SPENDING, tokens: 5000 };
    expect(nextStep(state, context())).toMatchObject({ kind: "finish", end: "budget" });
    attempt.spending = { ...NO_SPENDING, costUsd: 5 };
    expect(nextStep(state, context())).toMatchObject({ kind: "finish", end: "budget" });
  });

  it("starts an attempt that a crash cut off again, and leaves it to a person after three", () => {
    const once = night([{ id: "one", outcomes: [crashed] }]);
    expect(nextStep(once, context())).toMatchObject({ kind: "attempt", task: "one" });
    expect(nextStep(once, context({ earlier: () => [crashed, crashed] }))).toMatchObject({
      kind: "close",
      result: "set-aside",
    });
  });

  it("closes what earlier nights have decided and could not write down, and does not start it again", () => {
    const open = night([{ id: "one" }]);
    const policy = { ...PHASE_1, retries: 1 };
    const after = (...earlier: Outcome[]) => nextStep(open, context({ policy, earlier: () => earlier }));
    expect(after(crashed, crashed, crashed)).toMatchObject({ kind: "close", result: "set-aside" });
    const red = failed("verify-failed", "red");
    expect(after(red, red)).toMatchObject({ kind: "close", result: "failed" });
    expect(after(failed("cap-wall-clock", ""))).toMatchObject({ kind: "close", result: "failed" });
    expect(after(crashed, crashed)).toMatchObject({ kind: "attempt" });
    expect(after(red)).toMatchObject({ kind: "attempt" });
    expect(after(landed)).toMatchObject({ kind: "attempt" });
  });

  it("starts nothing once it has to stop, but still writes down what has landed", () => {
    const idle = night([{ id: "one" }], "asked");
    expect(nextStep(idle, context())).toMatchObject({ kind: "finish", end: "interrupted" });
    const cut = night([{ id: "one", outcomes: [failed("stopped", "")] }], "time-limit");
    expect(nextStep(cut, context())).toMatchObject({ kind: "finish", end: "time-limit" });
    const done = night([{ id: "one", outcomes: [landed] }], "asked");
    expect(nextStep(done, context())).toMatchObject({ kind: "close", result: "landed" });
    const failing = night([{ id: "one", outcomes: [verifyFailed] }], "asked");
    expect(nextStep(failing, context({ policy: { ...BREAKER, retries: 1 } }))).toMatchObject({
      kind: "finish",
    });
  });

  it("never skips a task whose dependency has not landed: the night stops", () => {
    const state = night([{ id: "two", dependsOn: ["one"] }]);
    expect(nextStep(state, context())).toMatchObject({ kind: "finish", end: "dependency-unmet" });
  });

  it("carries a task over whose dependency landed in a night that is not in the base", () => {
    const state = night([{ id: "two", dependsOn: ["one"] }, { id: "three" }]);
    const step = nextStep(state, context({ dependency: () => "unmerged" }));
    expect(step).toMatchObject({ kind: "close", task: "two", result: "carried-over" });
  });

  it("starts a task whose dependency landed tonight, or is in the base", () => {
    const tonight = night([
      { id: "one", result: "landed" },
      { id: "two", dependsOn: ["one"] },
    ]);
    expect(nextStep(tonight, context())).toMatchObject({ kind: "attempt", task: "two" });
    const before = night([{ id: "two", dependsOn: ["one"] }]);
    expect(nextStep(before, context({ dependency: () => "in-base" }))).toMatchObject({
      kind: "attempt",
      task: "two",
    });
  });

  it("ends when every task has a result", () => {
    expect(nextStep(night([{ id: "one", result: "landed" }]), context())).toMatchObject({
      kind: "finish",
      end: "queue-empty",
    });
  });
});

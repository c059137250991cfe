import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Agenda } from "../../src/core/agenda.ts";
import { failed, type Outcome } from "../../src/core/attempt.ts";
import type { Fact } from "../../src/core/event.ts";
import type { ObjectId, TaskId } from "../../src/core/ids.ts";
import { HOUR_MS } from "../../src/core/duration.ts";
import { nextClose, nextStep, type NextStep, type NightContext } from "../../src/core/next-step.ts";
import type { NightState } from "../../src/core/night-state.ts";
import type { Task } from "../../src/core/plan.ts";
import { begun, ended, nightOf, prepared, started, testTask } from "../fixtures/night-story.ts";

const landed: Outcome = { kind: "landed", commit: "a".repeat(40) as ObjectId };
const red = failed("verify-failed", "red");
const PHASE_3 = {
  afterFailure: "breaker",
  breakerFailures: 2,
  retries: 0,
  quotaWait: HOUR_MS,
  budget: { taskTokens: 1000, taskCost: 1, nightTokens: 5000, nightCost: 5 },
  order: "dag",
  parallel: 3,
  skipping: "dependents",
  agentFallback: [] as string[],
} as const;

const needs = (id: string, ...dependsOn: string[]): Task =>
  testTask(id, { dependsOn: dependsOn as TaskId[] });
const touches = (id: string, ...files: string[]): Task => testTask(id, { files });
const closed = (task: Task, result: "landed" | "failed" | "set-aside" | "carried-over"): Fact => ({
  type: "task.finished",
  data: { task: task.id, key: task.key, result, detail: "" },
});

function stateOf(tasks: readonly Task[], ...facts: Fact[]): NightState {
  return nightOf([started(tasks), prepared(), ...facts]);
}
function step(
  tasks: readonly Task[],
  facts: readonly Fact[],
  overrides: Omit<Partial<NightContext>, "running" | "policy"> & {
    readonly running?: readonly string[];
    readonly policy?: Partial<NightContext["policy"]>;
  } = {},
): NextStep {
  const { running = [], policy: changes, ...others } = overrides;
  const policy = { ...PHASE_3, ...changes };
  return nextStep(stateOf(tasks, ...facts), {
    policy,
    agenda: new Agenda(tasks, policy),
    running: new Set(running as TaskId[]),
    endsAt: undefined,
    earlier: () => [],
    dependency: () => "unmet",
    ...others,
  });
}

const [a, b, c, d] = [testTask("a"), testTask("b"), testTask("c"), testTask("d")];

describe("attempts side by side", () => {
  it("are begun up to the policy's limit, and then the night waits", () => {
    const tasks = [a, b, c, d];
    expect(step(tasks, [])).toMatchObject({ kind: "attempt", task: "a" });
    expect(step(tasks, [], { running: ["a"] })).toMatchObject({ kind: "attempt", task: "b" });
    expect(step(tasks, [], { running: ["a", "b", "c"] })).toEqual({ kind: "wait" });
  });

  it("are never more than one where tasks run as listed, whatever the limit says", () => {
    const policy = { order: "listed", parallel: 3 } as const;
    expect(step([a, b], [], { policy, running: ["a"] })).toEqual({ kind: "wait" });
  });

  it("begin with what waits for nobody, by precedence", () => {
    const tasks = [a, needs("b", "d"), c, d];
    expect(step(tasks, [])).toMatchObject({ task: "d" });
    expect(step(tasks, [], { running: ["d"] })).toMatchObject({ task: "a" });
    expect(step(tasks, [begun(d), ended(d, landed), closed(d, "landed")])).toMatchObject({ task: "a" });
    expect(step([needs("b", "d"), d], [], { running: ["d"] })).toEqual({ kind: "wait" });
  });

  it("never touch the same files, and a later task does not pass one that waits for files", () => {
    const one = touches("one", "src/**");
    const two = touches("two", "src/a.ts", "docs/**");
    const three = touches("three", "docs/x.md");
    const four = touches("four", "lib/**");
    const tasks = [one, two, three, four];
    expect(step(tasks, [], { running: ["one"] })).toMatchObject({ task: "four" });
    expect(step(tasks, [], { running: ["one", "four"] })).toEqual({ kind: "wait" });
    expect(step(tasks, [closed(one, "landed")], { running: ["four"] })).toMatchObject({ task: "two" });
  });

  it("may touch the same paths in different repositories", () => {
    const other = testTask("other", { files: ["src/**"], repo: "else" });
    expect(step([touches("one", "src/**"), other], [], { running: ["one"] })).toMatchObject({
      task: "other",
    });
  });

  it("give what is tried again its turn before what is new", () => {
    const facts = [begun(c), ended(c, red)];
    expect(step([a, b, c], facts, { policy: { retries: 1 }, running: ["a"] })).toMatchObject({
      kind: "attempt",
      task: "c",
    });
  });

  it("are written down in the order in which they ended", () => {
    const facts = [begun(a), begun(b), ended(b, red), ended(a, landed)];
    expect(step([a, b], facts)).toMatchObject({ kind: "close", task: "b", result: "failed" });
    // What the night has not seen the end of is not written down either.
    expect(step([a, b], facts, { running: ["b"] })).toMatchObject({ kind: "close", task: "a" });
  });

  it("end with the night only when all of them have", () => {
    expect(step([a], [], { running: ["a"] })).toEqual({ kind: "wait" });
    expect(step([a], [closed(a, "landed")])).toMatchObject({ kind: "finish", end: "queue-empty" });
  });
});

describe("the breaker, while attempts run", () => {
  it("trips at two failed tasks in a row, by the order in which they were written down, and names them", () => {
    const facts = [closed(c, "landed"), closed(a, "failed"), closed(b, "failed")];
    expect(step([a, b, c, d], facts, { running: ["d"] })).toMatchObject({
      kind: "finish",
      end: "breaker",
      tasks: ["a", "b"],
    });
    const apart = [closed(a, "failed"), closed(c, "landed"), closed(b, "failed")];
    expect(step([a, b, c, d], apart, { running: ["d"] })).toEqual({ kind: "wait" });
  });

  it("is told by the failure of one login at once", () => {
    const facts = [begun(a), begun(b), ended(a, failed("login-refused", "401"))];
    expect(step([a, b], facts, { running: ["b"] })).toMatchObject({
      kind: "finish",
      end: "auth",
      tasks: ["a"],
    });
  });

  it("leaves what has landed meanwhile to be written down", () => {
    const facts = [
      closed(a, "failed"),
      closed(b, "failed"),
      begun(c),
      ended(c, landed),
      begun(d),
      ended(d, failed("stopped", "")),
    ];
    const tasks = [a, b, c, d];
    const context: NightContext = {
      policy: PHASE_3,
      agenda: new Agenda(tasks, PHASE_3),
      running: new Set(),
      endsAt: undefined,
      earlier: () => [],
      dependency: () => "unmet",
    };
    expect(nextClose(stateOf(tasks, ...facts), context)).toMatchObject({ task: "c", result: "landed" });
    expect(nextClose(stateOf(tasks, ...facts, closed(c, "landed")), context)).toBeUndefined();
  });
});

describe("a task whose dependency will not land tonight", () => {
  const chain = [a, needs("b", "a"), needs("c", "b"), d];
  const [, second] = chain as [Task, Task];

  it("is skipped where that one failed, and those that wait for it as well, each naming the failed one", () => {
    expect(step(chain, [closed(a, "failed")], { running: ["d"] })).toEqual({
      kind: "close",
      task: "b",
      result: "skipped",
      because: "a",
      detail: 'it needs "a", which failed',
    });
    const skipped: Fact = {
      type: "task.finished",
      data: { task: second.id, key: second.key, result: "skipped", detail: "", because: a.id },
    };
    expect(step(chain, [closed(a, "failed"), skipped], { running: ["d"] })).toMatchObject({
      kind: "close",
      task: "c",
      result: "skipped",
      because: "a",
      detail: 'it needs "b", which was skipped: "a" failed',
    });
  });

  it("is not tried again where what it needs was taken back meanwhile", () => {
    const task = needs("b", "a");
    const tried = [begun(task), ended(task, red)];
    const policy = { retries: 1 };
    expect(step([a, task], [closed(a, "landed"), ...tried], { policy })).toMatchObject({
      kind: "attempt",
      task: "b",
    });
    expect(step([a, task], [closed(a, "failed"), ...tried], { policy })).toMatchObject({
      kind: "close",
      task: "b",
      result: "skipped",
      because: "a",
    });
    // It may land again: until then nothing of it is tried.
    expect(step([a, task], tried, { policy, running: ["a"] })).toEqual({ kind: "wait" });
  });

  it("is skipped where that one failed in an earlier night", () => {
    expect(step([needs("b", "old")], [], { dependency: () => "failed" })).toMatchObject({
      result: "skipped",
      because: "old",
    });
  });

  it.each(["set-aside", "carried-over"] as const)(
    "is carried over, and not skipped, where that one was %s",
    (result) => {
      expect(step(chain, [closed(a, result)])).toMatchObject({ task: "b", result: "carried-over" });
    },
  );

  it("keeps its place where the policy forbids to skip: the rest goes on, and then the night ends", () => {
    const policy = { skipping: "forbidden" } as const;
    const facts = [closed(a, "failed")];
    expect(step(chain, facts, { policy })).toMatchObject({ kind: "attempt", task: "d" });
    expect(step(chain, facts, { policy, running: ["d"] })).toEqual({ kind: "wait" });
    expect(step(chain, [...facts, closed(d, "landed")], { policy })).toMatchObject({
      end: "dependency-unmet",
      tasks: ["b"],
    });
  });

  it("is never passed where tasks run as listed", () => {
    const policy = { order: "listed", skipping: "forbidden" } as const;
    expect(step(chain, [closed(a, "failed")], { policy })).toMatchObject({ end: "dependency-unmet" });
    const skips = { order: "listed", skipping: "dependents" } as const;
    expect(step(chain, [closed(a, "failed")], { policy: skips })).toMatchObject({
      task: "b",
      result: "skipped",
    });
  });
});

describe("an agent whose quota is used up", () => {
  const by = (agent: string, id: string): Task => testTask(id, { agent });
  const [one, two, other] = [by("x", "one"), by("x", "two"), by("y", "other")];
  const tasks = [one, two, other];
  /** The fixtures' clock starts at 22:00 and goes on by a second with each event. */
  const usedUp = (task: Task, agent = task.agent, retryAt = "2026-11-20T22:30:00.000Z"): Fact[] => [
    begun(task, 1, agent),
    ended(task, failed("quota-exceeded", "429", { retryAt })),
  ];
  const paused: Fact = {
    type: "night.paused",
    data: { task: one.id, agent: "x", until: "2026-11-20T22:30:00.000Z", detail: "" },
  };
  const goesOn: Fact = { type: "night.continued", data: { agent: "x" } };
  const y = { agentFallback: ["y"] };

  it("is waited for while others go on; nothing starts with it meanwhile", () => {
    expect(step(tasks, usedUp(one))).toMatchObject({ kind: "pause", agent: "x", task: "one" });
    expect(step(tasks, [...usedUp(one), paused])).toMatchObject({
      kind: "attempt",
      task: "other",
      agent: "y",
    });
    expect(step(tasks, [...usedUp(one), paused], { running: ["other"] })).toEqual({ kind: "wait" });
    // With nothing beside it, too: what ends first is the wait.
    expect(step([one, two], [...usedUp(one), paused])).toEqual({ kind: "wait" });
    expect(step(tasks, [...usedUp(one), paused, goesOn])).toMatchObject({
      kind: "attempt",
      task: "one",
      agent: "x",
    });
  });

  it("is replaced by the first of the policy's others that has a quota", () => {
    expect(step(tasks, [...usedUp(one), paused], { policy: y })).toMatchObject({ task: "one", agent: "y" });
    const three = { agentFallback: ["z", "y", "x"] };
    const both = [
      ...usedUp(one),
      paused,
      ...usedUp(other),
      { ...paused, data: { ...paused.data, agent: "y" } } as Fact,
    ];
    expect(step(tasks, both, { policy: three })).toMatchObject({ kind: "attempt", task: "one", agent: "z" });
    expect(step(tasks, both, { policy: y })).toEqual({ kind: "wait" });
  });

  it("is asked again by the same task once; that another's quota is used up does not count as that", () => {
    const again = [...usedUp(one), paused, goesOn, begun(one, 2, "x")];
    const twice = [...again, ended(one, failed("quota-exceeded", "429"), 2)];
    expect(step([one], twice)).toMatchObject({ kind: "finish", end: "quota" });
    expect(step([one], twice, { policy: y })).toMatchObject({ kind: "attempt", agent: "y" });
    // For another task it is worth waiting.
    expect(step([one, two], twice)).toMatchObject({ kind: "pause", agent: "x" });
    // The other way round: y was used up as well, and x is asked its second time.
    const elsewhere = [begun(one, 2, "y"), ended(one, failed("quota-exceeded", "429"), 2)];
    const pausedY: Fact = { type: "night.paused", data: { ...paused.data, agent: "y" } };
    const back = [...usedUp(one), paused, ...elsewhere, pausedY, goesOn];
    expect(step([one], back, { policy: y })).toMatchObject({ kind: "attempt", agent: "x" });
  });

  it("that is not reset tonight closes the night early, when all that can be done without it is done", () => {
    const late = usedUp(one, "x", "2026-11-21T05:00:00.000Z");
    expect(step(tasks, late)).toMatchObject({ kind: "attempt", task: "other" });
    expect(step(tasks, late, { running: ["other"] })).toEqual({ kind: "wait" });
    const end = step(tasks, [...late, closed(other, "landed")]);
    expect(end).toMatchObject({ kind: "finish", end: "quota", tasks: ["one"] });
    expect(end.kind === "finish" && end.detail).toContain("it can go on at 2026-11-21T05:00:00.000Z");
    // As listed, nothing passes the task that waits.
    const policy = { order: "listed" } as const;
    expect(step(tasks, late, { policy })).toMatchObject({ kind: "finish", end: "quota" });
  });

  it("stays so where it was found used up for longer meanwhile", () => {
    const longer = usedUp(two, "x", "2026-11-20T22:50:00.000Z");
    const facts = [begun(two), ...usedUp(one), paused, longer[1]!, goesOn];
    expect(step(tasks, facts)).toMatchObject({
      kind: "pause",
      agent: "x",
      until: "2026-11-20T22:50:00.000Z",
    });
  });
});

/** Plays a whole night on the decisions alone: who lands, fails, and ends first is drawn. */
function play(
  tasks: readonly Task[],
  policy: NightContext["policy"],
  drawn: { readonly fails: ReadonlySet<string>; readonly pick: (count: number) => number },
  look: (running: readonly TaskId[], state: NightState) => void,
): { state: NightState; end: NextStep } {
  const running: Task[] = [];
  const facts: Fact[] = [];
  const agenda = new Agenda(tasks, policy);
  for (let steps = 0; steps < 1000; steps += 1) {
    const state = stateOf(tasks, ...facts);
    look(
      running.map(({ id }) => id),
      state,
    );
    const next = nextStep(state, {
      policy,
      agenda,
      running: new Set(running.map(({ id }) => id)),
      endsAt: undefined,
      earlier: () => [],
      dependency: () => "unmet",
    });
    const task = "task" in next ? tasks.find(({ id }) => id === next.task) : undefined;
    if (next.kind === "finish") return { state, end: next };
    if (next.kind === "attempt" && task) running.push(task);
    else if (next.kind === "close" && task) {
      const { kind: _, ...data } = next;
      facts.push({ type: "task.finished", data: { ...data, key: task.key } });
    } else {
      const [first] = running.splice(drawn.pick(running.length), 1);
      if (!first) throw new Error("it waits for nobody");
      facts.push(begun(first), ended(first, drawn.fails.has(first.id) ? red : landed));
    }
  }
  throw new Error("the night does not end");
}

describe("whole nights, whatever the plan", () => {
  const ids = ["a", "b", "c", "d", "e", "f", "g", "h"];
  const nights = fc.record({
    edges: fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 10 }),
    files: fc.array(fc.subarray(["x/**", "y/a", "y/*", "z"]), { minLength: 8, maxLength: 8 }),
    fails: fc.subarray(ids, { maxLength: 3 }),
    picks: fc.array(fc.nat(2), { minLength: 8, maxLength: 8 }),
    parallel: fc.integer({ min: 1, max: 4 }),
  });

  it("end with every task closed, unless the breaker trips; never with a task before its dependencies, nor with two on the same files", () => {
    fc.assert(
      fc.property(nights, ({ edges, files, fails, picks, parallel }) => {
        const tasks = ids.map((id, at) =>
          testTask(id, {
            files: files[at] ?? [],
            dependsOn: edges
              .filter(([from, to]) => to === at && from !== to && from < to)
              .map(([from]) => ids[from] as TaskId),
          }),
        );
        const policy = { ...PHASE_3, parallel };
        const agenda = new Agenda(tasks, policy);
        let turn = 0;
        const pick = (count: number): number => (picks[(turn += 1) % picks.length] ?? 0) % count;
        const { state, end } = play(tasks, policy, { fails: new Set(fails), pick }, (running, now) => {
          expect(running.length).toBeLessThanOrEqual(parallel);
          for (const id of running) {
            const { dependsOn } = now.tasks.get(id) ?? { dependsOn: [] };
            expect(dependsOn.map((each) => now.tasks.get(each)?.result)).toEqual(
              dependsOn.map(() => "landed"),
            );
            for (const other of running) if (other !== id) expect(agenda.mayCollide(id, other)).toBe(false);
          }
        });
        const results = new Map(state.finishedTasks.map((id, at) => [id, state.finished[at]]));
        if (end.kind === "finish" && end.end === "queue-empty") expect(results.size).toBe(tasks.length);
        else expect(end).toMatchObject({ end: "breaker" });
        // Exactly the dependents of failed tasks are skipped.
        for (const task of tasks) {
          const behind = task.dependsOn.some((id) => ["failed", "skipped"].includes(results.get(id) ?? ""));
          if (results.has(task.id)) expect(results.get(task.id) === "skipped").toBe(behind);
        }
      }),
      { numRuns: 150 },
    );
  });
});

import { decideAfterTask, type TaskResult } from "./after-task.ts";
import type { Agenda } from "./agenda.ts";
import { decideAfterAttempt, type Outcome } from "./attempt.ts";
import { blockedTask, type OutsideDependency } from "./blocked-task.ts";
import { nightBudgetReached, taskBudgetReached } from "./budget.ts";
import { MINUTE_MS } from "./duration.ts";
import { candidateOf, landingsAgain, undoneBy } from "./landing-again.ts";
import { checkpointEnd, dueCheckpoint } from "./next-checkpoint.ts";
import type { NightEnd } from "./night-events.ts";
import type { TaskId } from "./ids.ts";
import type { NightState, TaskState } from "./night-state.ts";
import type { Policy } from "./policy.ts";

/** What the night does next. */
export type NextStep =
  /** Begin it, and do not wait for it. `afterProbe`: the machinery failed before; look whether it works again first. */
  | { readonly kind: "attempt"; readonly task: TaskId; readonly afterProbe: boolean }
  /** A quota is used up; the task is tried again at `until`, ISO 8601. */
  | { readonly kind: "pause"; readonly task: TaskId; readonly until: string; readonly detail: string }
  | {
      readonly kind: "close";
      readonly task: TaskId;
      readonly result: TaskResult;
      readonly detail: string;
      /** The task that it is skipped for. */
      readonly because?: TaskId;
    }
  /** Begin a checkpoint of this repository, and do not wait for it. Nothing else begins while it runs. */
  | { readonly kind: "checkpoint"; readonly repo: string }
  /** Nothing can be started beside what runs: wait until the first of it ends. */
  | { readonly kind: "wait" }
  /** Stop what runs, wait for it, and end. A landing that has begun completes. */
  | Finish;

type Finish = {
  readonly kind: "finish";
  readonly end: NightEnd;
  readonly detail: string;
  /** The tasks that it is for. */
  readonly tasks: readonly TaskId[];
};
type Close = Extract<NextStep, { kind: "close" }>;
type Start = Extract<NextStep, { kind: "attempt" | "pause" }>;

/** Facts that lie outside this night's journal. */
export interface NightContext {
  readonly policy: Pick<
    Policy,
    | "afterFailure"
    | "breakerFailures"
    | "retries"
    | "quotaWait"
    | "budget"
    | "order"
    | "parallel"
    | "skipping"
    | "checkpointEvery"
  >;
  /** Tonight's tasks in the order in which they have their turn. */
  readonly agenda: Agenda;
  /** Tasks whose attempts the night has begun and not seen the end of. */
  readonly running: ReadonlySet<TaskId>;
  /** The night has begun a checkpoint and not seen the end of it. Absent: it has not. */
  readonly isCheckpointRunning?: boolean;
  /** When the night has to be over, ISO 8601; undefined: it may take as long as it takes. */
  readonly endsAt: string | undefined;
  /** How the attempts of a task ended in earlier nights, since a person asked for it last; oldest first. */
  readonly earlier: (task: TaskId) => readonly Outcome[];
  /** Where a dependency that is not in tonight's plan, or landed in an earlier night, stands. */
  readonly dependency: (id: TaskId) => OutsideDependency;
}

/** How long to wait where the provider has not said it. */
const UNKNOWN_QUOTA_WAIT_MS = 5 * MINUTE_MS;
/** So many tasks that wait for others' files keep later ones away from theirs. Without any, one that shares files with many might never have its turn. */
const MAX_HELD = 16;

/** Decides the next step from the state alone: the same journal, with the same attempts running, gives the same night. */
export function nextStep(state: NightState, context: NightContext): NextStep {
  // 1. What attempts have decided is written down first, in the order in which they ended, also when the night is about to stop.
  const decided = decidedTasks(state, context);
  const close = decided.find((step) => step.kind === "close");
  if (close) return close;
  const end = decided.find((step) => step.kind === "finish");
  if (end) return end;
  const unsafe = checkpointStop(state);
  if (unsafe) return unsafe;
  // 2. A person or a signal wants the night to end.
  if (state.stopping) return stopStep(state.stopping);
  // 3. What may still run would run beside the next attempt.
  if (state.stray) {
    const { kind, name, place } = state.stray;
    return finish("leak", `${kind} ${name} (${place}) could not be removed`);
  }
  // 4. The rule of the phase about failures.
  const after = decideAfterTask(state.finished, context.policy);
  if (after.kind === "stop") {
    const { failuresInARow: count } = after;
    const tasks = lastFailed(state, count);
    return finish(after.end, count === 1 ? "a task failed" : `${count} tasks in a row failed`, tasks);
  }
  const places = context.policy.order === "dag" ? context.policy.parallel : 1;
  if (context.isCheckpointRunning || context.running.size >= places) return { kind: "wait" };
  // 5. What has landed is verified as a whole before anything is built on it.
  const due = dueCheckpoint(state, context.policy, { atEnd: false });
  if (due) return { kind: "checkpoint", repo: due.repo };
  // 6. What has its turn now.
  const step = stepToStart(state, context, decided.filter(startsSomething));
  if (step.kind !== "attempt" || landsAgain(state, step.task)) return step;
  const reached = nightBudgetReached(state, context.policy);
  if (reached === undefined) return step;
  return context.running.size > 0 ? { kind: "wait" } : lastStep(state, context, finish("budget", reached));
}

/** How a night ends that a checkpoint has ended; undefined: none has. */
export function checkpointStop(state: NightState): Finish | undefined {
  const ended = checkpointEnd(state);
  return ended && finish(ended.end, ended.detail);
}

/** Nothing can be started any more: what no checkpoint covers has one first. */
function lastStep(state: NightState, { policy }: NightContext, end: Finish): NextStep {
  const due = dueCheckpoint(state, policy, { atEnd: true });
  return due ? { kind: "checkpoint", repo: due.repo } : end;
}

/** Whether a task's next attempt has no agent. */
function landsAgain(state: NightState, id: TaskId): boolean {
  const task = state.tasks.get(id);
  return task !== undefined && candidateOf(task) !== undefined;
}

/** The next task whose end an attempt has decided; undefined: none. For a night that has to end, and starts nothing any more. */
export function nextClose(state: NightState, context: NightContext): Close | undefined {
  return decidedTasks(state, context).find((step) => step.kind === "close");
}

/** How a night ends that was told to. */
export function stopStep(why: "asked" | "time-limit"): Finish {
  if (why === "asked") return finish("interrupted", "asked to stop");
  return finish("time-limit", "as long as the policy lets a night be without a person");
}

function finish(end: NightEnd, detail: string, tasks: readonly TaskId[] = []): Finish {
  return { kind: "finish", end, detail, tasks };
}

/** What follows for each task with an attempt that has ended and nothing yet that followed. */
function decidedTasks(state: NightState, context: NightContext): (Close | Start | Finish)[] {
  return [...state.undecided].flatMap((id) => {
    const task = state.tasks.get(id);
    const last = task?.attempts.at(-1)?.outcome;
    if (!task || !last || context.running.has(id)) return [];
    return afterAttempt(state, task, last, context) ?? [];
  });
}

function startsSomething(step: Close | Start | Finish): step is Start {
  return step.kind === "attempt" || step.kind === "pause";
}

function afterAttempt(
  state: NightState,
  task: TaskState,
  last: Outcome,
  context: NightContext,
): Close | Start | Finish | undefined {
  if (task.attempts.at(-1)?.revoked !== undefined) {
    const undone = undoneBy(state, task);
    return undone
      ? { kind: "close", task: task.id, ...undone }
      : { kind: "attempt", task: task.id, afterProbe: false };
  }
  const tonight = task.attempts.flatMap((attempt) => attempt.outcome ?? []);
  const decision = decideAfterAttempt([...context.earlier(task.id), ...tonight], context.policy);
  const detail = last.kind === "landed" ? "" : `${last.reason}: ${last.detail}`;
  switch (decision.kind) {
    case "retry": {
      // Another attempt would have nothing to ask its model with.
      const reached = taskBudgetReached(state, task.id, context.policy);
      if (reached !== undefined && !decision.afterProbe)
        return {
          kind: "close",
          task: task.id,
          result: "failed",
          detail: `${detail}; not tried again: ${reached}`,
        };
      return { kind: "attempt", task: task.id, afterProbe: decision.afterProbe };
    }
    case "wait":
      return stepAfterQuota(task, last, detail, context);
    case "stop-night":
      return finish(decision.end, detail, [task.id]);
    case "finish":
      // An interruption says nothing about the task: it stays open, for the rest of this night or for another.
      if (decision.result === "carried-over" && last.kind === "failed" && last.cause === "interrupted")
        return undefined;
      return { kind: "close", task: task.id, result: decision.result, detail };
  }
}

/** Waits for the reset if that leaves time in the night; a night that would only wait is closed, and says when to go on. */
function stepAfterQuota(
  task: TaskState,
  last: Outcome,
  detail: string,
  context: NightContext,
): Start | Finish {
  const attempt = task.attempts.at(-1);
  if (attempt?.waited) return { kind: "attempt", task: task.id, afterProbe: false };
  const endedMs = Date.parse(attempt?.finishedAt ?? "");
  const retryAtMs = last.kind === "failed" && last.retryAt !== undefined ? Date.parse(last.retryAt) : NaN;
  const untilMs = Number.isNaN(retryAtMs) ? endedMs + UNKNOWN_QUOTA_WAIT_MS : Math.max(retryAtMs, endedMs);
  const until = new Date(untilMs).toISOString();
  const endsMs = context.endsAt === undefined ? Infinity : Date.parse(context.endsAt);
  if (untilMs - endedMs <= context.policy.quotaWait && untilMs < endsMs)
    return { kind: "pause", task: task.id, until, detail };
  return finish("quota", `${detail}; it can go on at ${until}`, [task.id]);
}

/**
 * The first that may be started now: what lands again before what is tried again, that before what is new, and that as the
 * agenda has it.
 */
function stepToStart(state: NightState, context: NightContext, again: readonly Start[]): NextStep {
  const { running, agenda, policy } = context;
  // A quota is waited for with nothing beside it.
  const pause = again.find((step) => step.kind === "pause");
  if (pause) return running.size > 0 ? { kind: "wait" } : pause;
  const landing = nextLandingAgain(state, context, again);
  if (landing) return landing;
  const ahead = [...running];
  /** Whether it has to wait for somebody's files; those behind it then have to wait for its own. */
  const isHeld = (task: TaskId): boolean => {
    if (!ahead.some((other) => agenda.mayCollide(task, other))) return false;
    if (ahead.length < running.size + MAX_HELD) ahead.push(task);
    return true;
  };
  const free = again.find(({ task }) => !landsAgain(state, task) && !isHeld(task));
  if (free) return free;

  let unmet: Finish | undefined;
  for (const id of agenda.tasks) {
    const task = state.tasks.get(id);
    if (!task || task.result !== undefined || running.has(id)) continue;
    if (again.some((step) => step.task === id)) continue;
    const blocked = blockedTask(task, state, context);
    if (blocked === undefined) {
      if (!isHeld(id)) return { kind: "attempt", task: id, afterProbe: false };
    } else if (blocked.kind === "skipped") {
      const { because, detail } = blocked;
      return { kind: "close", task: id, result: "skipped", detail, because };
    } else if (blocked.kind === "carried-over") {
      return { kind: "close", task: id, result: "carried-over", detail: blocked.detail };
    } else if (blocked.kind === "unmet") {
      unmet ??= finish("dependency-unmet", blocked.detail, [id]);
      // As listed means that nothing passes it.
      if (policy.order === "listed") break;
    }
  }
  if (running.size > 0) return { kind: "wait" };
  return lastStep(state, context, unmet ?? finish("queue-empty", "every task has had its turn"));
}

/** One after the other, in their old order: each is made again on the one before. Undefined: there is none that could begin. */
function nextLandingAgain(
  state: NightState,
  context: NightContext,
  again: readonly Start[],
): NextStep | undefined {
  const { running, agenda } = context;
  const tasks = landingsAgain(state);
  if (tasks.some(({ id }) => running.has(id))) return { kind: "wait" };
  const task = tasks.find((each) => blockedTask(each, state, context) === undefined);
  if (!task) return undefined;
  if ([...running].some((other) => agenda.mayCollide(task.id, other))) return { kind: "wait" };
  return again.find((step) => step.task === task.id) ?? { kind: "attempt", task: task.id, afterProbe: false };
}

/** The last `count` tasks that failed, in the order in which they did. */
function lastFailed(state: NightState, count: number): TaskId[] {
  const failed = state.finishedTasks.filter((_, index) => state.finished[index] === "failed");
  return failed.slice(-count);
}

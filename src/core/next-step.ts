import { decideAfterTask, type TaskResult } from "./after-task.ts";
import type { Agenda } from "./agenda.ts";
import { decideAfterAttempt, type Outcome } from "./attempt.ts";
import { blockedTask, type Blocked, type OutsideDependency } from "./blocked-task.ts";
import { nightBudgetReached, taskBudgetReached } from "./budget.ts";
import { chooseAgent } from "./choose-agent.ts";
import { candidateOf, landingsAgain, undoneBy } from "./landing-again.ts";
import { checkpointEnd, dueCheckpoint } from "./next-checkpoint.ts";
import type { NightEnd } from "./night-events.ts";
import type { TaskId } from "./ids.ts";
import type { NightState, TaskState } from "./night-state.ts";
import type { Policy } from "./policy.ts";

/** What the night does next. */
export type NextStep =
  /** Begin it, and do not wait for it. `afterProbe`: the machinery failed before; look whether it works again first. */
  | { readonly kind: "attempt"; readonly task: TaskId; readonly agent: string; readonly afterProbe: boolean }
  /** An agent's quota is used up. Begin to wait until `until`, ISO 8601; other agents go on meanwhile. */
  | {
      readonly kind: "pause";
      readonly task: TaskId;
      readonly agent: string;
      readonly until: string;
      readonly detail: string;
    }
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
  /** Nothing can be started now: wait until the first attempt, checkpoint or pause ends. */
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
/** A task that has been tried is to be tried again. */
type Again = { readonly kind: "again"; readonly task: TaskId; readonly afterProbe: boolean };

/** Facts that lie outside this night's journal. */
export interface NightContext {
  readonly policy: Pick<
    Policy,
    | "afterFailure"
    | "breakerFailures"
    | "retries"
    | "quotaWait"
    | "agentFallback"
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
    return finish(
      after.end,
      count === 1 ? "a task failed" : `${count} tasks in a row failed: ${tasks.join(", ")}`,
      tasks,
    );
  }
  const places = context.policy.order === "dag" ? context.policy.parallel : 1;
  if (context.isCheckpointRunning || context.running.size >= places) return { kind: "wait" };
  // 5. What has landed is verified as a whole before anything is built on it.
  const due = dueCheckpoint(state, context.policy, { atEnd: false });
  if (due) return { kind: "checkpoint", repo: due.repo };
  // 6. What has its turn now.
  const step = stepToStart(
    state,
    context,
    decided.filter((each) => each.kind === "again"),
  );
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
function decidedTasks(state: NightState, context: NightContext): (Close | Again | Finish)[] {
  return [...state.undecided].flatMap((id) => {
    const task = state.tasks.get(id);
    const last = task?.attempts.at(-1)?.outcome;
    if (!task || !last || context.running.has(id)) return [];
    return afterAttempt(state, task, last, context) ?? [];
  });
}

function afterAttempt(
  state: NightState,
  task: TaskState,
  last: Outcome,
  context: NightContext,
): Close | Again | Finish | undefined {
  if (task.attempts.at(-1)?.revoked !== undefined) {
    const undone = undoneBy(state, task);
    return undone
      ? { kind: "close", task: task.id, ...undone }
      : { kind: "again", task: task.id, afterProbe: false };
  }
  const tonight = outcomesTonight(task);
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
      return { kind: "again", task: task.id, afterProbe: decision.afterProbe };
    }
    case "wait":
      return { kind: "again", task: task.id, afterProbe: false };
    case "stop-night":
      // Another agent may have a quota; whether one has is decided when it has its turn.
      if (decision.end === "quota") return { kind: "again", task: task.id, afterProbe: false };
      return finish(decision.end, detail, [task.id]);
    case "finish":
      // An interruption says nothing about the task: it stays open, for the rest of this night or for another.
      if (decision.result === "carried-over" && last.kind === "failed" && last.cause === "interrupted")
        return undefined;
      return { kind: "close", task: task.id, result: decision.result, detail };
  }
}

/** How a task's attempts of tonight ended; where the last one is of a quota, without those of other agents' quotas. */
function outcomesTonight({ attempts }: TaskState): Outcome[] {
  const last = attempts.at(-1);
  return attempts.flatMap(({ outcome, agent }) => {
    const isOther = outcome?.kind === "failed" && outcome.cause === "quota" && agent !== last?.agent;
    return outcome && !isOther ? [outcome] : [];
  });
}

/**
 * The first that may be started now: what lands again before what is tried again, that before what is new, and that as the
 * agenda has it.
 */
function stepToStart(state: NightState, context: NightContext, again: readonly Again[]): NextStep {
  const { running, agenda, policy } = context;
  const landing = nextLandingAgain(state, context, again);
  if (landing) return landing;
  const ahead = [...running];
  /** Whether it has to wait for somebody's files; those behind it then have to wait for its own. */
  const isHeld = (task: TaskId): boolean => {
    if (!ahead.some((other) => agenda.mayCollide(task, other))) return false;
    if (ahead.length < running.size + MAX_HELD) ahead.push(task);
    return true;
  };
  let unmet: Finish | undefined;
  let usedUp: Finish | undefined;
  let waits = running.size > 0;
  for (const { id, afterProbe } of candidates(state, context, again)) {
    const task = state.tasks.get(id);
    if (!task) continue;
    const overdue = task.attempts.length === 0 ? decidedBefore(task, context) : undefined;
    if (overdue) return overdue;
    const blocked = blockedTask(task, state, context);
    const close = blocked && closeBlocked(id, blocked);
    if (close) return close;
    if (blocked?.kind === "unmet") unmet ??= finish("dependency-unmet", blocked.detail, [id]);
    if (!blocked) {
      const { agent, resets, usedUp: quota } = chooseAgent(agenda.agentOf(id), task, state, context);
      const reset = resets.find((each) => !state.pauses.has(each.agent));
      if (reset) {
        const { until, detail, task: found } = reset.quota;
        return { kind: "pause", task: found, agent: reset.agent, until, detail };
      }
      if (quota) usedUp ??= finish("quota", `${quota.detail}; it can go on at ${quota.until}`, [id]);
      else if (agent === undefined) waits = true;
      else if (!isHeld(id)) return { kind: "attempt", task: id, agent, afterProbe };
    }
    // As listed means that nothing passes it.
    if (policy.order === "listed") break;
  }
  if (waits) return { kind: "wait" };
  const end = usedUp ?? unmet ?? unmetLanding(state, context);
  return lastStep(state, context, end ?? finish("queue-empty", "every task has had its turn"));
}

/** One that was to land again, and cannot without what failed; undefined: there is none. */
function unmetLanding(state: NightState, context: NightContext): Finish | undefined {
  for (const task of landingsAgain(state)) {
    const blocked = blockedTask(task, state, context);
    if (blocked?.kind === "unmet") return finish("dependency-unmet", blocked.detail, [task.id]);
  }
  return undefined;
}

/** The open tasks of which none runs, in the order in which they have their turn. */
function* candidates(
  state: NightState,
  { agenda, running }: NightContext,
  again: readonly Again[],
): Generator<{ readonly id: TaskId; readonly afterProbe: boolean }> {
  for (const { task: id, afterProbe } of again) if (!landsAgain(state, id)) yield { id, afterProbe };
  for (const id of agenda.tasks) {
    const isOpen = state.tasks.get(id)?.result === undefined;
    if (isOpen && !running.has(id) && !again.some(({ task }) => task === id)) yield { id, afterProbe: false };
  }
}

/**
 * One after the other, in their old order: each is made again on the one before. What depends on one that has failed meanwhile
 * is closed. Undefined: there is none that could begin.
 */
function nextLandingAgain(
  state: NightState,
  context: NightContext,
  again: readonly Again[],
): NextStep | undefined {
  const { running, agenda } = context;
  const tasks = landingsAgain(state);
  if (tasks.some(({ id }) => running.has(id))) return { kind: "wait" };
  for (const task of tasks) {
    const blocked = blockedTask(task, state, context);
    const close = blocked && closeBlocked(task.id, blocked);
    if (close) return close;
    if (blocked) continue;
    if ([...running].some((other) => agenda.mayCollide(task.id, other))) return { kind: "wait" };
    const { afterProbe = false } = again.find((step) => step.task === task.id) ?? {};
    return { kind: "attempt", task: task.id, agent: agenda.agentOf(task.id), afterProbe };
  }
  return undefined;
}

/** The end of a task that cannot land tonight; undefined: it waits, or may not be passed over. */
function closeBlocked(task: TaskId, blocked: Blocked): Close | undefined {
  switch (blocked.kind) {
    case "skipped": {
      const { because, detail } = blocked;
      return { kind: "close", task, result: "skipped", detail, because };
    }
    case "carried-over":
      return { kind: "close", task, result: "carried-over", detail: blocked.detail };
    case "waits":
    case "unmet":
      return undefined;
  }
}

/** What attempts of earlier nights have decided, where the night ended before it was written down; undefined: nothing. */
function decidedBefore({ id }: TaskState, { earlier, policy }: NightContext): Close | undefined {
  const last = earlier(id).at(-1);
  if (last?.kind !== "failed") return undefined;
  const decision = decideAfterAttempt(earlier(id), policy);
  if (decision.kind !== "finish" || decision.result === "carried-over") return undefined;
  const detail = `in an earlier night: ${last.reason}: ${last.detail}`;
  return { kind: "close", task: id, result: decision.result, detail };
}

/** The last `count` tasks that failed, in the order in which they did. */
function lastFailed(state: NightState, count: number): TaskId[] {
  const failed = state.finishedTasks.filter((_, index) => state.finished[index] === "failed");
  return failed.slice(-count);
}

import { decideAfterTask, type TaskResult } from "./after-task.ts";
import { decideAfterAttempt, type Outcome } from "./attempt.ts";
import { nightBudgetReached, taskBudgetReached } from "./budget.ts";
import { MINUTE_MS } from "./duration.ts";
import type { NightEnd } from "./night-events.ts";
import type { TaskId } from "./ids.ts";
import type { NightState, TaskState } from "./night-state.ts";
import type { Policy } from "./policy.ts";

/** What the night does next. Tasks go as listed, one at a time. */
export type NextStep =
  /** `afterProbe`: the machinery failed before; look whether it works again first. */
  | { readonly kind: "attempt"; readonly task: TaskId; readonly afterProbe: boolean }
  /** A quota is used up; the task is tried again at `until`, ISO 8601. */
  | { readonly kind: "pause"; readonly task: TaskId; readonly until: string; readonly detail: string }
  | { readonly kind: "close"; readonly task: TaskId; readonly result: TaskResult; readonly detail: string }
  | { readonly kind: "finish"; readonly end: NightEnd; readonly detail: string };

/** Facts about tasks that lie outside this night. */
export interface NightContext {
  readonly policy: Pick<Policy, "afterFailure" | "breakerFailures" | "retries" | "quotaWait" | "budget">;
  /** When the night has to be over, ISO 8601; undefined: it may take as long as it takes. */
  readonly endsAt: string | undefined;
  /** How the attempts of a task ended in earlier nights, since a person asked for it last; oldest first. */
  readonly earlier: (task: TaskId) => readonly Outcome[];
  /** Where a dependency that is not in tonight's plan, or landed in an earlier night, stands. */
  readonly dependency: (id: TaskId) => "in-base" | "unmerged" | "unmet";
}

/** How long to wait where the provider has not said it. */
const UNKNOWN_QUOTA_WAIT_MS = 5 * MINUTE_MS;

/** Decides the next step from the state alone: the same journal gives the same night. */
export function nextStep(state: NightState, context: NightContext): NextStep {
  const step = stepWithinBudget(state, context);
  if (step.kind !== "attempt") return step;
  const reached = nightBudgetReached(state, context.policy);
  return reached === undefined ? step : { kind: "finish", end: "budget", detail: reached };
}

function stepWithinBudget(state: NightState, context: NightContext): NextStep {
  const open = [...state.tasks.values()].find((task) => task.result === undefined);
  const last = open?.attempts.at(-1)?.outcome;
  // 1. What an attempt has decided is written down first, also when the night is about to stop.
  if (open && last) {
    const decided = afterAttempt(state, open, last, context);
    const startsSomething = decided?.kind === "attempt" || decided?.kind === "pause";
    if (decided && !(startsSomething && (state.stopping || state.stray))) return decided;
  }
  // 2. A person or a signal wants the night to end.
  if (state.stopping) return stopStep(state.stopping);
  // 3. What may still run would run beside the next attempt.
  if (state.stray) {
    const { kind, name, place } = state.stray;
    return { kind: "finish", end: "leak", detail: `${kind} ${name} (${place}) could not be removed` };
  }
  // 4. The rule of the phase about failures.
  const after = decideAfterTask(state.finished, context.policy);
  if (after.kind === "stop") {
    const detail =
      after.failuresInARow === 1 ? "a task failed" : `${after.failuresInARow} tasks in a row failed`;
    return { kind: "finish", end: after.end, detail };
  }
  // 5. The next task as listed.
  if (!open) return { kind: "finish", end: "queue-empty", detail: "every task has had its turn" };
  return blockedByDependency(open, state, context) ?? { kind: "attempt", task: open.id, afterProbe: false };
}

/** How a night ends that was told to. */
export function stopStep(why: "asked" | "time-limit"): Extract<NextStep, { kind: "finish" }> {
  if (why === "asked") return { kind: "finish", end: "interrupted", detail: "asked to stop" };
  return {
    kind: "finish",
    end: "time-limit",
    detail: "as long as the policy lets a night be without a person",
  };
}

function afterAttempt(
  state: NightState,
  task: TaskState,
  last: Outcome,
  context: NightContext,
): NextStep | undefined {
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
      return { kind: "finish", end: decision.end, detail };
    case "finish":
      // An interruption says nothing about the task: it stays open, for the rest of this night or for another.
      if (decision.result === "carried-over" && last.kind === "failed" && last.cause === "interrupted")
        return undefined;
      return { kind: "close", task: task.id, result: decision.result, detail };
  }
}

/** Waits for the reset if that leaves time in the night; a night that would only wait is closed, and says when to go on. */
function stepAfterQuota(task: TaskState, last: Outcome, detail: string, context: NightContext): NextStep {
  const attempt = task.attempts.at(-1);
  if (attempt?.waited) return { kind: "attempt", task: task.id, afterProbe: false };
  const endedMs = Date.parse(attempt?.finishedAt ?? "");
  const retryAtMs = last.kind === "failed" && last.retryAt !== undefined ? Date.parse(last.retryAt) : NaN;
  const untilMs = Number.isNaN(retryAtMs) ? endedMs + UNKNOWN_QUOTA_WAIT_MS : Math.max(retryAtMs, endedMs);
  const until = new Date(untilMs).toISOString();
  const endsMs = context.endsAt === undefined ? Infinity : Date.parse(context.endsAt);
  if (untilMs - endedMs <= context.policy.quotaWait && untilMs < endsMs)
    return { kind: "pause", task: task.id, until, detail };
  return { kind: "finish", end: "quota", detail: `${detail}; it can go on at ${until}` };
}

function blockedByDependency(
  task: TaskState,
  state: NightState,
  context: NightContext,
): NextStep | undefined {
  for (const id of task.dependsOn) {
    if (state.tasks.get(id)?.result === "landed") continue;
    switch (context.dependency(id)) {
      case "in-base":
        break;
      case "unmerged": {
        const detail = `dependency-unmerged: "${id}" landed in an earlier night that is not in tonight's base`;
        return { kind: "close", task: task.id, result: "carried-over", detail };
      }
      case "unmet":
        return {
          kind: "finish",
          end: "dependency-unmet",
          detail: `"${task.id}" needs "${id}", which has not landed`,
        };
    }
  }
  return undefined;
}

import type { AttemptState } from "./attempt-state.ts";
import type { EventData } from "./event.ts";
import type { AttemptId } from "./ids.ts";
import type { NightState, TaskState } from "./night-state.ts";

/** The change with which a task lands again. */
export type Candidate = NonNullable<EventData<"attempt.started">["candidate"]>;

/**
 * What a task begins with instead of an agent: its landing was taken back though nothing was wrong with it. Undefined
 * where that is not so, and where it was tried and the task did not pass: then an agent begins anew.
 */
export function candidateOf({ result, attempts }: TaskState): Candidate | undefined {
  if (result !== undefined) return undefined;
  const at = attempts.findLastIndex(({ landed }) => landed !== undefined);
  const last = attempts[at];
  if (last?.revoked !== "innocent" || last.landed === undefined || !last.landing) return undefined;
  const hasFailed = attempts
    .slice(at + 1)
    .some(({ outcome }) => outcome?.kind === "failed" && outcome.cause === "task");
  if (hasFailed) return undefined;
  return { attempt: last.attempt, commit: last.landed, base: last.landing.tip };
}

/** The tasks that are to land again, in the order in which they had landed. */
export function landingsAgain(state: NightState): TaskState[] {
  const tasks = new Set(state.revocations.flatMap(({ task }) => state.tasks.get(task) ?? []));
  return [...tasks].filter((task) => candidateOf(task) !== undefined);
}

/** The attempt whose agent made a candidate: one that landed again twice has it from the first. */
export function originOf(
  { attempts }: TaskState,
  candidate: { readonly attempt: AttemptId },
): AttemptState | undefined {
  const origin = attempts.find(({ attempt }) => attempt === candidate.attempt);
  return origin?.candidate ? originOf({ attempts } as TaskState, origin.candidate) : origin;
}

/** A task that `task` depends on and whose landing was taken back, unless it has landed again; undefined: there is none. */
export function lostDependency(
  state: NightState,
  { dependsOn }: Pick<TaskState, "dependsOn">,
): TaskState | undefined {
  return dependsOn
    .flatMap((id) => state.tasks.get(id) ?? [])
    .find(({ attempts }) => {
      const last = attempts.findLast(({ landed }) => landed !== undefined);
      return last?.revoked !== undefined;
    });
}

/** What a task comes to by a landing that was taken back. */
export interface Undone {
  readonly result: "failed" | "skipped";
  readonly detail: string;
  /** The task that it is skipped for. */
  readonly because?: TaskState["id"];
}

/** How a task is closed whose last landing was taken back; undefined: it was not, it lands again, or it has tried anew. */
export function undoneBy(state: NightState, { id, attempts }: TaskState): Undone | undefined {
  const role = attempts.at(-1)?.revoked;
  const at = state.revocations.findLastIndex(({ task }) => task === id);
  const revocation = state.revocations[at];
  if (!revocation || role === undefined || role === "innocent") return undefined;
  if (role === "culprit") return { result: "failed", detail: revocation.detail };
  const culprit = state.revocations.findLast(
    (each) =>
      each.role === "culprit" && each.repo === revocation.repo && each.checkpoint === revocation.checkpoint,
  );
  return { result: "skipped", detail: revocation.detail, ...(culprit ? { because: culprit.task } : {}) };
}

/** Whether the refs of an attempt stay: they hold what has landed, or what may land again while its night goes on. */
export function keepsRefs(state: NightState, { landed, revoked }: AttemptState): boolean {
  if (landed === undefined) return false;
  return revoked === undefined || (revoked === "innocent" && state.end === undefined);
}

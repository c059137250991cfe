import type { EventData } from "./event.ts";
import type { TaskId } from "./ids.ts";
import type { Landing, TaskState } from "./night-state.ts";

export type RevocationRole = EventData<"landing.revoked">["role"];

/** As what a landing is taken back, and why, in words. */
export interface Revocation {
  readonly role: RevocationRole;
  readonly detail: string;
}

/**
 * What a landing is to the one that made a checkpoint red: that one itself, one whose task depends on its task, however
 * far, or one with which nothing is wrong. `culprit` undefined: none is known, so there is nothing wrong with any.
 * `how` says how the full verification failed.
 */
export function revocationOf(
  landing: Landing,
  culprit: { readonly landing: Landing; readonly how: string } | undefined,
  tasks: ReadonlyMap<TaskId, Pick<TaskState, "dependsOn">>,
): Revocation {
  if (culprit && landing.attempt === culprit.landing.attempt) {
    return { role: "culprit", detail: `the full verification is red from this landing on: ${culprit.how}` };
  }
  if (culprit && dependsOn(landing.task, culprit.landing.task, tasks)) {
    const detail = `it depends on "${culprit.landing.task}", with which the full verification is red`;
    return { role: "dependent", detail };
  }
  return { role: "innocent", detail: "the branch went back to its last checkpoint: it lands again" };
}

/** Whether `task` waits for `other`, directly or through others. */
function dependsOn(
  task: TaskId,
  other: TaskId,
  tasks: ReadonlyMap<TaskId, Pick<TaskState, "dependsOn">>,
): boolean {
  const seen = new Set<TaskId>();
  const open = [task];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const id of tasks.get(next)?.dependsOn ?? []) {
      if (id === other) return true;
      if (seen.has(id)) continue;
      seen.add(id);
      open.push(id);
    }
  }
  return false;
}

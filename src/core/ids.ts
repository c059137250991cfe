declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** One night of one workspace, such as `2026-11-20-k3f9`. Also the last part of the branch that the night delivers. */
export type NightId = Branded<"NightId">;
/** A task's id within its plan, such as `fix-login`. */
export type TaskId = Branded<"TaskId">;
/** A task across nights: repository, id and the hash of its text. A task whose text changes is another task. */
export type TaskKey = Branded<"TaskKey">;
/** One try of a task, such as `fix-login.2`. */
export type AttemptId = Branded<"AttemptId">;
/** A full git object name in hexadecimal: 40 digits in a SHA-1 repository, 64 in a SHA-256 one. */
export type ObjectId = Branded<"ObjectId">;

export const NIGHT_ID = /^\d{4}-\d{2}-\d{2}-[a-z0-9]{4}$/;
/** Safe in a ref, a file name, a label and a terminal. `..` and a trailing `.lock` are impossible by the pattern. */
export const TASK_ID = /^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$/;
export const OBJECT_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

const ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789";

/** Names the night that begins on `now`, by the date in UTC; `random` gives numbers from 0 up to 1. */
export function newNightId(now: Date, random: () => number): NightId {
  const suffix = Array.from({ length: 4 }, () => ALPHABET[Math.floor(random() * ALPHABET.length)]).join("");
  return `${now.toISOString().slice(0, 10)}-${suffix}` as NightId;
}

export function isNightId(text: string): text is NightId {
  return NIGHT_ID.test(text);
}

export function isObjectId(text: string): text is ObjectId {
  return OBJECT_ID.test(text);
}

/** `number` counts from 1 and only rises, also across nights. */
export function attemptId(task: TaskId, number: number): AttemptId {
  return `${task}.${number}` as AttemptId;
}

export function taskKey(repository: string, task: TaskId, textHash: string): TaskKey {
  return `${repository}/${task}@${textHash.slice(0, 16)}` as TaskKey;
}

/** The branch on which a night's landings arrive in the user's repository. */
export function nightBranch(night: NightId): string {
  return `nightwarden/${night}`;
}

import type { CompositeName } from "../contracts/repository.ts";
import type { AttemptRef } from "../core/attempt.ts";
import { nightBranch, type NightId, type ObjectId } from "../core/ids.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";

/** The refs of the shadow. Whatever one of them reaches stays; there is nothing else that keeps an object. */

/** Every base that a night has started from. */
export const BASES = "refs/nightwarden/bases/";

/** What attempts ended with, by their id and token. */
export const ATTEMPTS = "refs/nightwarden/attempts/";

export function baseRef(commit: ObjectId): string {
  return `${BASES}${commit}`;
}

/** What an attempt ended with. */
export function candidateRef(attempt: AttemptRef): string {
  return attemptPrefix(attempt);
}

/** The same change on the tip that it met when it was to land. */
export function rebuiltRef(attempt: AttemptRef): string {
  return `${attemptPrefix(attempt)}.rebuilt`;
}

/** A tree of two, for the time of a replay. */
export function compositeRef(attempt: AttemptRef, name: CompositeName): string {
  return `${attemptPrefix(attempt)}.${name}`;
}

/** The night's branch; has the same name in the shadow and in the user's repository. */
export function nightRef(night: NightId): string {
  return `refs/heads/${nightBranch(night)}`;
}

/** What the supervisor added for the task before the agent started. */
export function startRef(attempt: AttemptRef): string {
  return `${attemptPrefix(attempt)}.start`;
}

/** The attempt's token in the last part of such a ref's name. */
export function tokenOfRef(name: string): string {
  return name.replace(/\.(?:rebuilt|start|old-tests|new-tests)$/, "");
}

function attemptPrefix({ attempt, token }: AttemptRef): string {
  if (!/^[a-z0-9][a-z0-9_-]*\.\d+$/.test(attempt) || !/^[A-Za-z0-9-]+$/.test(token)) {
    throw new NightwardenError({
      code: "infra.git",
      message: `"${attempt}" with "${token}" cannot name a ref`,
    });
  }
  return `${ATTEMPTS}${attempt}/${token}`;
}

import { createHash } from "node:crypto";
import type { AttemptRef } from "../../core/attempt.ts";

/** The variable that every process of ours has in its environment, unless it takes it out. */
export const MARK_VARIABLE = "NIGHTWARDEN_ENCLOSURE";

const OWNER_BITS = 31n;
const ATTEMPT_BITS = 24n;
const SERIAL_BITS = 8n;

/**
 * What tells the processes of one program of ours, and of everything that it starts, from all others of the same user.
 *
 * It is there twice: as a variable, which a process can leave out for its children, and as the limit on file locks. That
 * limit means nothing to any kernel since Linux 2.4, is inherited by every child, whatever its session, parent or
 * environment, and nobody without privilege can raise it again: it is a number that sticks.
 */
export interface EnclosureMark {
  readonly variable: string;
  readonly locks: bigint;
}

let serial = 0;

/** `owner` names the workspace. The mark is new: no other that lives has it. */
export function newMark(owner: string, { attempt, token }: AttemptRef): EnclosureMark {
  serial = (serial + 1) % 2 ** Number(SERIAL_BITS);
  return {
    variable: `${owner}/${attempt}/${token.slice(0, 8)}/${serial}`,
    locks:
      ((ownerNumber(owner) << SERIAL_BITS) << ATTEMPT_BITS) |
      (attemptNumber(token) << SERIAL_BITS) |
      BigInt(serial),
  };
}

/** The marks that one process has; undefined: not that one. */
export interface FoundMark {
  readonly variable: string | undefined;
  readonly locks: bigint | undefined;
}

export function bearsMark(found: FoundMark, { variable, locks }: EnclosureMark): boolean {
  return found.variable === variable || found.locks === locks;
}

/** Whether the process is of any program of the owner's. */
export function bearsOwner({ variable, locks }: FoundMark, owner: string): boolean {
  if (variable?.startsWith(`${owner}/`) === true) return true;
  return locks !== undefined && (locks >> SERIAL_BITS) >> ATTEMPT_BITS === ownerNumber(owner);
}

/** The attempt that a mark names; undefined: only its number is left. */
export function attemptOf({ variable }: FoundMark): string | undefined {
  return variable?.split("/").at(-3);
}

/** Whether the process is of any program of this attempt's, also where only the number is left. */
export function bearsAttempt(found: FoundMark, { attempt, token }: AttemptRef): boolean {
  if (attemptOf(found) === attempt) return true;
  if (found.locks === undefined) return false;
  return ((found.locks >> SERIAL_BITS) & ((1n << ATTEMPT_BITS) - 1n)) === attemptNumber(token);
}

/** Never 0: a limit of a few locks, which somebody else may have set, is no mark of ours. */
function ownerNumber(owner: string): bigint {
  const top = 1n << (OWNER_BITS - 1n);
  return hashBits(owner, OWNER_BITS - 1n) | top;
}

function attemptNumber(token: string): bigint {
  return hashBits(token, ATTEMPT_BITS);
}

function hashBits(text: string, bits: bigint): bigint {
  const hash = createHash("sha256").update(text).digest().readBigUInt64BE();
  return hash >> (64n - bits);
}

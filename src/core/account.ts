import type { ErrorCode } from "./nightwarden-error.ts";
import type { Residue } from "./residue.ts";

/** Everything of ours that stands at one moment: of one attempt, or of the whole workspace. */
export interface Account {
  readonly residue: readonly Residue[];
  /** Bytes of the shadows, which grow by what attempts make, by the name of their repository. */
  readonly stores: Readonly<Record<string, number>>;
  /** Places that could not be asked: nothing is known of what stands there. */
  readonly unknown: readonly UnknownPlace[];
}

interface UnknownPlace {
  readonly place: string;
  readonly code: ErrorCode;
  readonly message: string;
}

/** The place of what lies in a repository's shadow. */
export function shadowPlace(repo: string): string {
  return `shadow of ${repo}`;
}

/**
 * `clean`: nothing stands that must not. `leaked`: something does. `unknown`: what was seen is in order, and something
 * could not be seen.
 */
export type AccountVerdict = "clean" | "leaked" | "unknown";

/**
 * What may stand. Everything else that an account shows is a leak. What a night keeps on purpose is in no account:
 * images and finished dependency sets are caches, outputs and journals are the record.
 */
export interface MayStand {
  /** Tokens of attempts that have landed: their refs keep what was verified. */
  readonly landed: ReadonlySet<string>;
  /** Ids of attempts that run now. What bears their mark is in use. */
  readonly running: ReadonlySet<string>;
  /** Something of the night may still run: what bears no attempt's mark, such as the gateways' network, is in use. */
  readonly isInUse: boolean;
}

/** What the shadows were, and what was brought into them since; by repository. */
export interface Growth {
  readonly before: Readonly<Record<string, number>>;
  /** Bytes of the files that captures brought since, before compression. */
  readonly captured: Readonly<Record<string, number>>;
}

/**
 * What a shadow may grow by beyond what was captured: a commit writes each folder on the way to a change anew, a loose
 * object takes whole blocks of the disk, a pack has an index. A repository whose largest folder has 10,000 entries
 * writes some 400 KB for each change; a hundred loose objects, the most that a capture leaves, take as much.
 */
export const STORE_SLACK_BYTES = 64 * 1024 * 1024;
/** Twice: what was captured is written once, and once more where it is made again on a tip that has moved. */
const CAPTURE_FACTOR = 2;

/** What of an account must not be there. `growth` undefined: the stores are not judged. */
export function leaksOf(account: Account, mayStand: MayStand, growth?: Growth): Residue[] {
  const standing = account.residue.filter((residue) => !isAllowed(residue, mayStand));
  return growth ? [...standing, ...unexplained(account, growth)] : standing;
}

export function verdictOf(account: Pick<Account, "unknown">, leaks: readonly Residue[]): AccountVerdict {
  if (leaks.length > 0) return "leaked";
  return account.unknown.length > 0 ? "unknown" : "clean";
}

function isAllowed({ kind, attempt, token }: Residue, { landed, running, isInUse }: MayStand): boolean {
  if (kind === "ref" && token !== null && landed.has(token)) return true;
  return attempt === null ? isInUse : running.has(attempt);
}

function unexplained({ stores }: Account, { before, captured }: Growth): Residue[] {
  return Object.entries(stores).flatMap(([repo, bytes]) => {
    // A shadow that was not counted before has grown by a base, not by an attempt.
    const grown = bytes - (before[repo] ?? bytes);
    if (grown <= STORE_SLACK_BYTES + CAPTURE_FACTOR * (captured[repo] ?? 0)) return [];
    const name = "growth that no capture explains";
    return [
      { kind: "bytes", place: shadowPlace(repo), name, attempt: null, token: null, bytes: grown } as const,
    ];
  });
}

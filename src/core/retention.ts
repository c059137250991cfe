import { HOUR_MS } from "./duration.ts";
import type { NightId, ObjectId } from "./ids.ts";
import type { NightState } from "./night-state.ts";

/** How long what nights left on purpose is kept: for this many nights and this many days, whichever is longer. */
export interface Retention {
  readonly nights: number;
  readonly days: number;
}

/** What is kept for no night any more. Journals are not among it: they are never removed. */
export interface OldThings {
  /** What their agents and tests printed may go. */
  readonly nights: ReadonlySet<NightId>;
  /** Tokens of attempts that landed in them: the refs that keep their candidates may go. The branches stay. */
  readonly tokens: ReadonlySet<string>;
  /** By repository: commits that they started from, and no other night. */
  readonly bases: ReadonlyMap<string, ReadonlySet<ObjectId>>;
}

/**
 * What of `nights`, oldest first, is old. A night that has not ended, or whose result has not arrived in its owner's
 * repository, is never old.
 */
export function oldThings(nights: readonly NightState[], retention: Retention, now: Date): OldThings {
  const beforeMs = now.getTime() - retention.days * 24 * HOUR_MS;
  const isOld = (night: NightState, index: number): boolean =>
    index < nights.length - retention.nights &&
    night.end !== undefined &&
    Date.parse(night.finishedAt ?? "") < beforeMs &&
    hasArrived(night);
  const old = nights.filter(isOld);
  const kept = nights.filter((night, index) => !isOld(night, index));
  const keptTokens = new Set(kept.flatMap(landedTokens));
  return {
    nights: new Set(old.map(({ night }) => night)),
    tokens: new Set(old.flatMap(landedTokens).filter((token) => !keptTokens.has(token))),
    bases: oldBases(old, kept),
  };
}

function hasArrived({ repositories }: NightState): boolean {
  return [...repositories.values()].every(({ base, tip, delivered }) => tip === base || delivered === tip);
}

function landedTokens({ tasks }: NightState): string[] {
  return [...tasks.values()].flatMap(({ attempts }) =>
    attempts.flatMap(({ landed, token }) => (landed === undefined ? [] : [token])),
  );
}

function oldBases(old: readonly NightState[], kept: readonly NightState[]): Map<string, Set<ObjectId>> {
  const bases = new Map<string, Set<ObjectId>>();
  for (const { repositories } of old)
    for (const { repo, base } of repositories.values())
      bases.set(repo, (bases.get(repo) ?? new Set<ObjectId>()).add(base));
  for (const { repositories } of kept)
    for (const { repo, base } of repositories.values()) bases.get(repo)?.delete(base);
  return bases;
}

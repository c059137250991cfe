import type { ResiduePlace, ResidueScope, Unremoved } from "../contracts/residue.ts";
import { leaksOf, verdictOf, type Account, type Growth, type MayStand } from "../core/account.ts";
import type { AttemptRef } from "../core/attempt.ts";
import type { EventData, Fact } from "../core/event.ts";
import { safeLine } from "../core/safe-text.ts";
import { bytesOf, countKinds, type Residue } from "../core/residue.ts";
import { leakInWords } from "../core/unrepaired-leak.ts";
import type { Night } from "./night.ts";
import { removeResidue, takeAccount, weighResidue } from "./take-account.ts";

/** An account after what had to be removed was removed, once. */
export interface SettledAccount {
  readonly account: Account;
  readonly verdict: EventData<"account.taken">["verdict"];
  readonly removed: readonly Residue[];
  /** What is still there and must not be. */
  readonly leaks: readonly Residue[];
  readonly unremoved: readonly Unremoved[];
}

const NAMED_LEAKS = 20;

/** Counts, removes what must not be there, and where there was anything counts again. Records nothing. */
export async function settle(
  places: readonly ResiduePlace[],
  scope: ResidueScope,
  rules: { readonly mayStand: MayStand; readonly growth?: Growth },
): Promise<SettledAccount> {
  const first = await takeAccount(places, scope);
  const found = leaksOf(first, rules.mayStand, rules.growth);
  if (found.length === 0) {
    const verdict = verdictOf(first, []);
    return { account: first, verdict, removed: [], leaks: [], unremoved: [] };
  }
  const weighed = await weighResidue(places, found);
  const unremoved = await removeResidue(places, weighed);
  const account = await takeAccount(places, scope);
  const left = leaksOf(account, rules.mayStand, rules.growth);
  // A place that does not answer any more has not said that anything of it is gone.
  const silent = new Set(account.unknown.map(({ place }) => place));
  const isLeft = (each: Residue): boolean =>
    silent.has(each.place) || left.some((other) => isSame(each, other));
  const leaks = [...weighed.filter(isLeft), ...left.filter((each) => !weighed.some((w) => isSame(w, each)))];
  const removed = weighed.filter((each) => !isLeft(each));
  return { account, verdict: verdictOf(account, leaks), removed, leaks, unremoved };
}

/**
 * Settles the account of an attempt, or of the workspace, and records what was removed and what stands then. A leak is a
 * warning as well; what it means for the night, and for the next one, follows from the event.
 */
export async function settleAccount(
  night: Night,
  scope: ResidueScope,
  rules: { readonly mayStand: MayStand; readonly growth?: Growth },
): Promise<SettledAccount> {
  const { deps, record } = night;
  const startedMs = deps.clock.monotonicMs();
  const settled = await settle(deps.residue, scope, rules);
  const of = scope.kind === "attempt" ? scope.attempt : undefined;
  if (settled.removed.length > 0) await record.record(removedFact(settled.removed, of));
  const { account, leaks, verdict, unremoved } = settled;
  await record.record({
    type: "account.taken",
    data: {
      ...(of ? { of } : {}),
      verdict,
      standing: countKinds(account.residue),
      stores: { ...account.stores },
      ...namedLeaks(leaks),
      unknown: unknownPlaces(account),
      durationMs: deps.clock.monotonicMs() - startedMs,
    },
  });
  if (verdict === "leaked") {
    const whose = of ? `${of.attempt} left` : "something left";
    const [first] = unremoved;
    const why = first ? `: ${first.why}` : "";
    const message = safeLine(
      `${whose} what could not be removed: ${leakInWords({ residue: leaks, omitted: 0 })}${why}`,
    );
    await record.record({ type: "warning.raised", data: { code: "leak", message } });
  }
  return settled;
}

/** The first leaks by name, as events have them, and the number of the others. */
export function namedLeaks(leaks: readonly Residue[]): { leaks: Residue[]; omitted: number } {
  const named = leaks.slice(0, NAMED_LEAKS);
  return { leaks: named, omitted: leaks.length - named.length };
}

export function unknownPlaces(account: Account): { place: string; message: string }[] {
  return account.unknown.map(({ place, message }) => ({ place, message: safeLine(message) }));
}

function removedFact(removed: readonly Residue[], of: AttemptRef | undefined): Fact {
  const { container = 0, volume = 0, network = 0, ...others } = countKinds(removed);
  return {
    type: "leftovers.removed",
    data: {
      containers: container,
      volumes: volume,
      networks: network,
      ...(Object.keys(others).length > 0 ? { others } : {}),
      bytes: bytesOf(removed),
      ...(of ? { of } : {}),
    },
  };
}

function isSame(a: Residue, b: Residue): boolean {
  return a.kind === b.kind && a.place === b.place && a.name === b.name;
}

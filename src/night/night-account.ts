import type { MayStand } from "../core/account.ts";
import type { AttemptRef } from "../core/attempt.ts";
import { keepsRefs } from "../core/landing-again.ts";
import type { NightState } from "../core/night-state.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import { leakInWords, unrepairedLeak } from "../core/unrepaired-leak.ts";
import type { History } from "./history.ts";
import type { Night } from "./night.ts";
import { settleAccount } from "./settle-account.ts";

/** What a person does about a leak. */
export const REPAIR_HINT = "See what it is, and let it be removed: nightwarden doctor --repair";

/** Throws where an earlier night left what could not be removed, and nobody has repaired that since. */
export function refuseUnrepaired(history: History): void {
  const unrepaired = unrepairedLeak(history);
  if (!unrepaired) return;
  const { night, leak } = unrepaired;
  throw new NightwardenError({
    code: "refused.leak",
    message: `night ${night} left what could not be removed: ${leakInWords(leak)}`,
    hint: REPAIR_HINT,
  });
}

/**
 * The account at the beginning: what a crash left is removed, which is no leak; what cannot be removed, or a place that
 * cannot be asked, keeps the night from starting.
 */
export async function openAccount(night: Night, history: History): Promise<void> {
  await night.deps.releaseShared();
  const mayStand = { landed: landedTokens(night, history), running: new Set<string>(), isInUse: false };
  const { verdict, leaks, account } = await settleAccount(night, { kind: "workspace" }, { mayStand });
  if (verdict === "leaked") {
    throw new NightwardenError({
      code: "refused.leak",
      message: `something is left of earlier nights and cannot be removed: ${leakInWords({ residue: leaks, omitted: 0 })}`,
      hint: REPAIR_HINT,
    });
  }
  const [unknown] = account.unknown;
  if (unknown) throw new NightwardenError({ code: unknown.code, message: unknown.message });
}

/** The account before the first attempt: what bears the mark of an attempt is over by now, and what grows begins here. */
export async function accountBeforeAttempts(night: Night, history: History): Promise<void> {
  await settleAccount(night, { kind: "workspace" }, { mayStand: inUse(landedTokens(night, history)) });
}

/** The account of an attempt that is over: nothing of it may stand but what keeps a landed commit. */
export async function accountAfterAttempt(night: Night, attempt: AttemptRef, repo: string): Promise<void> {
  const mayStand = inUse(new Set(landedIn(night.record.state)));
  await settleAccount(night, { kind: "attempt", attempt, repo }, { mayStand });
}

/**
 * The account at the end: nothing of the night runs any more. Only now it is judged what the shadows have grown by, since
 * only now what no ref reaches may be dropped: it could be another attempt's that has no ref yet. Resolves to what is left
 * and could not be removed, in words; undefined: nothing is.
 */
export async function closeAccount(night: Night, history: History): Promise<string | undefined> {
  await night.deps.releaseShared();
  const { stores: before, captured } = night.record.state;
  const { verdict, account, leaks } = await settleAccount(
    night,
    { kind: "workspace" },
    {
      mayStand: { landed: landedTokens(night, history), running: new Set(), isInUse: false },
      growth: { before, captured: Object.fromEntries(captured) },
    },
  );
  if (verdict === "leaked") return `it could not be removed: ${leakInWords({ residue: leaks, omitted: 0 })}`;
  if (verdict === "clean") return undefined;
  const places = account.unknown.map(({ place, message }) => `${place}: ${message}`).join("; ");
  const message = `what is left could not be counted, and is at the next start: ${places}`;
  await night.record.record({ type: "warning.raised", data: { code: "not-counted", message } });
  return undefined;
}

function inUse(landed: ReadonlySet<string>): MayStand {
  return { landed, running: new Set(), isInUse: true };
}

function landedTokens(night: Night, history: History): Set<string> {
  return tokensOfLanded([...history.nights, night.record.state]);
}

/** Tokens of the attempts that have landed in any of `nights`, or may land again. */
export function tokensOfLanded(nights: readonly NightState[]): Set<string> {
  return new Set(nights.flatMap(landedIn));
}

function landedIn(state: NightState): string[] {
  return [...state.tasks.values()].flatMap(({ attempts }) =>
    attempts.flatMap((attempt) => (keepsRefs(state, attempt) ? [attempt.token] : [])),
  );
}

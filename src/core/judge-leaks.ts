import type { Account } from "./account.ts";
import type { ProbeFinding } from "./probe.ts";
import { countKinds, kindsInWords, type Residue } from "./residue.ts";

const HINT = "See what it is, and let it be removed: nightwarden doctor --repair";

/** What a person hears about what is left: of a night that could not remove it, or of a run that a crash ended. */
export function judgeLeaks(facts: {
  /** In words; undefined: no night has left what it could not remove, or that was repaired. */
  readonly unrepaired: string | undefined;
  /** undefined: not counted, since a night works here now. */
  readonly now: { readonly leaks: readonly Residue[]; readonly unknown: Account["unknown"] } | undefined;
}): ProbeFinding {
  const { unrepaired, now } = facts;
  if (unrepaired !== undefined)
    return {
      verdict: "refused",
      message: `a night left what it could not remove: ${unrepaired}`,
      hint: HINT,
    };
  if (!now) return { verdict: "ok", message: "a night works here now; what it leaves is counted by it" };
  const [unknown] = now.unknown;
  if (now.leaks.length > 0) {
    const message = `${kindsInWords(countKinds(now.leaks))} left of a run that was cut off; the next night removes it`;
    return { verdict: "warning", message, hint: `To remove it now: nightwarden doctor --repair` };
  }
  if (unknown) {
    const message = `not all could be counted: ${unknown.place}: ${unknown.message}`;
    return { verdict: "warning", message, hint: "What cannot be counted is counted at the next start." };
  }
  return { verdict: "ok", message: "nothing is left of earlier nights" };
}

import type { MakeInvariant } from "./invariant.ts";
import * as alerts from "./invariants/alerts.ts";
import * as attempts from "./invariants/attempts.ts";
import * as branch from "./invariants/branch.ts";
import * as checkpoints from "./invariants/checkpoints.ts";
import * as failures from "./invariants/failures.ts";
import * as journal from "./invariants/journal.ts";
import * as sideBySide from "./invariants/side-by-side.ts";
import * as scheduling from "./invariants/scheduling.ts";

/** What every night keeps, whatever happens to it. */
export const INVARIANTS: Readonly<Record<string, MakeInvariant>> = {
  "only-verified-on-branch": branch.onlyVerifiedOnBranch,
  "branch-is-as-recorded": branch.branchIsAsRecorded,
  "persons-branch-is-left": branch.personsBranchIsLeft,
  "one-outcome-each": attempts.oneOutcomeEach,
  "numbers-rise": attempts.numbersRise,
  "nothing-late": attempts.nothingLate,
  "one-attempt-each": attempts.oneAttemptEach,
  "attempts-are-counted": attempts.attemptsAreCounted,
  "starts-from-tip": attempts.startsFromTip,
  "breaker-stops": failures.breakerStops,
  "only-dependents-skipped": failures.onlyDependentsSkipped,
  "results-are-true": failures.resultsAreTrue,
  "results-in-order": failures.resultsInOrder,
  "alerts-are-raised": alerts.alertsAreRaised,
  "blame-is-right": checkpoints.blameIsRight,
  "ends-on-green": checkpoints.endsOnGreen,
  "goes-back-to-green": checkpoints.goesBackToGreen,
  "parallel-limit-kept": sideBySide.parallelLimitKept,
  "overlaps-wait": sideBySide.overlapsWait,
  "paused-starts-nothing": sideBySide.pausedStartsNothing,
  "dependencies-first": scheduling.dependenciesFirst,
  "order-is-listed": scheduling.orderIsListed,
  "stops-when-told": scheduling.stopsWhenTold,
  "caps-are-held-to": scheduling.capsAreHeldTo,
  "prefixes-replay": journal.prefixesReplay,
  "nothing-is-left": journal.nothingIsLeft,
};

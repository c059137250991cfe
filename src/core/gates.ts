import { forcedPromotions, type ForcedPromotion } from "./forced-promotion.ts";
import { evidenceOf, type Criterion, type Evidence } from "./gate-criterion.ts";
import { drillCriteria } from "./gate-drills.ts";
import { gateEvidence, type GateEvidence, type GateFacts, type PhaseEvent } from "./gate-evidence.ts";
import { faultCriteria } from "./gate-faults.ts";
import { nightCriteria } from "./gate-nights.ts";
import { taskCriteria } from "./gate-tasks.ts";
import type { NightId } from "./ids.ts";
import type { NightEnd } from "./night-events.ts";
import { PHASES, type Phase } from "./policy.ts";

/** What stands between a workspace and its next phase. */
export interface GateReport {
  readonly phase: Phase;
  /** null: there is none, and the criteria are those of the last phase being complete. */
  readonly next: Phase | null;
  /** The event with which the phase was entered; null: the workspace began in it. */
  readonly entered: Evidence | null;
  /** All of them are met. */
  readonly met: boolean;
  readonly criteria: readonly Criterion[];
  /** The nights of work since then, oldest first, and why one does not count as a night. */
  readonly nights: readonly GateNightReport[];
  /** Every promotion that was forced, ever. */
  readonly forced: readonly ForcedPromotion[];
}

interface GateNightReport {
  readonly night: NightId;
  readonly end: NightEnd | null;
  /** Tasks that landed or failed. */
  readonly tasks: number;
  /** null: it counts. */
  readonly uncounted: string | null;
}

/**
 * The gate of the phase that a workspace is in. From the journals alone, so that the same ones give the same verdict on
 * any machine; that they are whole is another question: see `journalGaps`. Texts in it may be untrusted.
 */
export function gateReport(facts: GateFacts): GateReport {
  const { phase } = facts.policy;
  const evidence = gateEvidence(facts);
  const criteria = [
    ...taskCriteria(evidence),
    ...drillCriteria(evidence),
    ...nightCriteria(evidence),
    ...faultCriteria(evidence),
  ];
  return {
    phase,
    next: nextPhase(phase),
    entered: evidence.entered ? entryOf(evidence.entered) : null,
    met: criteria.every(({ met }) => met),
    criteria,
    nights: nightReports(evidence),
    forced: forcedPromotions(facts.workspace),
  };
}

/** null: there is none after `phase`. */
export function nextPhase(phase: Phase): Phase | null {
  return PHASES[PHASES.indexOf(phase) + 1] ?? null;
}

function nightReports({ nights, uncounted }: GateEvidence): GateNightReport[] {
  return nights.map(({ night, end, tasks }) => ({
    night,
    end,
    tasks: tasks.length,
    uncounted: uncounted.get(night) ?? null,
  }));
}

function entryOf(event: PhaseEvent): Evidence {
  const { from, to } = event.data;
  const what = event.type === "phase.promoted" ? "promoted" : "demoted";
  return evidenceOf(event, `${what} from phase ${from} to ${to}`);
}

import type { NightwardenEvent } from "./event.ts";
import { inertPromotion } from "./forced-promotion.ts";
import type { Criterion, Evidence } from "./gate-criterion.ts";
import { gateReport, type GateReport } from "./gates.ts";
import { journalGaps, type JournalGap } from "./journal-gaps.ts";
import type { Loosening, Policy } from "./policy.ts";
import { safeLine } from "./safe-text.ts";

/** What `nightwarden gates --json` prints. All text in it is inert; times are ISO 8601 in UTC. */
export interface WorkspaceGate extends GateReport {
  readonly version: 1;
  /** Met, and the journals are whole: a promotion needs no force. */
  readonly ok: boolean;
  /** Why the journals are not all that there was; empty: they are. */
  readonly gaps: readonly JournalGap[];
  /** Of the policy in force, under which nights count. */
  readonly policyHash: string;
  /** Everything of that policy that allows more, or asks for less, than the phase's own. */
  readonly loosened: readonly Loosening[];
  readonly loosenedReason: string | null;
}

/** The gate as people and programs get to see it. */
export function workspaceGate(facts: {
  readonly workspace: readonly NightwardenEvent[];
  readonly nights: readonly (readonly NightwardenEvent[])[];
  readonly unread: readonly JournalGap[];
  readonly policy: Pick<Policy, "phase" | "gate">;
  readonly policyHash: string;
  readonly loosened: readonly Loosening[];
  readonly loosenedReason: string | undefined;
  readonly repositories: readonly string[];
}): WorkspaceGate {
  const report = gateReport(facts);
  const gaps = journalGaps(facts);
  const { policyHash, loosened, loosenedReason } = facts;
  return {
    version: 1,
    ...report,
    entered: report.entered && inertEvidence(report.entered),
    ok: report.met && gaps.length === 0,
    criteria: report.criteria.map(inertCriterion),
    nights: report.nights.map((night) => ({
      ...night,
      uncounted: night.uncounted === null ? null : safeLine(night.uncounted),
    })),
    forced: report.forced.map(inertPromotion),
    gaps: gaps.map(({ night, message }) => ({ night, message: safeLine(message) })),
    policyHash,
    loosened: loosened.map(inertLoosening),
    loosenedReason: loosenedReason === undefined ? null : safeLine(loosenedReason),
  };
}

function inertCriterion(criterion: Criterion): Criterion {
  return {
    ...criterion,
    loosened: criterion.loosened.map(inertLoosening),
    evidence: criterion.evidence.map(inertEvidence),
  };
}

function inertEvidence(evidence: Evidence): Evidence {
  return { ...evidence, what: safeLine(evidence.what) };
}

function inertLoosening({ key, specified, used }: Loosening): Loosening {
  return { key: safeLine(key), specified: safeLine(specified), used: safeLine(used) };
}

import { atMost, type Criterion } from "./gate-criterion.ts";
import type { GateEvidence } from "./gate-evidence.ts";
import { looseningsOf } from "./gate-loosenings.ts";

/**
 * What speaks against a workspace: looked for in every night of work since the phase was entered, watched or not and
 * under whatever policy, so that no change of a file can make it unseen.
 */
export function faultCriteria(evidence: GateEvidence): Criterion[] {
  const { gate, nights } = evidence;
  const sample = { of: nights.length, what: "nights" } as const;
  const criteria: Criterion[] = [];
  if (gate.capsReached !== undefined) {
    const caps = nights.flatMap((night) => night.caps);
    criteria.push(
      atMost(gate.capsReached, caps.length, {
        criterion: "caps-reached",
        says: `${counted(gate.capsReached, "attempt")} reached a cap`,
        sample,
        loosened: looseningsOf(evidence, "capsReached"),
        evidence: caps,
      }),
    );
  }
  if (gate.abnormalEnds !== undefined) {
    const abnormal = nights.filter((night) => night.abnormal.length > 0);
    criteria.push(
      atMost(gate.abnormalEnds, abnormal.length, {
        criterion: "abnormal-ends",
        says: `${counted(gate.abnormalEnds, "night")} ended abnormally`,
        sample,
        loosened: looseningsOf(evidence, "abnormalEnds"),
        evidence: abnormal.flatMap((night) => night.abnormal),
      }),
    );
  }
  if (gate.failedRollbacks !== undefined) {
    const failed = nights.flatMap((night) => night.failedRollbacks);
    criteria.push(
      atMost(gate.failedRollbacks, failed.length, {
        criterion: "failed-rollbacks",
        says: `${counted(gate.failedRollbacks, "rollback")} failed`,
        sample,
        loosened: looseningsOf(evidence, "failedRollbacks"),
        evidence: failed,
      }),
    );
  }
  return criteria;
}

function counted(most: number, what: string): string {
  if (most === 0) return `no ${what}`;
  return `at most ${most} ${what}${most === 1 ? "" : "s"}`;
}

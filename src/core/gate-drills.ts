import { atLeast, evidenceOf, type Criterion } from "./gate-criterion.ts";
import type { GateEvidence } from "./gate-evidence.ts";
import { looseningsOf } from "./gate-loosenings.ts";
import { GATE_DRILLS } from "./gate-policy.ts";

const WHAT_FOLLOWS = {
  "dangerous-symbol": "a dangerous symbol stops the night",
  "failing-test": "a failing test is rolled back",
  "forbidden-import": "a forbidden import stops the night",
  "two-failures": "two failures in a row stop everything",
} as const;

/**
 * What gates ask of the drills. The last run of each counts, since the phase was entered, and under the policy in force: a
 * guard that held before its rule was switched off shows nothing.
 */
export function drillCriteria(evidence: GateEvidence): Criterion[] {
  const { gate, drills } = evidence;
  const criteria = GATE_DRILLS.filter((drill) => gate.drills?.includes(drill)).map((drill): Criterion => {
    const runs = drills.filter(({ data }) => data.drill === drill);
    const last = runs.at(-1);
    const isOther = (last?.data.policyHash ?? evidence.policyHash) !== evidence.policyHash;
    const other = isOther ? ", under another policy than the one in force" : "";
    return atLeast(1, last?.data.verdict === "held" && !isOther ? 1 : 0, {
      criterion: `drill-${drill}`,
      says: `${WHAT_FOLLOWS[drill]} (drill ${drill})`,
      sample: { of: runs.length, what: "drills" },
      loosened: [],
      evidence: last ? [evidenceOf(last, `the drill ${drill}: ${last.data.verdict}${other}`)] : [],
    });
  });
  if (gate.dockerTrial !== undefined) criteria.push(dockerTrial(evidence, gate.dockerTrial));
  return criteria;
}

/** A trial that said no has a verdict: what comes later then means the user of its own. */
function dockerTrial(evidence: GateEvidence, isNeeded: boolean): Criterion {
  const runs = evidence.drills.filter(({ data }) => data.drill === "docker");
  const judged = runs.flatMap((event) => {
    const { trial, verdict } = event.data;
    return trial && verdict !== "inconclusive" ? [{ event, answer: trial.answer }] : [];
  });
  const last = judged.at(-1);
  return atLeast(isNeeded ? 1 : 0, last ? 1 : 0, {
    criterion: "docker-trial",
    says: "the Docker trial has a verdict (drill docker)",
    sample: { of: runs.length, what: "drills" },
    loosened: looseningsOf(evidence, "dockerTrial"),
    evidence: last ? [evidenceOf(last.event, `the Docker trial said ${last.answer}`)] : [],
  });
}

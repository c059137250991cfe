import { formatDuration } from "./duration.ts";
import { atLeast, type Criterion } from "./gate-criterion.ts";
import type { GateEvidence } from "./gate-evidence.ts";
import { looseningsOf } from "./gate-loosenings.ts";
import { conditionsOf, type GateNight } from "./gate-night.ts";
import type { GatePolicy } from "./gate-policy.ts";
import { wholeShare } from "./gate-tasks.ts";

/** What gates ask of whole nights. */
export function nightCriteria(evidence: GateEvidence): Criterion[] {
  const { gate, nights, counted } = evidence;
  const sample = { of: nights.length, what: "nights" } as const;
  const criteria: Criterion[] = [];
  if (gate.nights !== undefined) {
    const length = gate.nightLength === undefined ? "" : ` of ${formatDuration(gate.nightLength)} or more`;
    criteria.push(
      atLeast(gate.nights, counted.length, {
        criterion: "nights",
        says: `${gate.nights} ${gate.nights === 1 ? "night" : "nights"}${length} without a person ended normally`,
        sample,
        loosened: [...looseningsOf(evidence, "nights"), ...looseningsOf(evidence, "nightLength")],
        evidence: counted.map(({ last }) => last),
      }),
    );
  }
  if (gate.tasksInNight !== undefined) {
    const most = counted.reduce<GateNight | undefined>(
      (best, night) => (best && best.tasks.length >= night.tasks.length ? best : night),
      undefined,
    );
    criteria.push(
      atLeast(gate.tasksInNight, most?.tasks.length ?? 0, {
        criterion: "tasks-in-night",
        says: `${gate.tasksInNight} tasks landed or failed in one night`,
        sample: { of: counted.length, what: "nights" },
        loosened: looseningsOf(evidence, "tasksInNight"),
        evidence: most ? [most.last] : [],
      }),
    );
  }
  if (gate.nightsInARow !== undefined) {
    const row = lastRow(evidence);
    criteria.push(
      atLeast(gate.nightsInARow, row.length, {
        criterion: "nights-in-a-row",
        says: `${gate.nightsInARow} nights in a row at that level, under the same conditions`,
        sample,
        loosened: looseningsOf(evidence, "nightsInARow"),
        evidence: row.map(({ last }) => last),
      }),
    );
  }
  return criteria;
}

/** The last nights that were at the level of the gate, without one between them that was not, and all under the same conditions. */
function lastRow({ nights, counted, gate }: GateEvidence): GateNight[] {
  let row: GateNight[] = [];
  for (const night of nights) {
    const [before] = row;
    if (counted.includes(night) && isAtLevel(night, gate)) {
      row = before && conditionsOf(before) === conditionsOf(night) ? [...row, night] : [night];
    } else if (!saysNothing(night, gate)) {
      row = [];
    }
  }
  return row;
}

function isAtLevel({ tasks, caps, failedRollbacks }: GateNight, gate: GatePolicy): boolean {
  const landed = tasks.filter(({ result }) => result === "landed").length;
  return (
    caps.length <= (gate.capsReached ?? Infinity) &&
    failedRollbacks.length <= (gate.failedRollbacks ?? Infinity) &&
    tasks.length >= (gate.tasksInNight ?? 0) &&
    landed >= wholeShare(gate.landedShare ?? 0, tasks.length)
  );
}

/**
 * A person watched it, stopped it or has yet to see its end, or nothing was tried: neither for nor against the row. What
 * speaks against the workspace does so in these nights as well.
 */
function saysNothing({ started, end, tries, caps, abnormal }: GateNight, gate: GatePolicy): boolean {
  if (abnormal.length > 0 || caps.length > (gate.capsReached ?? Infinity)) return false;
  return started.attended || end === null || end === "interrupted" || tries === 0;
}

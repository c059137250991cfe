import { atLeast, type Criterion } from "./gate-criterion.ts";
import type { GateEvidence } from "./gate-evidence.ts";
import type { FinishedTask } from "./gate-night.ts";
import { looseningsOf } from "./gate-loosenings.ts";

/** What gates ask of the tasks themselves. */
export function taskCriteria(evidence: GateEvidence): Criterion[] {
  const { gate, tasks } = evidence;
  const criteria: Criterion[] = [];
  const landed = tasks.filter(({ result }) => result === "landed");
  const sample = { of: tasks.length, what: "tasks" } as const;
  if (gate.landedTasks !== undefined) {
    criteria.push(
      atLeast(gate.landedTasks, landed.length, {
        criterion: "landed-tasks",
        says:
          gate.landedTasks === 1 ? "1 task has landed" : `${gate.landedTasks} different tasks have landed`,
        sample,
        loosened: looseningsOf(evidence, "landedTasks"),
        evidence: landed.map((task) => task.evidence),
      }),
    );
  }
  if (gate.kinds !== undefined) {
    const first = firstOfEachKind(landed);
    criteria.push(
      atLeast(gate.kinds, first.length, {
        criterion: "kinds",
        says: `${gate.kinds} of the 5 kinds (fix, add, test, deps, refactor) are among them`,
        sample: { of: landed.length, what: "tasks" },
        loosened: looseningsOf(evidence, "kinds"),
        evidence: first.map(({ kind, evidence: event }) => ({ ...event, what: `${kind}: ${event.what}` })),
      }),
    );
  }
  if (gate.landedShare !== undefined) criteria.push(landedShare(evidence, gate.landedShare));
  return criteria;
}

/** Fewer tasks than the sample has are no sample: nothing is met by them. */
function landedShare(evidence: GateEvidence, share: number): Criterion {
  const wanted = evidence.gate.lastTasks ?? 1;
  const last = evidence.tasks.slice(-wanted);
  const landed = last.filter(({ result }) => result === "landed");
  const needed = wholeShare(share, wanted);
  const criterion = atLeast(needed, landed.length, {
    criterion: "landed-share",
    says: `${needed} of the last ${wanted} tasks landed`,
    sample: { of: last.length, what: "tasks" },
    loosened: [...looseningsOf(evidence, "landedShare"), ...looseningsOf(evidence, "lastTasks")],
    evidence: last.map((task) => task.evidence),
  });
  return { ...criterion, met: criterion.met && last.length === wanted };
}

/** The least whole number that is `share` of `of`. Numbers such as 0.7 × 10 are not exact. */
export function wholeShare(share: number, of: number): number {
  return Math.ceil(share * of - 1e-9);
}

function firstOfEachKind(tasks: readonly FinishedTask[]): FinishedTask[] {
  return tasks.filter(({ kind }, at) => tasks.findIndex((other) => other.kind === kind) === at);
}

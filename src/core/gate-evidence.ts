import type { NightwardenEvent } from "./event.ts";
import { gateNight, type FinishedTask, type GateNight } from "./gate-night.ts";
import type { NightId } from "./ids.ts";
import type { NightEnd } from "./night-events.ts";
import type { Loosening, Policy } from "./policy.ts";

/** Everything that a gate is computed from: the journals, and what the workspace's files say now. */
export interface GateFacts {
  /** The workspace's own stream, in its order. */
  readonly workspace: readonly NightwardenEvent[];
  /** Every night's stream, in its order; the nights in any. */
  readonly nights: readonly (readonly NightwardenEvent[])[];
  /** Of the phase that the workspace is in, with its own changes. */
  readonly policy: Pick<Policy, "phase" | "gate">;
  readonly policyHash: string;
  /** What of that policy asks for less than the phase's own. */
  readonly loosened: readonly Loosening[];
  /** The names of the configured repositories. */
  readonly repositories: readonly string[];
}

export type PhaseEvent = Extract<NightwardenEvent, { readonly type: "phase.promoted" | "phase.demoted" }>;
type DrillEvent = Extract<NightwardenEvent, { readonly type: "drill.finished" }>;

/** What counts since the phase was entered. */
export interface GateEvidence {
  readonly gate: Policy["gate"];
  readonly policyHash: string;
  readonly loosened: readonly Loosening[];
  /** The event with which the phase was entered; undefined: the workspace began in it. */
  readonly entered: PhaseEvent | undefined;
  /** Drills since then, in their order. */
  readonly drills: readonly DrillEvent[];
  /** Nights of work in this phase, in their order. What speaks against the workspace is looked for in all of them. */
  readonly nights: readonly GateNight[];
  /** Those of them that were alone, long enough, under the policy in force, and ended normally. */
  readonly counted: readonly GateNight[];
  /** Why each of the others does not count as a night. */
  readonly uncounted: ReadonlyMap<NightId, string>;
  /** Different tasks of configured repositories that landed or failed, each with its last result; by that, oldest first. */
  readonly tasks: readonly FinishedTask[];
}

const NORMAL_ENDS: ReadonlySet<NightEnd> = new Set(["queue-empty", "time-limit", "quota"]);

/** Chooses from all journals what counts. Nothing of it depends on a clock, on a locale, or on the order of the nights. */
export function gateEvidence(facts: GateFacts): GateEvidence {
  const { workspace, policy, policyHash, loosened } = facts;
  const entered = workspace.findLast(
    (event) => event.type === "phase.promoted" || event.type === "phase.demoted",
  );
  const since = (seq: number): boolean => seq > (entered?.seq ?? -1);
  const nights = inOrder(facts)
    .filter(({ listed, at }) => (listed === undefined ? at >= (entered?.at ?? "") : since(listed)))
    .map(({ night }) => ofRepositories(night, facts.repositories))
    .filter(({ started }) => started.purpose === "work" && started.phase === policy.phase);
  const uncounted = new Map<NightId, string>();
  for (const night of nights) {
    const why = whyUncounted(night, policy.gate.nightLength ?? 0, policyHash);
    if (why !== undefined) uncounted.set(night.night, why);
  }
  return {
    gate: policy.gate,
    policyHash,
    loosened,
    entered,
    drills: workspace.filter((event) => event.type === "drill.finished").filter(({ seq }) => since(seq)),
    nights,
    counted: nights.filter(({ night }) => !uncounted.has(night)),
    uncounted,
    tasks: lastResults(nights.filter(({ started }) => isTrusted(started, policyHash))),
  };
}

/** Tasks count from nights that were not looser than their phase, and from those under the policy in force. */
function isTrusted({ loosened, policyHash }: GateNight["started"], inForce: string): boolean {
  return loosened.length === 0 || policyHash === inForce;
}

interface PlacedNight {
  readonly night: GateNight;
  readonly at: string;
  /** Its place in the workspace's stream; undefined: it is not there, as in earlier versions. */
  readonly listed: number | undefined;
}

/** As the workspace lists them, which no clock can change; before these the nights of earlier versions, by time and name. */
function inOrder({ workspace, nights }: GateFacts): PlacedNight[] {
  const listed = new Map<NightId, number>();
  for (const event of workspace) {
    if (event.type === "night.listed") listed.set(event.data.listed, event.seq);
  }
  return nights
    .flatMap((events) => {
      const night = gateNight(events);
      const at = events[0]?.at ?? "";
      return night ? [{ night, at, listed: listed.get(night.night) }] : [];
    })
    .toSorted(
      (a, b) =>
        (a.listed ?? -1) - (b.listed ?? -1) || compare(a.at, b.at) || compare(a.night.night, b.night.night),
    );
}

/** By code units: the same on every machine. */
function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function ofRepositories(night: GateNight, repositories: readonly string[]): GateNight {
  return { ...night, tasks: night.tasks.filter(({ repo }) => repositories.includes(repo)) };
}

/** Why a night is not one that a gate counts; undefined: it is. */
function whyUncounted(night: GateNight, nightLengthMs: number, policyHash: string): string | undefined {
  const { started, end, tasks, abnormal } = night;
  if (end === null) return "it has no end";
  if (abnormal.length > 0) return abnormal.map(({ what }) => what).join("; ");
  if (started.attended) return "a person watched it";
  if (!NORMAL_ENDS.has(end)) return `it ended by ${end}`;
  if (started.policyHash !== policyHash) return "it was under another policy than the one in force";
  if (started.windowMs === undefined) return "it does not say how long its window was";
  if (started.windowMs !== null && started.windowMs < nightLengthMs) return "its window was too short";
  return tasks.length === 0 ? "no task landed or failed in it" : undefined;
}

/** One result for each task, its last; in the order of these. */
function lastResults(nights: readonly GateNight[]): FinishedTask[] {
  const byKey = new Map<string, FinishedTask>();
  for (const task of nights.flatMap(({ tasks }) => tasks)) {
    byKey.delete(task.key);
    byKey.set(task.key, task);
  }
  return [...byKey.values()];
}

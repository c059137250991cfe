import type { DependencySet } from "../contracts/dependencies.ts";
import type { JournalStore } from "../contracts/journal.ts";
import type { NightwardenEvent } from "../core/event.ts";
import type { NightId } from "../core/ids.ts";
import { replay, type NightState } from "../core/night-state.ts";
import { setOf } from "./night.ts";

/** Everything that the workspace's journals say, before a night begins. */
export interface History {
  /** Oldest first. */
  readonly nights: readonly NightState[];
  readonly workspace: readonly NightwardenEvent[];
}

export async function readHistory(journals: JournalStore): Promise<History> {
  const nights: NightState[] = [];
  for (const night of await journals.nights()) {
    const { events } = await journals.read(night);
    nights.push(replay(night, events));
  }
  return { nights, workspace: (await journals.read(null)).events };
}

/** Keys of baselines that were green in some night. */
export function greenBaselines(history: History): Set<string> {
  const keys = new Set<string>();
  for (const { repositories } of history.nights) {
    for (const { baseline } of repositories.values()) {
      if (baseline?.result === "green" || baseline?.result === "green-cached") keys.add(baseline.key);
    }
  }
  return keys;
}

/**
 * Sets of dependencies that were settled in some night, by their key; those that were used last come last. One that was
 * installed from what an attempt has written counts only where that has landed: else it was removed.
 */
export function settledSets(history: History): Map<string, DependencySet> {
  const sets = new Map<string, DependencySet>();
  for (const { repositories, attemptSets, tasks } of history.nights) {
    const landed = [...tasks.values()].flatMap(({ attempts }) =>
      attempts.flatMap(({ token, landed: commit }) => (commit === undefined ? [] : [token])),
    );
    const ofAttempts = attemptSets.filter(
      ({ source, of }) => source !== "candidate" || landed.includes(of.token),
    );
    for (const prepared of [...[...repositories.values()].map((each) => each.prepared), ...ofAttempts]) {
      const set = setOf(prepared);
      if (!set) continue;
      sets.delete(set.key);
      sets.set(set.key, set);
    }
  }
  return sets;
}

/** Nights that a person has declared merged. */
export function mergedNights(history: History): Set<NightId> {
  return new Set(
    history.workspace.flatMap((event) => (event.type === "night.merged" ? [event.data.merged] : [])),
  );
}

import type { Cleaned, RetainedPlace } from "../contracts/retained.ts";
import type { EventData } from "../core/event.ts";
import type { NightState } from "../core/night-state.ts";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import { countKinds } from "../core/residue.ts";
import { oldThings, type OldThings, type Retention } from "../core/retention.ts";
import type { Night } from "./night.ts";

/** What removes what nights have left on purpose, when it is old. */
export interface Cleaner {
  readonly places: readonly RetainedPlace[];
  readonly retention: Retention;
  /** Aborted when a night has waited long enough for it. */
  readonly deadline: () => AbortSignal;
}

/** What all places were cleaned of, and where that was not done. */
export interface CleanedPlaces extends Cleaned {
  readonly failed: readonly { readonly place: string; readonly message: string }[];
}

/**
 * Removes what is old, before a night's first agent starts. Says what went, and what there was no time for: neither keeps
 * the night from starting, since none of it is in anybody's way.
 */
export async function cleanOld(night: Night, nights: readonly NightState[]): Promise<void> {
  const { deps, record, stop } = night;
  const { cleaner } = deps;
  if (!cleaner) return;
  const old = oldThings(nights, cleaner.retention, deps.clock.now());
  const signal = AbortSignal.any([stop, cleaner.deadline()]);
  const { removed, bytes, isDone, failed } = await cleanPlaces(cleaner.places, old, signal);
  stop.throwIfAborted();
  if (removed.length > 0) {
    const data: EventData<"leftovers.removed"> = {
      containers: 0,
      volumes: 0,
      networks: 0,
      others: countKinds(removed),
      bytes,
      by: "retention",
    };
    await record.record({ type: "leftovers.removed", data });
  }
  const late = isDone ? [] : ["there was no time for all that is old; nightwarden doctor --repair takes it"];
  const problems = [...failed.map(({ place, message }) => `${place}: ${message}`), ...late];
  if (problems.length === 0) return;
  await record.record({
    type: "warning.raised",
    data: { code: "not-cleaned", message: problems.join("; ") },
  });
}

/** One place after the other. A place that cannot be cleaned keeps nobody from the others. */
export async function cleanPlaces(
  places: readonly RetainedPlace[],
  old: OldThings,
  signal: AbortSignal,
): Promise<CleanedPlaces> {
  const done: Cleaned[] = [];
  const failed: { place: string; message: string }[] = [];
  for (const place of places) {
    try {
      done.push(await place.clean(old, signal));
    } catch (error) {
      if (!(error instanceof NightwardenError)) throw error;
      failed.push({ place: place.name, message: messageOf(error) });
    }
  }
  return {
    removed: done.flatMap(({ removed }) => removed),
    bytes: done.reduce((sum, { bytes }) => sum + bytes, 0),
    isDone: done.every(({ isDone }) => isDone),
    failed,
  };
}

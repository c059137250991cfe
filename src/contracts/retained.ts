import type { Residue } from "../core/residue.ts";
import type { OldThings } from "../core/retention.ts";

/** What one place was cleaned of. */
export interface Cleaned {
  readonly removed: readonly Residue[];
  /** What is known of the bytes that were freed. */
  readonly bytes: number;
  /** false: it was stopped before it was done; what is left goes another time. */
  readonly isDone: boolean;
}

/**
 * One place where nights leave something on purpose, which grows old: what agents printed, a shadow repository.
 *
 * - `clean` removes what is of `old` and nothing else: what it cannot prove to be ours and old stays. It follows no link.
 * - When `signal` is aborted it stops at the next point where nothing is half done, and says so.
 * - Only for the holder of the workspace's lock, while nothing of the workspace runs.
 * - Throws a NightwardenError where the place cannot be looked at.
 */
export interface RetainedPlace {
  /** Names it to a person: `outputs`, `shadow of app`. */
  readonly name: string;
  clean(old: OldThings, signal: AbortSignal): Promise<Cleaned>;
}

import type { Fact, NightwardenEvent } from "../core/event.ts";
import type { NightId } from "../core/ids.ts";

/**
 * The append-only record of one night, or of the workspace.
 *
 * - `append` is durable when it resolves: an effect that depends on a fact begins only after that.
 * - One writer per stream. Appends are written in the order of the calls.
 * - A torn last line, from a crash in mid-write, is dropped on reading, and said (`tornBytes`).
 * - A line whose hash or predecessor does not match is never skipped: reading and opening refuse the whole stream with
 *   `refused.journal`, which names the file and the line.
 * - Where a write fails, `append` rejects with `infra.journal`, and so does every later one: what was promised before is
 *   kept, and half a line is never followed by another.
 * - Opening a stream that is open already, appending after `close`, and data that does not fit its event are mistakes
 *   of the program, and throw.
 */
export interface Journal {
  append(fact: Fact): Promise<NightwardenEvent>;
  close(): Promise<void>;
}

/** A stream as it stands on disk. */
export interface JournalContents {
  readonly events: readonly NightwardenEvent[];
  /** Bytes of a last line that was cut off by a crash; 0 for a clean stream. */
  readonly tornBytes: number;
}

export interface JournalStore {
  /** All nights that have a journal, oldest first. */
  nights(): Promise<NightId[]>;
  /** Reads and verifies one stream; `null` is the workspace's own. A stream that does not exist has no events. */
  read(night: NightId | null): Promise<JournalContents>;
  /** Opens a stream for its one writer, behind what it holds already. `onAppend` sees each event when it is durable; it must not throw. */
  open(night: NightId | null, onAppend?: (event: NightwardenEvent) => void): Promise<Journal>;
}

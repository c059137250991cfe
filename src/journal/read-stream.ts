import { NightwardenError } from "../core/nightwarden-error.ts";
import type { NightwardenEvent } from "../core/event.ts";
import { checkLine, LineRefusal } from "./check-line.ts";
import { CHAIN_START, type ChainEnd, type StreamIdentity } from "./seal-event.ts";
import { wholeLines } from "./whole-lines.ts";

/** One journal file, verified from its first byte to its last. */
export interface StreamContents {
  readonly events: readonly NightwardenEvent[];
  readonly end: ChainEnd;
  /** Length of all whole lines: where the next one belongs. */
  readonly wholeBytes: number;
  /** Bytes behind that, of a line that was never finished. */
  readonly tornBytes: number;
}

/**
 * Reads and verifies a journal file; one that does not exist is empty. The first line names the stream, and all others
 * must belong to it. Throws `refused.journal`, with the file and the line, for anything but a sound chain.
 *
 * A chain shows what was changed, removed or added before its last line; it cannot show that whole lines are missing
 * at its end. The remote copy can.
 */
export async function readStream(path: string, expected: Partial<StreamIdentity>): Promise<StreamContents> {
  const events: NightwardenEvent[] = [];
  let end = CHAIN_START;
  let wholeBytes = 0;
  let tornBytes = 0;
  try {
    for await (const part of wholeLines(path)) {
      if (part.kind === "torn") {
        tornBytes = part.bytes;
      } else {
        const stream = events[0]?.stream;
        const event = checkLine(part.bytes, { ...expected, ...(stream && { stream }), after: end });
        events.push(event);
        end = event;
        wholeBytes = part.end;
      }
    }
  } catch (error) {
    throw refusal(path, events.length + 1, error);
  }
  return { events, end: { seq: end.seq, hash: end.hash }, wholeBytes, tornBytes };
}

/** The first event of a file, without the others; undefined if there is none. */
export async function readFirstEvent(path: string): Promise<NightwardenEvent | undefined> {
  try {
    for await (const part of wholeLines(path)) {
      return part.kind === "line" ? checkLine(part.bytes, { after: CHAIN_START }) : undefined;
    }
  } catch (error) {
    throw refusal(path, 1, error);
  }
  return undefined;
}

function refusal(path: string, line: number, error: unknown): NightwardenError {
  if (!(error instanceof LineRefusal)) {
    return new NightwardenError({
      code: "infra.journal",
      message: `${path} cannot be read`,
      hint: "Look at the disk and at the file's permissions.",
      cause: error,
    });
  }
  return new NightwardenError({
    code: "refused.journal",
    message: `${path}:${line} ${error.message}`,
    hint: error.newer
      ? "It was written by a newer Nightwarden: update this one."
      : "The record is damaged or was edited, and cannot be believed from there on. Put back the file from a backup, or move it away to go on without it.",
  });
}

import { open, type FileHandle } from "node:fs/promises";
import { systemCode } from "../lib/state-folder.ts";
import { LineRefusal } from "./check-line.ts";
import { MAX_LINE_BYTES } from "./seal-event.ts";

const CHUNK_BYTES = 256 * 1024;
const LINE_FEED = 10;

export type FilePart =
  /** A line that has its line feed, without it; `end` is the offset behind the line feed. */
  | { readonly kind: "line"; readonly bytes: Uint8Array; readonly end: number }
  /** What follows the last line feed: a crash came in the middle of a write. Always the last part. */
  | { readonly kind: "torn"; readonly bytes: number };

/**
 * The lines of a file, one after the other, and in bounded memory. A file that does not exist has none.
 * A line over the limit is refused with a LineRefusal.
 */
export async function* wholeLines(path: string): AsyncGenerator<FilePart, void> {
  const handle = await openExisting(path);
  if (!handle) return;
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let rest: Buffer = Buffer.alloc(0);
    let end = 0;
    for (;;) {
      const { bytesRead } = await handle.read(chunk);
      if (bytesRead === 0) break;
      const bytes = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      let start = 0;
      for (let at = bytes.indexOf(LINE_FEED, rest.length); at >= 0; at = bytes.indexOf(LINE_FEED, start)) {
        const length = at + 1 - start;
        refuseOverLimit(length);
        end += length;
        yield { kind: "line", bytes: bytes.subarray(start, at), end };
        start = at + 1;
      }
      rest = bytes.subarray(start);
      refuseOverLimit(rest.length);
    }
    if (rest.length > 0) yield { kind: "torn", bytes: rest.length };
  } finally {
    await handle.close();
  }
}

async function openExisting(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function refuseOverLimit(lineBytes: number): void {
  if (lineBytes > MAX_LINE_BYTES) throw new LineRefusal("is longer than a line can be");
}

import type { ProgramOutput } from "./enclosed-program.ts";

const HEADER_BYTES = 8;
const STDERR = 2;

/**
 * Takes an engine's attach stream apart. Pulls, so that a reader that is slow slows the container down and does not fill
 * our memory. A connection that breaks is the end of the stream: how the container ended is asked of the engine, not
 * guessed here.
 */
export async function* demultiplex(source: AsyncIterable<Buffer>): AsyncGenerator<ProgramOutput> {
  for await (const { stream, bytes } of pieces(source)) {
    yield { stream: stream === STDERR ? "stderr" : "stdout", bytes };
  }
}

/** The stream's pieces. Each has a header of eight bytes: which stream, three zeros, and the length. */
export async function* pieces(
  source: AsyncIterable<Buffer>,
): AsyncGenerator<{ readonly stream: number; readonly bytes: Buffer }, undefined> {
  let buffered: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of source) {
      buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
      let at = 0;
      while (buffered.length - at >= HEADER_BYTES) {
        const length = buffered.readUInt32BE(at + 4);
        const end = at + HEADER_BYTES + length;
        if (buffered.length < end) break;
        yield { stream: buffered[at] ?? 0, bytes: buffered.subarray(at + HEADER_BYTES, end) };
        at = end;
      }
      buffered = buffered.subarray(at);
    }
  } catch (error) {
    if (!isConnectionEnd(error)) throw error;
  }
}

function isConnectionEnd(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return ["ECONNRESET", "EPIPE", "ERR_STREAM_PREMATURE_CLOSE", "ABORT_ERR"].includes(code);
}

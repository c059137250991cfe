import { deserialize, serialize } from "node:v8";
import type { Change } from "../core/change.ts";
import type { CheckSettings } from "../core/check-settings.ts";

/** What the checking program is asked. */
export interface InspectRequest {
  readonly change: Change;
  readonly settings: CheckSettings;
  /** Paths that ended the program before. */
  readonly skip: readonly string[];
}

const LENGTH_BYTES = 4;

/** A request as bytes: its length, then the request. Only we write requests, so their form is Node's own. */
export function encodeRequest(request: InspectRequest): Buffer {
  const body = serialize(request);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

/** The requests that arrive on a stream. */
export async function* readRequests(input: AsyncIterable<Buffer>): AsyncGenerator<InspectRequest, undefined> {
  let chunks: Buffer[] = [];
  let held = 0;
  for await (const chunk of input) {
    chunks.push(chunk);
    held += chunk.length;
    for (let needed = neededBytes(chunks); held >= needed; needed = neededBytes(chunks)) {
      const all = Buffer.concat(chunks, held);
      yield deserialize(all.subarray(LENGTH_BYTES, needed)) as InspectRequest;
      const rest = all.subarray(needed);
      [chunks, held] = [[rest], rest.length];
    }
  }
}

function neededBytes(chunks: readonly Buffer[]): number {
  const [first] = chunks;
  if (!first) return LENGTH_BYTES;
  if (first.length >= LENGTH_BYTES) return LENGTH_BYTES + first.readUInt32BE();
  const head = Buffer.concat(chunks);
  return head.length < LENGTH_BYTES ? LENGTH_BYTES : LENGTH_BYTES + head.readUInt32BE();
}

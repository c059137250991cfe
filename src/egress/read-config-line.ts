import type { Readable } from "node:stream";

const MAX_LINE_BYTES = 4 * 1024 * 1024;
const NEWLINE = 0x0a;

/** The first line; undefined: the input ended, or was too long, before it did. The input goes on flowing to its end. */
export async function readConfigLine(input: Readable): Promise<string | undefined> {
  return await new Promise((resolve) => {
    let received: Buffer[] = [];
    let bytes = 0;
    const onData = (chunk: Buffer): void => {
      received.push(chunk);
      bytes += chunk.length;
      const hasEnd = chunk.includes(NEWLINE);
      if (!hasEnd && bytes <= MAX_LINE_BYTES) return;
      input.off("data", onData);
      input.resume();
      const whole = Buffer.concat(received);
      received = [];
      resolve(hasEnd ? whole.subarray(0, whole.indexOf(NEWLINE)).toString("utf8") : undefined);
    };
    input.on("data", onData);
    input.once("end", () => resolve(undefined));
    input.once("error", () => resolve(undefined));
  });
}

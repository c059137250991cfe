import type { ShimMessage } from "../core/shim-protocol.ts";

/** The shim's message in a line; undefined where the line is not the shim's. */
export function parseShimLine(line: string, prefix: string): ShimMessage | undefined {
  if (!line.startsWith(prefix)) return undefined;
  try {
    return JSON.parse(line.slice(prefix.length)) as ShimMessage;
  } catch {
    return undefined; // not the shim's: a program printed something that looks like it
  }
}

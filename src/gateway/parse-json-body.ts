import { err, ok, type Result } from "../core/result.ts";
import type { Denial } from "./denial.ts";
import type { Json } from "./filter-json.ts";

/** Deeper than any schema of a tool; shallow enough for recursive code on a small stack. */
const MAX_DEPTH = 128;
/** A long conversation has tens of thousands. */
const MAX_VALUES = 500_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN = new Set([0x5b, 0x7b]);
const CLOSE = new Set([0x5d, 0x7d]);

/**
 * The JSON of a body. Nesting and the number of values are bounded on the bytes, before the parser makes objects of
 * them. Of keys that are there twice the last one counts, and it alone is sent on: what leaves is written anew.
 */
export function parseJsonBody(body: Buffer): Result<Json, Denial> {
  const nesting = measure(body);
  if (nesting.depth > MAX_DEPTH) {
    return err({ rule: "body.nesting", detail: `more than ${MAX_DEPTH} levels` });
  }
  if (nesting.values > MAX_VALUES) {
    return err({ rule: "body.nesting", detail: `more than ${MAX_VALUES} values` });
  }
  try {
    return ok(JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body)) as Json);
  } catch {
    // The parser's own words quote the body.
    return err({ rule: "body.json", detail: "not JSON in UTF-8" });
  }
}

/** An upper bound for anything that the parser accepts; what it does not accept may count as anything. */
function measure(body: Buffer): { readonly depth: number; readonly values: number } {
  let [depth, deepest, values] = [0, 0, 0];
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at] ?? 0;
    if (byte === QUOTE) at = endOfString(body, at + 1);
    else if (byte === COMMA) values += 1;
    else if (OPEN.has(byte)) {
      depth += 1;
      values += 1;
      deepest = Math.max(deepest, depth);
    } else if (CLOSE.has(byte)) depth -= 1;
  }
  return { depth: deepest, values };
}

/** Where the string ends whose first byte is at `start`: its closing quote, or the end of `bytes`. */
export function endOfString(bytes: Buffer, start: number): number {
  for (let quote = bytes.indexOf(QUOTE, start); quote >= 0; quote = bytes.indexOf(QUOTE, quote + 1)) {
    let escape = quote - 1;
    while (escape >= start && bytes[escape] === BACKSLASH) escape -= 1;
    if ((quote - escape) % 2 === 1) return quote;
  }
  return bytes.length;
}

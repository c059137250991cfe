import { createHash } from "node:crypto";
import { canonicalJson } from "../core/canonical-json.ts";

/** SHA-256 over the one spelling of `value` as JSON, in hexadecimal: the order of keys does not matter. */
export function contentHash(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}

import type { Json } from "./filter-json.ts";

/** The JSON of a short answer of the API's; undefined: it is none. */
export function parsedJson(body: Buffer): Json | undefined {
  try {
    return JSON.parse(body.toString("utf8")) as Json;
  } catch {
    return undefined;
  }
}

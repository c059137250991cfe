import type { Json, JsonObject } from "./filter-json.ts";

/** What a request asks for, lowered to `maxTokens`; `maxTokens` where it asks for nothing. */
export function lowered(asked: Json | undefined, maxTokens: number): number {
  return typeof asked === "number" ? Math.min(asked, maxTokens) : maxTokens;
}

/** A copy of `body` without some of its keys. */
export function without(body: JsonObject, ...keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(body).filter(([key]) => !keys.includes(key)));
}

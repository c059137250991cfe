import { isJsonObject, type Json, type JsonObject } from "./filter-json.ts";

/** Beyond any bill: a count that is larger is nonsense, and must not overflow a sum. */
const MAX_COUNT = 1_000_000_000;
const MAX_CODE_LENGTH = 100;

/** Reading an API's JSON, in which anything may be missing or of another type. */
export function objectAt(value: Json | undefined, key: string): JsonObject | undefined {
  const inner = isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return isJsonObject(inner) ? inner : undefined;
}

export function textAt(value: Json | undefined, key: string): string | undefined {
  const inner = isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return typeof inner === "string" ? inner : undefined;
}

export function numberAt(value: Json | undefined, key: string): number | undefined {
  const inner = isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return typeof inner === "number" && Number.isFinite(inner) ? inner : undefined;
}

/** A number of tokens: whole, and from 0 up. */
export function countAt(value: Json | undefined, key: string): number | undefined {
  const found = numberAt(value, key);
  return found === undefined ? undefined : Math.min(Math.max(0, Math.floor(found)), MAX_COUNT);
}

/** An error's `code`, else its `type`, as far as it is a name. */
export function errorCodeOf(error: Json | undefined): string | null {
  return nameOf(textAt(error, "code") ?? textAt(error, "type"));
}

/** What is longer is no name; a part of it could be a part of something that must not be told. */
export function nameOf(value: string | undefined): string | null {
  return value === undefined || value.length > MAX_CODE_LENGTH ? null : value;
}

/** The counts that are there. */
export function definedCounts<T extends string>(
  counts: Readonly<Record<T, number | undefined>>,
): Partial<Record<T, number>> {
  const entries = Object.entries(counts).filter(([, count]) => count !== undefined);
  return Object.fromEntries(entries) as Partial<Record<T, number>>;
}

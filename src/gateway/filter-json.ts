import { err, ok, type Result } from "../core/result.ts";
import type { Denial, DenialRule } from "./denial.ts";
import type { Shape } from "./shape.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** Leaves the recursion; never leaves this file. */
class Refused extends Error {
  readonly denial: Denial;

  constructor(rule: DenialRule, path: string, what: string) {
    super(rule);
    this.denial = { rule, detail: `${path || "the body"}: ${what}` };
  }
}

/**
 * A copy of `value` that holds what `shape` names and nothing else, or the first thing in it that does not pass.
 * The nesting must be bounded before.
 */
export function filterJson(shape: Shape, value: Json): Result<Json, Denial> {
  try {
    return ok(copy(shape, value, ""));
  } catch (error) {
    if (error instanceof Refused) return err(error.denial);
    throw error;
  }
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function copy(shape: Shape, value: Json, path: string): Json {
  switch (shape.is) {
    case "json":
      return value;
    case "later":
      return copy(shape.shape(), value, path);
    case "either":
      return copy(chosenOf(shape.shapes, value, path), value, path);
    case "text":
      if (typeof value !== "string") throw new Refused("body.value", path, "must be text");
      if (value.length > shape.maxLength) throw new Refused("body.value", path, "is too long");
      if (shape.pattern && !shape.pattern.test(value)) throw new Refused("body.value", path, quoted(value));
      return value;
    case "number":
      if (typeof value !== "number" || !(value >= shape.min && value <= shape.max)) {
        throw new Refused("body.value", path, `must be a number from ${shape.min} to ${shape.max}`);
      }
      return value;
    case "flag":
      if (typeof value !== "boolean") throw new Refused("body.value", path, "must be true or false");
      return value;
    case "constant":
      if (!shape.values.some((allowed) => allowed === value)) {
        throw new Refused("body.value", path, quoted(value));
      }
      return value;
    case "list":
      return copyList(shape, value, path);
    case "object":
      return copyObject(shape, value, path);
    case "record":
      return copyRecord(shape, value, path);
    case "kind":
      return copy(variantOf(shape, value, path), value, path);
  }
}

function copyList(shape: Extract<Shape, { is: "list" }>, value: Json, path: string): Json {
  if (!Array.isArray(value)) throw new Refused("body.value", path, "must be a list");
  if (value.length > shape.maxItems) throw new Refused("body.value", path, "has too many items");
  return value.map((item, index) => copy(shape.of, item as Json, `${path}[${index}]`));
}

function copyObject(shape: Extract<Shape, { is: "object" }>, value: Json, path: string): Json {
  if (!isJsonObject(value)) throw new Refused("body.value", path, "must be an object");
  const copied: Record<string, Json> = {};
  for (const [key, inner] of Object.entries(value)) {
    // Own keys only: `__proto__` and `constructor` are names like any other, and unknown.
    const keyShape = Object.hasOwn(shape.keys, key) ? shape.keys[key] : undefined;
    if (keyShape) copied[key] = copy(keyShape, inner, join(path, key));
    else if (!shape.dropped.includes(key)) throw new Refused("body.key", path, quoted(key));
  }
  for (const key of shape.required) {
    if (!Object.hasOwn(copied, key)) throw new Refused("body.value", join(path, key), "is missing");
  }
  return copied;
}

function copyRecord(shape: Extract<Shape, { is: "record" }>, value: Json, path: string): Json {
  if (!isJsonObject(value)) throw new Refused("body.value", path, "must be an object");
  const entries = Object.entries(value);
  if (entries.length > shape.maxKeys) throw new Refused("body.value", path, "has too many keys");
  return Object.fromEntries(entries.map(([key, inner]) => [key, copy(shape.of, inner, join(path, key))]));
}

function variantOf(shape: Extract<Shape, { is: "kind" }>, value: Json, path: string): Shape {
  if (!isJsonObject(value)) throw new Refused("body.value", path, "must be an object");
  const name = Object.hasOwn(value, shape.key) ? value[shape.key] : undefined;
  if (name === undefined && shape.unnamed) return shape.unnamed;
  if (typeof name !== "string") throw new Refused(shape.rule, join(path, shape.key), "is not named");
  const known = Object.hasOwn(shape.variants, name) ? shape.variants[name] : undefined;
  const variant = known ?? shape.patterns.find(({ pattern }) => pattern.test(name))?.shape;
  if (!variant) throw new Refused(shape.rule, join(path, shape.key), quoted(name));
  return variant;
}

function chosenOf(shapes: readonly Shape[], value: Json, path: string): Shape {
  const chosen = shapes.find((shape) => fits(shape, value));
  if (!chosen) throw new Refused("body.value", path, `must not be ${typeName(value)}`);
  return chosen;
}

/** Whether a value is of the JSON type that a shape is about; what is in it comes later. */
function fits(shape: Shape, value: Json): boolean {
  switch (shape.is) {
    case "json":
      return true;
    case "later":
      return fits(shape.shape(), value);
    case "either":
      return shape.shapes.some((inner) => fits(inner, value));
    case "text":
      return typeof value === "string";
    case "number":
      return typeof value === "number";
    case "flag":
      return typeof value === "boolean";
    case "constant":
      return shape.values.some((allowed) => allowed === value);
    case "list":
      return Array.isArray(value);
    case "object":
    case "record":
    case "kind":
      return isJsonObject(value);
  }
}

function typeName(value: Json): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : typeof value;
}

function quoted(value: Json): string {
  if (typeof value === "object") return typeName(value);
  return JSON.stringify(typeof value === "string" ? value.slice(0, 100) : value);
}

function join(path: string, key: string): string {
  return path === "" ? key.slice(0, 100) : `${path}.${key.slice(0, 100)}`;
}

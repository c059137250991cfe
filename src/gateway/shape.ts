import type { DenialRule } from "./denial.ts";

/**
 * What JSON may look like, as data that a security review can read. What a shape does not name does not pass:
 * an unknown key is refused, not forwarded.
 */
export type Shape =
  /** Any JSON. Only for what the API takes as plain data, such as the arguments of a tool. */
  | { readonly is: "json" }
  | { readonly is: "text"; readonly maxLength: number; readonly pattern?: RegExp }
  | { readonly is: "number"; readonly min: number; readonly max: number }
  | { readonly is: "flag" }
  | { readonly is: "constant"; readonly values: readonly (string | number | boolean | null)[] }
  | { readonly is: "list"; readonly of: Shape; readonly maxItems: number }
  | {
      readonly is: "object";
      readonly keys: Keys;
      readonly required: readonly string[];
      /** Known, not needed, and left out of what is sent. */
      readonly dropped: readonly string[];
    }
  /** Any keys, all of one shape. */
  | { readonly is: "record"; readonly of: Shape; readonly maxKeys: number }
  /** Objects whose `key` says which of `variants` they are. */
  | {
      readonly is: "kind";
      readonly key: string;
      readonly variants: Readonly<Record<string, Shape>>;
      /** For names that carry a date: `bash_20250124`. */
      readonly patterns: readonly { readonly pattern: RegExp; readonly shape: Shape }[];
      /** For objects without `key`. */
      readonly unnamed: Shape | undefined;
      readonly rule: DenialRule;
    }
  /** The first whose JSON type fits. */
  | { readonly is: "either"; readonly shapes: readonly Shape[] }
  /** For shapes that contain themselves. */
  | { readonly is: "later"; readonly shape: () => Shape };

type Keys = Readonly<Record<string, Shape>>;

/** No length of its own: the cap on the whole body holds. */
const UNBOUNDED = Number.POSITIVE_INFINITY;

export const ANY_JSON: Shape = { is: "json" };
export const ANY_TEXT: Shape = { is: "text", maxLength: UNBOUNDED };
export const FLAG: Shape = { is: "flag" };
export const NULL: Shape = { is: "constant", values: [null] };

export function text(maxLength: number, pattern?: RegExp): Shape {
  return { is: "text", maxLength, ...(pattern ? { pattern } : {}) };
}

export function number(min: number, max: number): Shape {
  return { is: "number", min, max };
}

export function constant(...values: readonly (string | number | boolean | null)[]): Shape {
  return { is: "constant", values };
}

export function list(of: Shape, maxItems: number = UNBOUNDED): Shape {
  return { is: "list", of, maxItems };
}

export function object(
  keys: Keys,
  options: { readonly required?: readonly string[]; readonly dropped?: readonly string[] } = {},
): Shape {
  return { is: "object", keys, required: options.required ?? [], dropped: options.dropped ?? [] };
}

export function record(of: Shape, maxKeys: number): Shape {
  return { is: "record", of, maxKeys };
}

export function kind(
  variants: Readonly<Record<string, Shape>>,
  options: {
    readonly key?: string;
    readonly patterns?: readonly { readonly pattern: RegExp; readonly shape: Shape }[];
    readonly unnamed?: Shape;
    readonly rule?: DenialRule;
  } = {},
): Shape {
  return {
    is: "kind",
    key: options.key ?? "type",
    variants,
    patterns: options.patterns ?? [],
    unnamed: options.unnamed,
    rule: options.rule ?? "body.kind",
  };
}

export function either(...shapes: readonly Shape[]): Shape {
  return { is: "either", shapes };
}

export function later(shape: () => Shape): Shape {
  return { is: "later", shape };
}

import type { Scope } from "./scopes.ts";
import type { Node } from "./syntax.ts";

/** Stands in a text for a part that is not known. */
export const HOLE = "\u0000";

/** What is known of an expression's value without running it. An expression has a list of them: it may be each. */
export type Value =
  | {
      readonly kind: "text";
      readonly text: string;
      /** It was put together or decoded, and not simply written down. */
      readonly made: boolean;
    }
  | { readonly kind: "number"; readonly number: number }
  /** Something that the runtime or a module gives, by the shortest name that it has: `eval`, `process.binding`, `node:fs.rm`. */
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "list"; readonly items: readonly (readonly Value[])[] }
  /** An object, class, enum or function that the file writes. */
  | { readonly kind: "written"; readonly node: Node; readonly scope: Scope }
  /** A thing whose `key` gives `values`. */
  | { readonly kind: "holder"; readonly key: string; readonly values: readonly Value[] }
  | { readonly kind: "pattern"; readonly pattern: string; readonly flags: string }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array };

export type Values = readonly Value[];

/** What names the home folder, written `~` in a text. */
const HOMES: ReadonlySet<string> = new Set([
  "process.env.HOME",
  "process.env.USERPROFILE",
  "Bun.env.HOME",
  "import.meta.env.HOME",
]);

const NO_PATHS: readonly string[] = [];
const MAX_TEXT = 20_000;

export const UNKNOWN: Values = [];

/** A text, of which no more than a bounded part is kept: sums that double at each step would be without end. */
export function text(value: string, made = true): Value {
  return { kind: "text", text: value.length > MAX_TEXT ? value.slice(0, MAX_TEXT) : value, made };
}

export function path(value: string): Value {
  return { kind: "path", path: value };
}

/** A value as the text that it becomes in a concatenation. Undefined: not known. */
export function asText(value: Value | undefined): string | undefined {
  switch (value?.kind) {
    case "text":
      return value.text;
    case "number":
      return String(value.number);
    case "list": {
      const parts = value.items
        .slice(0, 1_000)
        .map((each) => (each[0]?.kind === "list" ? HOLE : asText(each[0])));
      return parts
        .map((each) => each ?? HOLE)
        .join(",")
        .slice(0, MAX_TEXT);
    }
    case "bytes":
      return decodeBytes(value.bytes);
    case "path":
      return HOMES.has(value.path) ? "~" : undefined;
    default:
      return undefined;
  }
}

export function decodeBytes(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** The texts among the values. */
export function textsOf(values: Values): string[] {
  return values.flatMap((each) => (each.kind === "text" ? [each.text] : []));
}

export function pathsOf(values: Values): readonly string[] {
  let paths: string[] | undefined;
  for (const each of values) if (each.kind === "path") (paths ??= []).push(each.path);
  return paths ?? NO_PATHS;
}

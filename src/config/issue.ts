import { safeLine } from "../core/safe-text.ts";

/** Something that is wrong with a value that came from a file, before its place in the file is looked up. */
export interface Issue {
  /** Keys and indexes from the root of the file. Where the last of them are not in the file, their parent is meant. */
  readonly path: readonly PropertyKey[];
  /** Point at the key instead of the value: it is the key that is wrong. */
  readonly atKey?: boolean;
  readonly message: string;
  readonly hint?: string;
}

/** A path as people write it: `repositories.app.verify`, `tasks[3].id`; empty for the root. */
export function pathToText(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${shortText(String(key))}`))
    .join("")
    .replace(/^\./, "");
}

/** Text from a file for the middle of a sentence. */
export function shortText(text: string): string {
  return safeLine(text, 60);
}

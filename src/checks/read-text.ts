import type { ChangedFile, FileVersion } from "../core/change.ts";
import { SourceFile } from "./source-file.ts";

/** Why a version of a file cannot be read as text. */
export type Unreadable = "too-large" | "not-text";

/** A line longer than this is nothing that a person wrote, and slow in every parser. */
export const MAX_LINE_CHARS = 1_000_000;

/** One version of a changed file as text. Undefined: there is none, or it is a submodule. */
export function readText(file: ChangedFile, side: "base" | "head"): SourceFile | Unreadable | undefined {
  const version = file[side];
  if (!version || version.kind === "submodule") return undefined;
  const { content } = version;
  if (!content) return "too-large";
  const text = decode(content);
  if (text === undefined) return "not-text";
  return hasEndlessLine(text) ? "too-large" : new SourceFile(file.path, version.kind, text);
}

function decode(content: NonNullable<FileVersion["content"]>): string | undefined {
  if (content.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch {
    return undefined;
  }
}

function hasEndlessLine(text: string): boolean {
  if (text.length <= MAX_LINE_CHARS) return false;
  for (let start = 0; ;) {
    const end = text.indexOf("\n", start);
    if ((end === -1 ? text.length : end) - start > MAX_LINE_CHARS) return true;
    if (end === -1) return false;
    start = end + 1;
  }
}

import { z } from "zod";
import type { Change, FileVersion } from "./change.ts";
import { fileRole } from "./file-role.ts";

/** From what a person reads first to what nobody reads. */
export const FILE_KINDS = [
  "source",
  "test",
  "configuration",
  "documentation",
  "generated",
  "vendored",
  "binary",
] as const;
export type FileKind = (typeof FILE_KINDS)[number];

const count = z.number().int().min(0);
const kindFactsSchema = z.object({
  files: count,
  /** Lines that the new version has more of than the old one; what moved within a file is none. */
  addedLines: count,
  removedLines: count,
});

/** What a change is made of. */
export const diffFactsSchema = z.partialRecord(z.enum(FILE_KINDS), kindFactsSchema);
export type DiffFacts = z.infer<typeof diffFactsSchema>;

/**
 * Files and lines of a change by kind, to tell a person where to look. The caps count every file and line, whatever its
 * kind: what is generated is said by names and marks, which an agent can write.
 */
export function diffFacts({ files }: Pick<Change, "files">): DiffFacts {
  const facts: Partial<Record<FileKind, { files: number; addedLines: number; removedLines: number }>> = {};
  for (const { path, base, head } of files) {
    const [before, after] = [textOf(base), textOf(head)];
    const kind = before === null || after === null ? "binary" : fileKind(path, after ?? before ?? "");
    const sum = (facts[kind] ??= { files: 0, addedLines: 0, removedLines: 0 });
    sum.files += 1;
    const { added, removed } = lineDifference(before ?? "", after ?? "");
    sum.addedLines += added;
    sum.removedLines += removed;
  }
  return facts;
}

/** Null: no text, or too large to be read. Undefined: there is no such version. */
function textOf(version: FileVersion | undefined): string | null | undefined {
  if (version === undefined) return undefined;
  if (version.kind === "submodule" || !version.content || version.content.includes(0)) return null;
  return new TextDecoder().decode(version.content);
}

const VENDORED = /(?:^|\/)(?:vendor|vendored|third[_-]party|node_modules|bower_components|\.yarn|_vendor)\//;
const GENERATED_NAME =
  /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|deno\.lock|poetry\.lock|uv\.lock|pdm\.lock|Pipfile\.lock|Cargo\.lock|Gemfile\.lock|composer\.lock|go\.sum|packages\.lock\.json|flake\.lock)$|(?:^|\/)(?:dist|__generated__|generated)\/|\.(?:min\.(?:js|css)|map|snap|pb\.go|pb2?\.py|_pb2\.py|g\.dart|designer\.cs)$|(?:_pb2(?:_grpc)?\.py|\.generated\.[a-z]+)$/i;
const GENERATED_MARK =
  /@generated\b|\bcode generated\b.{0,80}\bdo not edit\b|\bauto-?generated\b.{0,80}\bdo not (?:edit|modify)\b/i;
const DOCUMENTATION = /\.(?:md|mdx|rst|adoc|txt)$|(?:^|\/)(?:docs?|LICENSE|README|CHANGELOG)(?:\/|$)/i;
const CONFIGURATION =
  /\.(?:json|jsonc|ya?ml|toml|ini|cfg|conf|xml|properties|env|lock|gradle|tf)$|(?:^|\/)(?:\.[^/]+|Dockerfile[^/]*|Makefile)$/i;
/** A mark stands at the top. */
const HEAD_CHARS = 1000;
/** Lines of this length on average were written by no person. */
const MINIFIED_LINE = 500;

/** What a file is, by its name and by the marks in its text. */
export function fileKind(path: string, text: string): FileKind {
  if (VENDORED.test(path)) return "vendored";
  if (GENERATED_NAME.test(path) || GENERATED_MARK.test(text.slice(0, HEAD_CHARS))) return "generated";
  if (fileRole(path) === "test") return "test";
  if (DOCUMENTATION.test(path)) return "documentation";
  if (CONFIGURATION.test(path)) return "configuration";
  return isMinified(path, text) ? "generated" : "source";
}

function isMinified(path: string, text: string): boolean {
  if (!/\.(?:[cm]?js|css)$/.test(path) || text.length < 5000) return false;
  let lines = 1;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) lines += 1;
  return text.length / lines > MINIFIED_LINE;
}

function lineDifference(before: string, after: string): { readonly added: number; readonly removed: number } {
  const counts = new Map<string, number>();
  for (const line of linesOf(before)) counts.set(line, (counts.get(line) ?? 0) + 1);
  let added = 0;
  for (const line of linesOf(after)) {
    const left = counts.get(line) ?? 0;
    if (left > 0) counts.set(line, left - 1);
    else added += 1;
  }
  let removed = 0;
  for (const left of counts.values()) removed += left;
  return { added, removed };
}

function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** In one line for a person: `2 source (+40 -2 lines), 1 generated (+900 -0 lines)`. */
export function formatDiffFacts(facts: DiffFacts): string {
  const parts = FILE_KINDS.flatMap((kind) => {
    const each = facts[kind];
    return each ? [{ kind, ...each }] : [];
  });
  return parts
    .map(({ kind, files, addedLines, removedLines }) =>
      kind === "binary" ? `${files} binary` : `${files} ${kind} (+${addedLines} -${removedLines} lines)`,
    )
    .join(", ");
}

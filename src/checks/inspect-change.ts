import { setImmediate } from "node:timers/promises";
import type { ChangedFile } from "../core/change.ts";
import { FINDING_LEVELS, type Finding, type FindingLevel } from "../core/finding.ts";
import { sourceLanguage } from "../core/source-language.ts";
import { CHANGE_FINDERS, FILE_FINDERS } from "./finders.ts";
import type { FilePair, RuleFinding, Scope } from "./finder.ts";
import { newOccurrences, type PlacedOccurrence } from "./new-occurrences.ts";
import { readText, type Unreadable } from "./read-text.ts";
import type { InspectRequest } from "./request.ts";
import type { Rules } from "./rules/load-rules.ts";
import { lineWithoutSecrets } from "./secrets/find-secrets.ts";
import { SourceFile } from "./source-file.ts";

const MAX_EXCERPT_CHARS = 200;
/** Of a line, as much as tells two of them apart. */
const MAX_LINE_CHARS_KEPT = 300;
/** More than this in one change was made to be too much: what is left of it is not looked at, and the change does not land. */
const MAX_OCCURRENCES = 200_000;
const TOO_MUCH: RuleFinding = {
  rule: "unreadable-code",
  message: `More than ${MAX_OCCURRENCES} places of this change are worth a finding: not all of it was looked at.`,
};
/** In the place of a path: no single file, but what looks at all of them. */
const WHOLE_CHANGE = "";
/** Syntax trees are freed when the event loop turns, and not before. */
const FILES_PER_TURN = 5;

/**
 * All findings about a change, in no order and without a bound. `onFile` is told of each file before it is looked at: should a parser end
 * this process, somebody knows of which file.
 */
export async function inspectChange(options: {
  readonly request: InspectRequest;
  readonly rules: Rules;
  readonly onFile: (path: string) => void;
}): Promise<Finding[]> {
  const { request, rules, onFile } = options;
  const { change, skip } = request;
  const files = change.files.filter(({ path }) => !skip.includes(path));
  const scopes = { base: scopeOf(request, "base"), head: scopeOf(request, "head") };
  const found: Record<"base" | "head", PlacedOccurrence[]> = { base: [], head: [] };
  const unreadable: RuleFinding[] = [];
  const pairs: FilePair[] = [];
  for (const [index, file] of files.entries()) {
    onFile(file.path);
    const texts = { base: readText(file, "base"), head: readText(file, "head") };
    if (typeof texts.head === "string") unreadable.push(...unreadableFinding(file, texts.head));
    const pair = { path: file.path, base: readable(texts.base), head: readable(texts.head) };
    pairs.push(pair);
    for (const side of ["base", "head"] as const) {
      const source = pair[side];
      if (!source) continue;
      const scope = { ...scopes[side], other: pair[side === "base" ? "head" : "base"] };
      for (const finder of FILE_FINDERS) {
        if (found.base.length + found.head.length > MAX_OCCURRENCES) break;
        for (const occurrence of finder.find(source, scope)) {
          const text = source.line(occurrence.line).slice(0, MAX_LINE_CHARS_KEPT);
          found[side].push({ ...occurrence, path: file.path, text });
        }
      }
      source.forgetTrees();
    }
    if (index % FILES_PER_TURN === FILES_PER_TURN - 1) await setImmediate();
  }
  const sources = new Map(pairs.map((pair) => [pair.path, pair]));
  if (found.base.length + found.head.length > MAX_OCCURRENCES) unreadable.push(TOO_MUCH);
  const findings: RuleFinding[] = [
    ...unreadable,
    ...newOccurrences(found.base, found.head).map((occurrence): RuleFinding => {
      const { rule, path, line, message, level } = occurrence;
      return {
        rule,
        path,
        line,
        excerpt: occurrence.excerpt ?? shownLine(sources.get(path)?.head, line) ?? occurrence.text,
        ...(message === undefined ? {} : { message }),
        ...(level === undefined ? {} : { level }),
      };
    }),
    ...findingsOfWhole(request, pairs, onFile).map((finding) =>
      withoutSecrets(finding, sources.get(finding.path ?? "")),
    ),
  ];
  return findings.flatMap((finding) => complete(finding, request, rules));
}

function findingsOfWhole(
  { change, settings, skip }: InspectRequest,
  pairs: readonly FilePair[],
  onFile: (path: string) => void,
): RuleFinding[] {
  if (skip.includes(WHOLE_CHANGE)) return [];
  onFile(WHOLE_CHANGE);
  return CHANGE_FINDERS.flatMap((finder) => finder.find(pairs, { change, settings }));
}

function shownLine(source: SourceFile | undefined, line: number): string | undefined {
  return source && lineWithoutSecrets(source, line);
}

/** What a finder of changes shows of a line, with its secrets hidden. */
function withoutSecrets(finding: RuleFinding, pair: FilePair | undefined): RuleFinding {
  const { line, excerpt } = finding;
  if (line === undefined || excerpt === undefined) return finding;
  const start = excerpt.trim().slice(0, MAX_EXCERPT_CHARS);
  const source = [pair?.head, pair?.base].find((each) => each?.line(line).trim().startsWith(start));
  return source ? { ...finding, excerpt: lineWithoutSecrets(source, line) } : finding;
}

function scopeOf({ change, settings }: InspectRequest, side: "base" | "head"): Scope {
  const paths = new Set(change.basePaths);
  if (side === "head") {
    for (const { path, head } of change.files) {
      if (head) paths.add(path);
      else paths.delete(path);
    }
  }
  return { change, settings, side, paths };
}

function readable(text: SourceFile | Unreadable | undefined): SourceFile | undefined {
  return text instanceof SourceFile ? text : undefined;
}

/** Code that nobody can read is not passed; other files that are no text are named. */
function unreadableFinding(file: ChangedFile, why: Unreadable): RuleFinding[] {
  const isCode = sourceLanguage(file.path, "") !== undefined || file.head?.kind === "executable";
  const words =
    why === "too-large" ? "it, or one of its lines, is too large to be read" : "it is not text in UTF-8";
  return [
    {
      rule: isCode ? "unreadable-code" : "binary-file",
      path: file.path,
      message: `Nothing is known of this file: ${words}.`,
    },
  ];
}

/** The finding with the level and the sentence of its rule, as the policy and the task's grants have it. */
function complete(finding: RuleFinding, { settings }: InspectRequest, rules: Rules): Finding[] {
  const rule = rules.get(finding.rule);
  const own = settings.bannedPatterns.find(({ id }) => id === finding.rule);
  const level = settings.levels[finding.rule] ?? finding.level ?? own?.level ?? rule?.level;
  const message = finding.message ?? own?.message ?? rule?.message;
  if (level === undefined || message === undefined) throw new Error(`there is no rule "${finding.rule}"`);
  if (level === "off") return [];
  const granted = level === "block" && settings.grants.rules.includes(finding.rule);
  const { excerpt, ...rest } = finding;
  return [
    {
      ...rest,
      level: granted ? "warn" : level,
      message,
      ...(excerpt === undefined ? {} : { excerpt: excerpt.trim().slice(0, MAX_EXCERPT_CHARS) }),
    },
  ];
}

/** Orders findings for a reader: the worst first, then by place. */
export function byImportance(a: Finding, b: Finding): number {
  const rank = (level: FindingLevel): number => FINDING_LEVELS.indexOf(level);
  return (
    rank(a.level) - rank(b.level) ||
    compare(a.path ?? "", b.path ?? "") ||
    (a.line ?? 0) - (b.line ?? 0) ||
    compare(a.rule, b.rule)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

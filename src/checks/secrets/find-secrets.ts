import { createHash } from "node:crypto";
import type { FindingLevel } from "../../core/finding.ts";
import type { FileFinder, Occurrence } from "../finder.ts";
import type { SourceFile } from "../source-file.ts";
import { CarriedSearch } from "./find-carried.ts";
import { NamedSearch, type ValueStyle } from "./find-named.ts";
import { findPrivateKeys } from "./find-private-keys.ts";
import { findShapes, ShapeSearch } from "./find-shapes.ts";
import { looksRandom } from "./judge-value.ts";
import { searchSigns } from "./search-signs.ts";
import type { SecretHit } from "./secret-hit.ts";
import { unfoldText } from "./unfold-text.ts";

const MAX_EXCERPT = 180;

const PROSE = /\.(?:md|mdx|markdown|rst|adoc|html?)$|(?:^|\/)(?:README|CHANGELOG|NEWS|LICENSE)[^/]*$/i;
/** Files that programs write, full of hashes with names such as `integrity` and `token`. */
const WRITTEN =
  /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|deno\.lock|poetry\.lock|uv\.lock|Pipfile\.lock|pdm\.lock|Cargo\.lock|Gemfile\.lock|composer\.lock|go\.sum|packages\.lock\.json|flake\.lock)$|\.(?:map|svg|snap|min\.js|min\.css|lock)$/;
const SAMPLE =
  /\.(?:example|sample|template|tmpl|dist|tpl)(?:\.(?:env|ya?ml|json|toml|ini|conf))?$|(?:^|\/)examples?\//i;

const LOWER: Readonly<Record<FindingLevel, FindingLevel>> = { block: "warn", warn: "info", info: "info" };

/** Credentials that a file holds, as they are or in disguise. What is found is never told, but for its first four characters. */
export const findSecrets: FileFinder = {
  name: "secrets",
  find(file) {
    return secretsOf(file).map((hit): Occurrence => {
      const value = valueOf(file, hit);
      const line = file.lineAt(hit.at ?? hit.start);
      return {
        rule: hit.rule,
        key: digest(value).slice(0, 32),
        line,
        level: levelIn(file, hit),
        message: `This looks like ${hit.what}: whoever can read the repository can use it.`,
        excerpt: excerptOf(file, hit, line),
      };
    });
  },
};

/** A line, from 1, in which every secret is hidden: for whatever shows lines of a file. */
export function lineWithoutSecrets(file: SourceFile, line: number): string {
  return hideIn(file, line, file.line(line), 0);
}

function secretsOf(file: SourceFile): readonly SecretHit[] {
  return file.once("secrets", () => {
    const { text } = file;
    const isNamed = !WRITTEN.test(file.path) && !SAMPLE.test(file.path);
    const shapes = new ShapeSearch(text);
    const carried = new CarriedSearch(text);
    const named = isNamed ? new NamedSearch(text, { style: styleOf(file), path: file.path }) : undefined;
    searchSigns(text, { shapes, carried, named });
    const hits = [...findPrivateKeys(text), ...shapes.end(), ...carried.end()];
    for (const unfolded of unfoldText(text)) {
      for (const hit of [...findShapes(unfolded.text, unfolded.edges), ...findPrivateKeys(unfolded.text)]) {
        const value = hit.value ?? unfolded.text.slice(hit.start, hit.end);
        const { start, end, how } = unfolded;
        hits.push({
          rule: hit.rule,
          level: hit.level,
          what: `${hit.what}, written ${how}`,
          start,
          end,
          value,
        });
      }
    }
    hits.push(...(named?.end() ?? []));
    return withoutOverlaps(worstFirst(hits));
  });
}

function worstFirst(hits: readonly SecretHit[]): SecretHit[] {
  return [...hits.filter(({ level }) => level === "block"), ...hits.filter(({ level }) => level !== "block")];
}

/** Of two findings about the same characters the first one: a shape says more than a name. */
function withoutOverlaps(hits: readonly SecretHit[]): SecretHit[] {
  const kept: SecretHit[] = [];
  const taken = new Map<number, SecretHit[]>();
  for (const hit of hits) {
    // Hits are short, but for private keys: the buckets that one lies in are few.
    const buckets = [];
    for (let bucket = hit.start >> 8; bucket <= (hit.end - 1) >> 8; bucket += 1) buckets.push(bucket);
    const overlaps = buckets.some((bucket) =>
      taken.get(bucket)?.some((other) => other.start < hit.end && hit.start < other.end),
    );
    if (overlaps) continue;
    kept.push(hit);
    for (const bucket of buckets) taken.set(bucket, [...(taken.get(bucket) ?? []), hit]);
  }
  return kept.toSorted((a, b) => a.start - b.start);
}

function styleOf(file: SourceFile): ValueStyle {
  if (PROSE.test(file.path)) return "prose";
  return file.language === undefined || file.language === "shell" ? "settings" : "code";
}

function levelIn(file: SourceFile, hit: SecretHit): FindingLevel {
  const isExample =
    file.role === "test" ||
    SAMPLE.test(file.path) ||
    (PROSE.test(file.path) && hit.rule !== "secret-token" && hit.rule !== "secret-private-key");
  return isExample ? LOWER[hit.level] : hit.level;
}

function valueOf(file: SourceFile, hit: SecretHit): string {
  return hit.value ?? file.text.slice(hit.start, hit.end);
}

function digest(value: string): string {
  return createHash("sha256").update(value).digest("hex");
}

/** Four characters of a secret and a hash, to know it again by. Of a short one less: four would be half of it. */
function hidden(value: string): string {
  return `${value.slice(0, Math.min(4, value.length >> 2))}…(sha256 ${digest(value).slice(0, 8)})`;
}

function excerptOf(file: SourceFile, hit: SecretHit, line: number): string {
  const start = lineStart(file.text, hit.at ?? hit.start);
  const isHere = file.lineAt(hit.start) === line;
  // Of a long line, what is around.
  const from = Math.max(0, (hit.at ?? hit.start) - start - MAX_EXCERPT / 2);
  const shown = hideIn(file, line, file.line(line), from);
  return isHere ? shown : `${shown} ${hidden(valueOf(file, hit))}`;
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf("\n", at - 1) + 1;
}

/** `MAX_EXCERPT` characters of a line from `from` on, with what is hidden in place of secrets. */
function hideIn(file: SourceFile, line: number, text: string, from: number): string {
  const hits = secretsOf(file);
  const base = lineOffset(file, line);
  let [shown, at] = ["", from];
  for (const hit of hits) {
    const [start, end] = [hit.start - base, hit.end - base];
    if (end <= at || start >= text.length) continue;
    if (start - from > MAX_EXCERPT) break;
    shown += text.slice(at, Math.max(at, start));
    if (start >= from || at === from) shown += hidden(valueOf(file, hit));
    at = Math.max(at, end);
  }
  if (at < text.length && at - from < MAX_EXCERPT) shown += text.slice(at, Math.max(at, from + MAX_EXCERPT));
  return withoutChance(shown.trim());
}

/** What is left of a line beside its secrets, without what could be another one: the second half of a login, say. */
function withoutChance(text: string): string {
  return text.replaceAll(/[A-Za-z0-9+/_-]{20,}/g, (word) =>
    looksRandom(word, 20) && /[0-9]/.test(word) && /[a-z]/.test(word) && /[A-Z]/.test(word) ? "…" : word,
  );
}

/** Where a line begins. `SourceFile` knows lines by their number alone. */
function lineOffset(file: SourceFile, line: number): number {
  let [low, high] = [0, file.text.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (file.lineAt(middle) < line) low = middle + 1;
    else high = middle;
  }
  return low;
}

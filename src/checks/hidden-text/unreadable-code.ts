import type { CheckLanguage } from "../../core/check-rule.ts";
import type { FindingLevel } from "../../core/finding.ts";
import { LongRuns } from "../../core/long-runs.ts";

/** Blanks before which nobody looks for more. */
const NEAR_BLANKS = 80;
const FAR_BLANKS = 120;
const SHORT_RUN = 20;
/** Empty lines behind which a file seems to have ended. */
const EMPTY_LINES = 120;
const MAX_SHOWN = 120;

/** All that is white, but for the ends of lines. */
const BLANKS =
  "\t\v\f \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff";
const WIDE = new LongRuns({ kind: BLANKS, least: SHORT_RUN });

/** Code behind so many blanks, on its line or under it, that it is not on a screen. */
export function offScreenCode(text: string): { at: number; code: string; isFar: boolean }[] {
  const found: { at: number; code: string; isFar: boolean }[] = [];
  const shown = (at: number): string => (text.slice(at, at + MAX_SHOWN).split("\n", 1)[0] ?? "").trimEnd();
  for (const { start, end } of WIDE.in(text)) {
    // A run ends at the end of a line, of the text, or where code is.
    if (end === text.length || text[end] === "\n" || text[end] === "\r") continue;
    // Tabs are wider, as are most blanks of other kinds.
    const width = end - start + 3 * (text.slice(start, end).split("\t").length - 1);
    if (width < NEAR_BLANKS) continue;
    found.push({ at: end, code: shown(end), isFar: width >= FAR_BLANKS });
  }
  let empty = 0;
  for (let at = 0; at < text.length;) {
    const end = text.indexOf("\n", at);
    const stop = end === -1 ? text.length : end;
    const isEmpty = stop === at || (stop - at < 400 && text.slice(at, stop).trim() === "");
    if (!isEmpty && empty >= EMPTY_LINES) found.push({ at, code: shown(at), isFar: true });
    empty = isEmpty ? empty + 1 : 0;
    at = stop + 1;
  }
  return found;
}

const MANGLED = /\b_0x[0-9a-f]{2,8}\b/g;
const MIN_MANGLED = 3;
const SIGNS_ONLY = new LongRuns({ kind: "[]()!+{}", least: 80 });
/** A letter taken from the text of a truth value: `(![]+[])[+[]]` is "f". */
const LETTERS_OF_SIGNS = /\(!{1,2}\[\]\+\[\]\)\[/g;
const PACKER =
  /\beval\s{0,5}\(\s{0,5}function\s{0,5}\(\s{0,5}p\s{0,5},\s{0,5}a\s{0,5},\s{0,5}c\s{0,5},\s{0,5}k/g;
const ESCAPED = /(?:\\(?:x[2-7][0-9a-fA-F]|u00[2-7][0-9a-fA-F]|u\{[2-7][0-9a-fA-F]\})){4,}/g;
const MIN_ESCAPED_LETTERS = 4;
const LONG_LINE = 1000;
const CODE_SIGNS = /[;{}()=,]/g;

interface Packed {
  readonly at: number;
  readonly rule: "packed-code" | "escaped-text" | "minified-line";
  readonly key: string;
  readonly level: FindingLevel;
}

/** Code that is not meant to be read. */
export function packedCode(text: string, language: CheckLanguage): Packed[] {
  const found: Packed[] = [];
  const isScript = language === "javascript" || language === "typescript";
  if (isScript) {
    if (text.includes("_0x")) {
      const names = new Map<string, number>();
      for (const { 0: name, index } of text.matchAll(MANGLED)) if (!names.has(name)) names.set(name, index);
      const [first] = names.values();
      if (names.size >= MIN_MANGLED && first !== undefined)
        found.push({ at: first, rule: "packed-code", key: "_0x", level: "block" });
    }
    for (const { start, end } of SIGNS_ONLY.in(text))
      if (/!\[\]|\[\]\[/.test(text.slice(start, end)))
        found.push({ at: start, rule: "packed-code", key: "signs", level: "block" });
    if (text.includes("[]+[]"))
      for (const { index } of text.matchAll(LETTERS_OF_SIGNS))
        found.push({ at: index, rule: "packed-code", key: "signs", level: "block" });
    if (text.includes("eval"))
      for (const { index } of text.matchAll(PACKER))
        found.push({ at: index, rule: "packed-code", key: "packer", level: "block" });
  }
  if (/\\(?:x[2-7]|u00[2-7]|u\{)/.test(text)) {
    for (const { index, 0: escapes } of text.matchAll(ESCAPED)) {
      const plain = escapes.replaceAll(/\\(?:x|u00|u\{)([0-9a-fA-F]{2})\}?/g, (_, hex: string) =>
        String.fromCodePoint(Number.parseInt(hex, 16)),
      );
      const letters = plain.replaceAll(/[^A-Za-z]/g, "").length;
      if (letters >= MIN_ESCAPED_LETTERS)
        found.push({ at: index, rule: "escaped-text", key: plain.slice(0, 200), level: "warn" });
    }
  }
  found.push(...encodedCommands(text), ...longLines(text, isScript));
  return found;
}

/** In base64 each third byte of plain ASCII begins a group with one of these letters. */
const ENCODED = /(["'`])((?:[I-Za-f][A-Za-z0-9+/]{3}){4}[A-Za-z0-9+/]{0,4000}={0,2})\1/g;
const COMMAND =
  /\b(?:curl|wget|bash|eval|exec|execSync|spawn|system|require|child_process|subprocess|powershell|process\.env)\b|\/bin\/|https?:\/\//;

/** Programs and addresses as literals in base64. */
function encodedCommands(text: string): Packed[] {
  const found: Packed[] = [];
  for (const { index, 2: word = "" } of text.matchAll(ENCODED)) {
    const decoded = Buffer.from(word, "base64").toString("latin1");
    if (!/^[\s\x20-\x7e]+$/.test(decoded) || !COMMAND.test(decoded)) continue;
    found.push({ at: index, rule: "escaped-text", key: decoded.slice(0, 200), level: "warn" });
  }
  return found;
}

function longLines(text: string, isScript: boolean): Packed[] {
  if (!isScript || text.length < LONG_LINE) return [];
  for (let at = 0; at < text.length;) {
    const end = text.indexOf("\n", at);
    const stop = end === -1 ? text.length : end;
    if (stop - at > LONG_LINE) {
      const line = text.slice(at, Math.min(stop, at + 20_000));
      // A long line of data has few of the signs that code is made of.
      if ((line.match(CODE_SIGNS)?.length ?? 0) / line.length > 0.06 && !/^\s*(?:\/\/|\*)/.test(line))
        return [{ at, rule: "minified-line", key: "", level: "warn" }];
    }
    at = stop + 1;
  }
  return [];
}

import type { FindingLevel } from "../../core/finding.ts";

/** Characters that are there and cannot be seen. */
export interface InvisibleRun {
  readonly rule: "hidden-direction" | "hidden-character" | "hidden-control";
  readonly at: number;
  readonly codes: readonly number[];
  /** In code. In translations and documentation the same is less. */
  readonly level: FindingLevel;
}

/** Everything that the rules here are about, from one code to another; most files have none of it, and are done with one look. */
const RANGES: readonly (readonly [number, number])[] = [
  [0x00, 0x08], // control characters, but for tab and the ends of lines
  [0x0b, 0x0c],
  [0x0e, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad], // soft hyphen
  [0x34f, 0x34f],
  [0x61c, 0x61c], // marks of direction
  [0x115f, 0x1160], // fillers of Hangul
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f], // no width, joiners, marks of direction
  [0x2028, 0x202e], // separators, embedded and overridden direction
  [0x2060, 0x206f], // invisible operators, isolated direction
  [0x2800, 0x2800], // the empty cell of Braille
  [0x3164, 0x3164],
  [0xfe00, 0xfe0f], // variations
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff0, 0xfffb],
  [0x1d173, 0x1d17a],
  [0xe0000, 0xe0fff], // tags, further variations
];
const SET = RANGES.map(([from, to]) => `\\u{${from.toString(16)}}-\\u{${to.toString(16)}}`).join("");
const SOURCE = `[${SET}]|\\r(?!\\n)`;
const ANY = new RegExp(SOURCE, "gu");

/** Runs of characters that cannot be seen, but for those that honest text of some script needs where they stand. */
export function invisibleRuns(text: string): InvisibleRun[] {
  const runs: InvisibleRun[] = [];
  // Asked once: a text of another system has thousands of the ends that are judged by it.
  const hasLines = text.includes("\n");
  ANY.lastIndex = 0;
  for (let found = ANY.exec(text); found; found = ANY.exec(text)) {
    const run = runAt(text, found.index);
    ANY.lastIndex = run.end;
    const judged = judge(text, { start: found.index, ...run, hasLines });
    if (judged) runs.push({ ...judged, at: found.index, codes: run.codes });
  }
  return runs;
}

const ONE = new RegExp(SOURCE, "uy");

function runAt(text: string, start: number): { end: number; codes: number[] } {
  const codes: number[] = [];
  let at = start;
  while (at < text.length) {
    ONE.lastIndex = at;
    const one = ONE.exec(text);
    if (!one) break;
    codes.push(one[0].codePointAt(0) ?? 0);
    at += one[0].length;
  }
  return { end: at, codes };
}

interface PlacedRun {
  readonly start: number;
  readonly end: number;
  readonly codes: readonly number[];
  /** Whether the text has ends of lines as they are today. */
  readonly hasLines: boolean;
}

function judge(
  text: string,
  { start, end, codes, hasLines }: PlacedRun,
): Pick<InvisibleRun, "rule" | "level"> | undefined {
  const [before, after] = [characterBefore(text, start), characterAfter(text, end)];
  const [first = 0] = codes;
  if (codes.every((code) => code === 0x2800)) return judgeBraille(before + after);
  if (codes.some(isBidi)) return { rule: "hidden-direction", level: "block" };
  if (codes.every(isControl)) return judgeControl(text, { end, codes, hasLines });
  // A flag of England, say: tags behind a black flag.
  if (
    codes.every((code) => code >= 0xe0020 && code <= 0xe007f) &&
    before === "\u{1F3F4}" &&
    codes.length <= 8
  )
    return undefined;
  if (codes.length === 1) {
    if (first === 0xfeff && start === 0) return undefined;
    if (isVariation(first)) return isSymbol(before) ? undefined : { rule: "hidden-character", level: "warn" };
    if (first >= 0xe0100 && first <= 0xe01ef)
      return /\p{Script=Han}/u.test(before) ? undefined : { rule: "hidden-character", level: "block" };
    if (first === 0x200d && (isSymbol(before) || isSymbol(after))) return undefined;
    if ((first === 0x200c || first === 0x200d) && joins(before) && joins(after)) return undefined;
    if (first >= 0x180b && first <= 0x180f && /\p{Script=Mongolian}/u.test(before)) return undefined;
    if ((first === 0x17b4 || first === 0x17b5) && /\p{Script=Khmer}/u.test(before)) return undefined;
    if ((first === 0x115f || first === 0x1160) && /\p{Script=Hangul}/u.test(after)) return undefined;
    // Marks of direction move no letter that has a direction of its own.
    if (first === 0x200e || first === 0x200f || first === 0x061c)
      return { rule: "hidden-direction", level: isAscii(before) && isAscii(after) ? "warn" : "info" };
    if (isFiller(first)) return { rule: "hidden-character", level: "block" };
    const isInName = /[A-Za-z0-9_$]/.test(before) && /[A-Za-z0-9_$]/.test(after);
    return { rule: "hidden-character", level: isInName && first !== 0xad ? "block" : "warn" };
  }
  // What emoji are made of: a variation and a joiner.
  if (codes.length === 2 && isVariation(first) && codes[1] === 0x200d && isSymbol(before)) return undefined;
  return {
    rule: "hidden-character",
    level: codes.length >= 3 || codes.some((code) => code > 0xe0000) ? "block" : "warn",
  };
}

/** An empty cell of Braille is one of many in a picture or a spinner, and a blank where it stands alone. */
function judgeBraille(around: string): Pick<InvisibleRun, "rule" | "level"> | undefined {
  return /[\u2801-\u28FF]/.test(around) ? undefined : { rule: "hidden-character", level: "warn" };
}

/** Sequences that hide, move or erase what a terminal shows, or that reach what lies behind it. */
const TERMINAL_TRICK =
  /^\[(?:[0-9;]{0,10}8m|[0-9;]{0,10}[A-HJKSTf]|\?[0-9]{1,4}[hl])|^\](?:8|52|0|2|50);|^[Pc_^]/;

function judgeControl(
  text: string,
  { end, codes, hasLines }: Omit<PlacedRun, "start">,
): Pick<InvisibleRun, "rule" | "level"> | undefined {
  // Form feeds part the sections of old sources.
  if (codes.every((code) => code === 0x0c)) return undefined;
  if (codes.every((code) => code === 0x0d)) {
    // The ends of lines of an old system, where there are no others; before a line's end, an editor's mistake.
    if (text[end] === "\n" || !hasLines) return undefined;
    return { rule: "hidden-control", level: "warn" };
  }
  const isTrick =
    codes.at(-1) === 0x1b ? TERMINAL_TRICK.test(text.slice(end, end + 16)) : codes.includes(0x08);
  return { rule: "hidden-control", level: isTrick ? "block" : "warn" };
}

function isBidi(code: number): boolean {
  return (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

function isControl(code: number): boolean {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}

function isVariation(code: number): boolean {
  return code >= 0xfe00 && code <= 0xfe0f;
}

/** Letters that are not seen: a name may be made of them. */
function isFiller(code: number): boolean {
  return code === 0x115f || code === 0x1160 || code === 0x3164 || code === 0xffa0;
}

function isSymbol(character: string): boolean {
  return (
    /[\p{Extended_Pictographic}\p{So}\p{Sm}\p{Emoji_Modifier}\p{Regional_Indicator}\u20E30-9#*]|\p{Script=Han}|[‼⁉]/u.test(
      character,
    ) && character !== ""
  );
}

/** Letters of scripts in which joiners are part of the spelling. */
function joins(character: string): boolean {
  return /[\p{Script=Arabic}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Mongolian}\p{Script=Syriac}\p{Script=Nko}\p{M}\s\p{P}]/u.test(
    character,
  );
}

function isAscii(character: string): boolean {
  return character === "" || (character.codePointAt(0) ?? 0) < 0x80;
}

function characterBefore(text: string, at: number): string {
  if (at === 0) return "";
  const isPair = /[\uDC00-\uDFFF]/.test(text[at - 1] ?? "") && /[\uD800-\uDBFF]/.test(text[at - 2] ?? "");
  return text.slice(isPair ? at - 2 : at - 1, at);
}

function characterAfter(text: string, at: number): string {
  return at < text.length ? String.fromCodePoint(text.codePointAt(at) ?? 0) : "";
}

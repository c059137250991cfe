import { LongRuns } from "../../core/long-runs.ts";

/** A text that another one hides, as it is once the program runs. */
export interface UnfoldedText {
  readonly text: string;
  /** Where it is hidden, in characters of the file. */
  readonly start: number;
  readonly end: number;
  /** Where pieces were joined: something may begin there. */
  readonly edges: ReadonlySet<number>;
  /** How it is hidden, as a person would say it. */
  readonly how: string;
}

const NO_EDGES: ReadonlySet<number> = new Set();
const MAX_LITERAL = 400;
const MAX_LIST = 8;
/** Characters that are looked at as one text. Of a longer one, parts: each shares half of itself with the next. */
const MAX_JOINED = 8000;

/** What may stand between two pieces of one text: an operator, a comma of a list, brackets, the end of a line. */
const BETWEEN = /^[\s+.,&()[\]\\]*$/;
const COMMENTS = /\/\/[^\n]*|\/\*[^*]*\*\/|#[^\n]*/g;

/**
 * The texts of a file that are written in pieces, in base64, in hexadecimal, in escapes or backwards. Pieces stand side by
 * side: what several variables hold is not put together.
 */
export function unfoldText(text: string): UnfoldedText[] {
  return [...joinedLiterals(text), ...decodedWords(text), ...escapedText(text)];
}

/** With its quotes. */
interface Literal {
  readonly start: number;
  readonly end: number;
}

const [QUOTE, APOSTROPHE, BACKTICK, BACKSLASH, LINE_FEED] = [0x22, 0x27, 0x60, 0x5c, 0x0a];

/** The literal that begins with a quote at `at`, within its line. Where a quote is not one, the next line begins anew. */
function literalAt(text: string, at: number, quote: number): Literal | undefined {
  let end = at + 1;
  for (; end < text.length && end - at <= MAX_LITERAL; end += 1) {
    const each = text.charCodeAt(end);
    if (each === BACKSLASH) end += 1;
    else if (each === quote || each === LINE_FEED) break;
  }
  return text.charCodeAt(end) === quote && end - at <= MAX_LITERAL ? { start: at, end: end + 1 } : undefined;
}

function joinedLiterals(text: string): UnfoldedText[] {
  const found: UnfoldedText[] = [];
  // Asked once: a lock file has ten thousands of pairs of literals.
  const mayJoin = text.includes(".join(");
  let pieces: Literal[] = [];
  const close = (): void => {
    const [first] = pieces;
    if (first && (pieces.length > 1 || mayHide(text, first))) {
      const after = pieces.at(-1)?.end ?? 0;
      // What a list is joined with may be said further down.
      const isList = pieces.length > 1 && pieces.length <= MAX_LIST && mayJoin;
      const how = { isReversed: isTurned(text, after), separator: separatorAt(text, after), isList };
      for (const part of partsOf(pieces)) found.push(...joined(text, part, how));
    }
    pieces = [];
  };
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code !== QUOTE && code !== APOSTROPHE && code !== BACKTICK) continue;
    const literal = literalAt(text, at, code);
    if (!literal) continue;
    const previous = pieces.at(-1);
    if (previous && !isBeside(text, previous.end, literal.start)) close();
    pieces.push(literal);
    at = literal.end - 1;
  }
  close();
  return found;
}

/** A literal by itself hides something where it is a template of literals, or is turned round. */
function mayHide(text: string, { start, end }: Literal): boolean {
  const next = text.charCodeAt(end);
  // `.`, `[` or `)`: something is done to it.
  if (next === 0x2e || next === 0x5b || next === 0x29)
    return isTurned(text, end) || text.charCodeAt(start) === BACKTICK;
  return text.charCodeAt(start) === BACKTICK && text.slice(start, end).includes("${");
}

function isBeside(text: string, from: number, to: number): boolean {
  if (to - from > 200) return false;
  for (let at = from; at < to; at += 1) {
    const code = text.charCodeAt(at);
    // Blanks, line ends, and `&()+,.[\]`; a comment is looked at more closely.
    if (code === 0x2f || code === 0x23) return BETWEEN.test(text.slice(from, to).replaceAll(COMMENTS, ""));
    const isJoint =
      code === 0x20 ||
      (code >= 0x09 && code <= 0x0d) ||
      code === 0x26 ||
      code === 0x28 ||
      code === 0x29 ||
      code === 0x2b ||
      code === 0x2c ||
      code === 0x2e ||
      (code >= 0x5b && code <= 0x5d);
    if (!isJoint) return false;
  }
  return true;
}

/** Whether what follows a literal turns it round. */
function isTurned(text: string, at: number): boolean {
  const after = text.slice(at, at + 80);
  return /^[\s)]*(?:\.split\([^)]*\)\s*\.reverse\(|\[::-1\]|\.reverse\b|\.chars\(\)\.rev\(|\.to_s\.reverse)/.test(
    after,
  );
}

/** What a list of literals is joined with, right behind it. */
function separatorAt(text: string, at: number): string | undefined {
  return /^\s{0,4}[\])]\s{0,4}\.join\(\s{0,4}(["'`])([^"'`]{1,3})\1/.exec(text.slice(at, at + 40))?.[2];
}

/** All pieces, or so many at a time that whatever has half of that length is whole in one of the parts. */
function* partsOf(pieces: readonly Literal[]): Generator<readonly Literal[]> {
  let [start, length] = [0, 0];
  for (const [index, piece] of pieces.entries()) {
    length += piece.end - piece.start;
    if (length < MAX_JOINED || index === pieces.length - 1) continue;
    yield pieces.slice(start, index + 1);
    for (; length > MAX_JOINED / 2; start += 1) length -= sizeOf(pieces[start]);
  }
  yield pieces.slice(start);
}

function sizeOf(piece: Literal | undefined): number {
  return piece ? piece.end - piece.start : 0;
}

function joined(
  text: string,
  pieces: readonly Literal[],
  how: {
    readonly isReversed: boolean;
    readonly separator: string | undefined;
    /** Of a few, which may be joined with any of the usual signs. */
    readonly isList: boolean;
  },
): UnfoldedText[] {
  const { isReversed, separator, isList } = how;
  const values = pieces.map((piece) => text.slice(piece.start + 1, piece.end - 1));
  const [start, end] = [pieces[0]?.start ?? 0, pieces.at(-1)?.end ?? 0];
  const whole = (value: string, edges: ReadonlySet<number>, words = "in pieces"): UnfoldedText => ({
    text: value,
    start,
    end,
    edges,
    how: words,
  });
  if (separator !== undefined) return [whole(values.join(separator), NO_EDGES)];
  const edges = new Set<number>();
  let forward = "";
  for (const value of values) {
    edges.add(forward.length);
    forward += value.replaceAll(/\$\{\s*(["'`])([^"'`\n]{0,100})\1\s*\}/g, "$2");
  }
  const others = isList ? ["-", "_", "."].map((sign) => whole(values.join(sign), NO_EDGES)) : [];
  const turned = isReversed ? [whole(Array.from(forward).toReversed().join(""), NO_EDGES, "backwards")] : [];
  // `forward` first and the rest behind it, as they are told.
  return [whole(forward, edges), ...others, ...turned];
}

const WORDS = new LongRuns({
  kind: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-",
  least: 24,
});
/** In base64 each byte of plain ASCII begins a group with one of these letters, if it is the first of three. */
const ENCODED = /(?:[0-9a-fA-F]{24}|(?:[I-Za-f][A-Za-z0-9+/_-]{3}){6})[A-Za-z0-9+/_-]{0,4000}={0,2}/y;
const HEX = /^(?:[0-9a-f]{2}){12,}$/i;
const NUMBERS = /(?:\b(?:0x[0-9a-fA-F]{2}|\d{2,3})\s{0,3},\s{0,10}){15,500}(?:0x[0-9a-fA-F]{2}|\d{2,3})/g;

function decodedWords(text: string): UnfoldedText[] {
  const found: UnfoldedText[] = [];
  for (const run of WORDS.in(text)) {
    ENCODED.lastIndex = run.start;
    const word = ENCODED.exec(text);
    if (!word) continue;
    // A word of one kind of letters is a name, and a long one is mostly data: both are common, and neither hides anything.
    if (!/[0-9]/.test(word[0]) && !/[A-Z].*[a-z].*[A-Z]/.test(word[0].slice(0, 80))) continue;
    const isHex = HEX.test(word[0]);
    const decoded = Buffer.from(word[0], isHex ? "hex" : "base64").toString("latin1");
    if (!/^[\s\x21-\x7e]{12}/.test(decoded)) continue;
    const [start, end] = [word.index, word.index + word[0].length];
    found.push({ text: decoded, start, end, edges: NO_EDGES, how: isHex ? "in hexadecimal" : "in base64" });
  }
  for (const list of text.matchAll(NUMBERS)) {
    const codes = list[0].split(",").map(Number);
    if (codes.some((code) => code < 0x20 || code > 0x7e)) continue;
    const [start, end] = [list.index, list.index + list[0].length];
    found.push({ text: String.fromCodePoint(...codes), start, end, edges: NO_EDGES, how: "as numbers" });
  }
  return found;
}

const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u00([0-9a-fA-F]{2})|u\{([0-9a-fA-F]{2})\})/g;
const ESCAPES =
  /(?:[\x21\x23-\x26\x28-\x5b\x5d-\x5f\x61-\x7e]{0,60}\\(?:x[0-9a-fA-F]{2}|u00[0-9a-fA-F]{2}|u\{[0-9a-fA-F]{2}\})){4,200}[A-Za-z0-9_-]{0,200}/y;
/** What stands before the first escape of a word that has some. */
const BEFORE_ESCAPE = /[\x21\x23-\x26\x28-\x5b\x5d-\x5f\x61-\x7e]{0,60}$/;

/** Words with escapes in them: from the first escape of each, for to try it everywhere takes long. */
function* escapedWords(text: string): Generator<RegExpExecArray> {
  let done = 0;
  for (const { index } of text.matchAll(ESCAPE)) {
    if (index < done) continue;
    const before = BEFORE_ESCAPE.exec(text.slice(Math.max(done, index - 60), index))?.[0] ?? "";
    ESCAPES.lastIndex = index - before.length;
    const word = ESCAPES.exec(text);
    if (!word) continue;
    done = ESCAPES.lastIndex;
    yield word;
  }
}

function escapedText(text: string): UnfoldedText[] {
  return Array.from(escapedWords(text), (found) => ({
    text: found[0].replaceAll(ESCAPE, (_, ...hex: unknown[]) =>
      String.fromCodePoint(
        Number.parseInt(hex.slice(0, 3).find((each): each is string => typeof each === "string") ?? "3f", 16),
      ),
    ),
    start: found.index,
    end: found.index + found[0].length,
    edges: NO_EDGES,
    how: "in escapes",
  }));
}

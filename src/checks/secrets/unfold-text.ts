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
const MAX_JOINED = 4000;
/** More than this is not a secret in disguise, but a file of data. */
const MAX_DECODED = 2000;

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

interface Literal {
  readonly start: number;
  readonly end: number;
  readonly value: string;
}

/** Literals of one line each, by their quotes alone. Where a quote is not one, the next line begins anew. */
function* literals(text: string): Generator<Literal> {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code !== 0x22 && code !== 0x27 && code !== 0x60) continue;
    let end = at + 1;
    for (; end < text.length && end - at <= MAX_LITERAL; end += 1) {
      const each = text.charCodeAt(end);
      if (each === 0x5c) end += 1;
      else if (each === code || each === 0x0a) break;
    }
    if (text.charCodeAt(end) !== code || end - at > MAX_LITERAL) continue;
    yield { start: at, end: end + 1, value: text.slice(at + 1, end) };
    at = end;
  }
}

function joinedLiterals(text: string): UnfoldedText[] {
  const found: UnfoldedText[] = [];
  let pieces: Literal[] = [];
  let length = 0;
  const close = (): void => {
    const isReversed = pieces.length > 0 && isTurned(text, pieces.at(-1)?.end ?? 0);
    if (pieces.length > 1 || isReversed || pieces[0]?.value.includes("${"))
      found.push(...joined(pieces, isReversed));
    pieces = [];
    length = 0;
  };
  for (const literal of literals(text)) {
    const previous = pieces.at(-1);
    if (previous && (length > MAX_JOINED || !isBeside(text, previous.end, literal.start))) close();
    pieces.push(literal);
    length += literal.value.length;
  }
  close();
  return found;
}

function isBeside(text: string, from: number, to: number): boolean {
  if (to - from > 200) return false;
  const between = text.slice(from, to);
  return BETWEEN.test(between) || BETWEEN.test(between.replaceAll(COMMENTS, ""));
}

/** Whether what follows a literal turns it round. */
function isTurned(text: string, at: number): boolean {
  const after = text.slice(at, at + 80);
  return /^[\s)]*(?:\.split\([^)]*\)\s*\.reverse\(|\[::-1\]|\.reverse\b|\.chars\(\)\.rev\(|\.to_s\.reverse)/.test(
    after,
  );
}

function joined(pieces: readonly Literal[], isReversed: boolean): UnfoldedText[] {
  const edges = new Set<number>();
  let whole = "";
  for (const piece of pieces) {
    edges.add(whole.length);
    whole += piece.value.replaceAll(/\$\{\s*(["'`])([^"'`\n]{0,100})\1\s*\}/g, "$2");
  }
  const [start, end] = [pieces[0]?.start ?? 0, pieces.at(-1)?.end ?? 0];
  const forward = { text: whole, start, end, edges, how: "in pieces" };
  return isReversed
    ? [
        forward,
        { text: Array.from(whole).toReversed().join(""), start, end, edges: NO_EDGES, how: "backwards" },
      ]
    : [forward];
}

const ENCODED = /[A-Za-z0-9+/_-]{24,4000}={0,2}/g;
const HEX = /^(?:[0-9a-f]{2}){12,}$/i;
const NUMBERS = /(?:\b(?:0x[0-9a-fA-F]{2}|\d{2,3})\s{0,3},\s{0,10}){15,500}(?:0x[0-9a-fA-F]{2}|\d{2,3})/g;

function decodedWords(text: string): UnfoldedText[] {
  const found: UnfoldedText[] = [];
  let decodedCount = 0;
  for (const word of text.matchAll(ENCODED)) {
    // A word of one kind of letters is a name, and a long one is mostly data: both are common, and neither hides anything.
    if (!/[0-9]/.test(word[0]) && !/[A-Z].*[a-z].*[A-Z]/.test(word[0].slice(0, 80))) continue;
    if ((decodedCount += 1) > MAX_DECODED) break;
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

const ESCAPES =
  /(?:[\x21\x23-\x26\x28-\x5b\x5d-\x5f\x61-\x7e]{0,60}\\(?:x[0-9a-fA-F]{2}|u00[0-9a-fA-F]{2}|u\{[0-9a-fA-F]{2}\})){4,200}[A-Za-z0-9_-]{0,200}/g;

function escapedText(text: string): UnfoldedText[] {
  if (!/\\(?:x[2-7]|u00[2-7]|u\{[2-7])/.test(text)) return [];
  return [...text.matchAll(ESCAPES)].map((found) => ({
    text: found[0].replaceAll(
      /\\(?:x([0-9a-fA-F]{2})|u00([0-9a-fA-F]{2})|u\{([0-9a-fA-F]{2})\})/g,
      (_, ...hex: unknown[]) =>
        String.fromCodePoint(
          Number.parseInt(
            hex.slice(0, 3).find((each): each is string => typeof each === "string") ?? "3f",
            16,
          ),
        ),
    ),
    start: found.index,
    end: found.index + found[0].length,
    edges: NO_EDGES,
    how: "in escapes",
  }));
}

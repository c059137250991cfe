import { MIN_SECRET_CHARS } from "./judge-secret.ts";

const MARK = "[redacted]";

/** Texts in JSON in JSON in JSON are there in logs of logs; deeper ones are not looked for. */
const MAX_JSON_DEPTH = 3;

/** The backslashes with which an escape begins at each depth. Nothing here repeats without a bound: it would be slow. */
const SLASHES = String.raw`(?:\\\\\\\\|\\\\|\\)`;

/**
 * Makes a function that replaces each of `secrets` in a text: as it is, percent-encoded or JSON-escaped in whole or in
 * part, in hexadecimal, and as a part of anything in base64 or base64url. Takes time linear in the text. It sees one text
 * at a time: a secret that is cut over two texts is not found.
 *
 * A secret is printable ASCII of 8 characters or more; another throws a RangeError, for it would redact words.
 */
export function redactor(secrets: readonly string[]): (text: string) => string {
  if (secrets.length === 0) return (text) => text;
  // The longest first: where one secret is a part of another, nothing of the longer one may stay.
  const sorted = [...new Set(secrets)].toSorted((a, b) => b.length - a.length);
  const pattern = new RegExp(sorted.flatMap(formsOf).join("|"), "g");
  return (text) => text.replaceAll(pattern, MARK);
}

function formsOf(secret: string): string[] {
  if (secret.length < MIN_SECRET_CHARS || !/^[\x21-\x7E]*$/.test(secret)) {
    throw new RangeError(`a secret needs at least ${MIN_SECRET_CHARS} characters of printable ASCII`);
  }
  const codes = Array.from(secret, (character) => character.charCodeAt(0));
  // The deepest first: of a backslash that is written as two, nothing may stay.
  const depths = Array.from({ length: MAX_JSON_DEPTH + 1 }, (_, index) => MAX_JSON_DEPTH - index);
  const spellings = new Set(depths.map((depth) => codes.map((code) => anySpelling(code, depth)).join("")));
  return [
    ...spellings,
    codes.map(hexDigits).join(""),
    ...[0, 1, 2].map((before) => base64Pattern(codes, before)),
  ];
}

/** One character, `depth` times in JSON: as an encoder writes it, or as `%73`, `\u0073` or `\x73`. */
function anySpelling(code: number, depth: number): string {
  const character = String.fromCharCode(code);
  const hex = hexDigits(code);
  // The long ones first: of a backslash that is written as \u005c, nothing may stay.
  return String.raw`(?:%${hex}|${SLASHES}(?:u00|x)${hex}|${literal(character, depth)})`;
}

function literal(character: string, depth: number): string {
  // Encoders differ in whether they escape these.
  if (character === "/" || character === "'") return `${SLASHES}?${escaped(character)}`;
  let written = character;
  for (let level = 0; level < depth; level += 1) written = JSON.stringify(written).slice(1, -1);
  return Array.from(written, escaped).join("");
}

/** The two digits of a byte, in either case. */
function hexDigits(code: number): string {
  const digits = code.toString(16).padStart(2, "0");
  return digits.replaceAll(/[a-f]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/**
 * The digits of base64 that are the same whatever stands around the secret, when the number of bytes before it leaves
 * the remainder `before` by 3. The digits at its edges are left out: they hold bits of the neighbours.
 */
function base64Pattern(codes: readonly number[], before: number): string {
  const bits = [...Array.from({ length: before }, () => 0), ...codes]
    .map((code) => code.toString(2).padStart(8, "0"))
    .join("");
  const digits: string[] = [];
  for (let at = Math.ceil((before * 8) / 6) * 6; at + 6 <= bits.length; at += 6) {
    digits.push(base64Digit(ALPHABET[Number.parseInt(bits.slice(at, at + 6), 2)] ?? ""));
  }
  return digits.join("");
}

/** The last two digits differ from one alphabet to the other, and are escaped in URLs and JSON. */
function base64Digit(digit: string): string {
  if (digit === "+") return "(?:[+-]|%2[Bb])";
  return digit === "/" ? String.raw`(?:${SLASHES}?\/|_|%2[Ff])` : digit;
}

function escaped(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/-]/, String.raw`\$&`);
}

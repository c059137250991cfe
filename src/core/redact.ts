import { MIN_SECRET_CHARS } from "./judge-secret.ts";

const MARK = "[redacted]";

/** More backslashes than that no text has before a sign; without a bound, a run of them would take quadratic time. */
const SLASHES = String.raw`\\{0,8}`;

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
  const codes = [...secret].map((character) => character.charCodeAt(0));
  return [
    codes.map(anySpelling).join(""),
    codes.map(hexDigits).join(""),
    ...[0, 1, 2].map((before) => base64Pattern(codes, before)),
  ];
}

/** One character: itself, `%73`, `\u0073` or `\x73`, with as many backslashes as nested escaping may have made. */
function anySpelling(code: number): string {
  const character = String.fromCharCode(code);
  const itself = /["'/\\]/.test(character) ? `${SLASHES}${escaped(character)}` : escaped(character);
  const hex = hexDigits(code);
  return String.raw`(?:${itself}|%${hex}|${SLASHES}\\(?:u00|x)${hex})`;
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
  return digit === "/" ? String.raw`(?:${SLASHES}\/|_|%2[Ff])` : digit;
}

function escaped(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/-]/, String.raw`\$&`);
}

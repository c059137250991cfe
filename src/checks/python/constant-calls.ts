import { Buffer } from "node:buffer";
import type { Constant } from "./fold-constant.ts";

/** What a builtin, or a decoding function of the standard library by its last name, gives for constant arguments. */
export function callConstant(name: string, args: readonly Constant[]): Constant | undefined {
  const [first, second] = args;
  switch (name) {
    case "chr":
    case "unichr":
      return typeof first === "number" && first >= 0 && first <= 0x10_ff_ff
        ? String.fromCodePoint(first)
        : undefined;
    case "ord":
      return typeof first === "string" && first !== "" ? (first.codePointAt(0) ?? 0) : undefined;
    case "int":
      return typeof first === "string"
        ? number(first, second)
        : typeof first === "number"
          ? first
          : undefined;
    case "str":
      return typeof first === "object" ? undefined : first === undefined ? "" : String(first);
    case "bytes":
    case "bytearray":
      return typeof first === "object" ? fromCodes(first) : typeof first === "string" ? first : undefined;
    case "list":
    case "tuple":
      return typeof first === "string" ? Array.from(first) : typeof first === "object" ? first : undefined;
    case "reversed":
      return typeof first === "string"
        ? Array.from(first).toReversed()
        : typeof first === "object"
          ? first.toReversed()
          : undefined;
    case "fromhex":
    case "unhexlify":
    case "a2b_hex":
      return typeof first === "string" ? decoded(first.replace(/\s/g, ""), "hex") : undefined;
    case "b16decode":
      return typeof first === "string" ? decoded(first, "hex") : undefined;
    case "b64decode":
    case "standard_b64decode":
    case "urlsafe_b64decode":
    case "a2b_base64":
    case "decodebytes":
    case "decodestring":
      return typeof first === "string" ? decoded(first, "base64") : undefined;
    case "decode":
    case "getdecoder":
      return typeof first === "string" && typeof second === "string" ? byCodec(first, second) : undefined;
    default:
      return undefined;
  }
}

/** What a method of a constant gives. An argument that is unknown is undefined. */
export function methodConstant(
  self: Constant,
  name: string,
  args: readonly (Constant | undefined)[],
): Constant | undefined {
  if (typeof self !== "string" || args.includes(undefined)) return undefined;
  const [first, second] = args;
  switch (name) {
    case "join": {
      const items = typeof first === "string" ? Array.from(first) : first;
      return typeof items === "object" && items.every((item) => typeof item === "string")
        ? items.join(self)
        : undefined;
    }
    case "replace":
      return typeof first === "string" && typeof second === "string"
        ? self.replaceAll(first, () => second)
        : undefined;
    case "format":
      return formatBraces(self, args as Constant[]);
    case "decode":
    case "encode":
      return typeof first === "string" ? (byCodec(self, first) ?? self) : self;
    case "lower":
    case "casefold":
      return self.toLowerCase();
    case "upper":
      return self.toUpperCase();
    case "swapcase":
      return Array.from(self)
        .map((c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase()))
        .join("");
    case "capitalize":
      return self.slice(0, 1).toUpperCase() + self.slice(1).toLowerCase();
    case "strip":
    case "lstrip":
    case "rstrip":
      return strip(self, typeof first === "string" ? first : " \t\n\r", name);
    case "removeprefix":
      return typeof first === "string" && self.startsWith(first) ? self.slice(first.length) : self;
    case "removesuffix":
      return typeof first === "string" && self.endsWith(first)
        ? self.slice(0, self.length - first.length)
        : self;
    case "split":
      return typeof first === "string" && first !== "" ? self.split(first) : self.trim().split(/\s+/);
    default:
      return undefined;
  }
}

/** `'%s%s' % (a, b)`. */
export function formatPercent(format: string, value: Constant): string | undefined {
  const values = typeof value === "object" ? value : [value];
  let at = 0;
  let unknown = false;
  const text = format.replace(/%([sdrcx%])/g, (_, kind: string) => {
    if (kind === "%") return "%";
    const item = values[at++];
    if (item === undefined || typeof item === "object") unknown = true;
    if (kind === "c" && typeof item === "number") return String.fromCodePoint(Math.max(0, item) & 0xff_ff);
    return typeof item === "number" && kind === "x" ? item.toString(16) : String(item);
  });
  return unknown ? undefined : text;
}

function formatBraces(format: string, values: readonly Constant[]): string | undefined {
  let at = 0;
  let unknown = false;
  const text = format.replace(/\{(\w*)(?:![rs])?\}/g, (_, name: string) => {
    const item = name === "" ? values[at++] : /^\d+$/.test(name) ? values[Number(name)] : undefined;
    if (item === undefined || typeof item === "object") unknown = true;
    return String(item);
  });
  return unknown ? undefined : text;
}

function byCodec(text: string, codec: string): string | undefined {
  switch (
    codec
      .toLowerCase()
      .replace(/[-_]/g, "")
      .replace(/codec$/, "")
  ) {
    case "rot13":
      return text.replace(/[a-z]/gi, (letter) => {
        const base = letter <= "Z" ? 65 : 97;
        return String.fromCharCode(((letter.charCodeAt(0) - base + 13) % 26) + base);
      });
    case "hex":
      return decoded(text, "hex");
    case "base64":
      return decoded(text, "base64");
    case "utf8":
    case "ascii":
    case "latin1":
    case "unicodeescape":
      return text;
    default:
      return undefined;
  }
}

function decoded(text: string, encoding: "hex" | "base64"): string {
  return Buffer.from(text, encoding).toString("latin1");
}

function fromCodes(codes: readonly Constant[]): string | undefined {
  return codes.every((code) => typeof code === "number" && code >= 0 && code < 256)
    ? String.fromCharCode(...(codes as number[]))
    : undefined;
}

function number(text: string, base: Constant | undefined): number | undefined {
  const value = Number.parseInt(
    text.replace(/^0[xob]/i, ""),
    typeof base === "number" && base > 1 && base <= 36 ? base : 10,
  );
  return Number.isNaN(value) ? undefined : value;
}

function strip(text: string, characters: string, side: string): string {
  let [from, to] = [0, text.length];
  if (side !== "rstrip") while (from < to && characters.includes(text[from] ?? "")) from += 1;
  if (side !== "lstrip") while (to > from && characters.includes(text[to - 1] ?? "")) to -= 1;
  return text.slice(from, to);
}

import { asText, decodeBytes, HOLE, text, type Value, type Values } from "./values.ts";

const MAX_TEXT = 20_000;
const MAX_ITEMS = 5_000;

/** What a method of a text gives for arguments that are known. Undefined: not known. */
export function foldTextMethod(
  subject: string,
  method: string,
  values: readonly Values[],
): Value | undefined {
  const first = values[0]?.[0];
  const second = values[1]?.[0];
  const numbers = values.map((each) => numberOf(each[0]));
  const words = values.map((each) => asText(each[0]));
  switch (method) {
    case "toString":
    case "valueOf":
    case "normalize":
    case "trim":
    case "trimStart":
    case "trimEnd":
    case "toLowerCase":
    case "toUpperCase":
    case "toLocaleLowerCase":
    case "toLocaleUpperCase":
    case "toWellFormed":
      return text(plainMethod(subject, method));
    case "concat":
      return text(bounded(subject + words.map((each) => each ?? HOLE).join("")));
    case "slice":
    case "substring":
    case "substr":
      // oxlint-disable-next-line typescript/no-deprecated
      return text(subject[method](numbers[0] ?? 0, numbers[1]));
    case "at":
    case "charAt": {
      const at = subject.at(numbers[0] ?? 0);
      return at === undefined ? undefined : text(at);
    }
    case "charCodeAt":
    case "codePointAt":
      return { kind: "number", number: subject.charCodeAt(numbers[0] ?? 0) };
    case "indexOf":
      return words[0] === undefined ? undefined : { kind: "number", number: subject.indexOf(words[0]) };
    case "repeat":
      return text(
        bounded(subject.repeat(Math.min(numbers[0] ?? 0, Math.ceil(MAX_TEXT / (subject.length || 1))))),
      );
    case "padStart":
    case "padEnd":
      return text(subject[method](Math.min(numbers[0] ?? 0, MAX_TEXT), words[1] ?? " "));
    case "split":
      return split(subject, first);
    case "replace":
    case "replaceAll":
      return replace(subject, first, second, method === "replaceAll");
    case "match":
      return first?.kind === "pattern" ? matches(subject, first) : undefined;
    default:
      return undefined;
  }
}

function plainMethod(subject: string, method: string): string {
  switch (method) {
    case "normalize":
      return subject.normalize("NFKC");
    case "trim":
      return subject.trim();
    case "trimStart":
      return subject.trimStart();
    case "trimEnd":
      return subject.trimEnd();
    case "toLowerCase":
    case "toLocaleLowerCase":
      return subject.toLowerCase();
    case "toUpperCase":
    case "toLocaleUpperCase":
      return subject.toUpperCase();
    default:
      return subject;
  }
}

function split(subject: string, by: Value | undefined): Value | undefined {
  if (subject.length > MAX_ITEMS) return undefined;
  const pattern = by?.kind === "pattern" ? safePattern(by) : undefined;
  const word = asText(by);
  if (pattern === undefined && word === undefined) return undefined;
  const parts = subject.split(pattern ?? word ?? "");
  return { kind: "list", items: parts.map((each) => [text(each)]) };
}

function replace(
  subject: string,
  what: Value | undefined,
  by: Value | undefined,
  all: boolean,
): Value | undefined {
  const replacement = asText(by);
  if (replacement === undefined) return undefined;
  if (what?.kind === "pattern") {
    const pattern = safePattern(what);
    return pattern && subject.length < 2000
      ? text(bounded(subject.replace(pattern, replacement)))
      : undefined;
  }
  const word = asText(what);
  if (word === undefined) return undefined;
  return text(bounded(all ? subject.replaceAll(word, replacement) : subject.replace(word, replacement)));
}

function matches(subject: string, what: Extract<Value, { kind: "pattern" }>): Value | undefined {
  const pattern = safePattern(what);
  const found = pattern && subject.length < 2000 ? subject.match(pattern) : undefined;
  return found ? { kind: "list", items: [...found].map((each) => [text(each)]) } : undefined;
}

/** An agent's regular expression is only run if it cannot take long: no groups, and one repetition at most. */
function safePattern(value: Extract<Value, { kind: "pattern" }>): RegExp | undefined {
  const { pattern, flags } = value;
  const repetitions = pattern.match(/[*+{]/g)?.length ?? 0;
  if (pattern.length > 200 || repetitions > 1 || (pattern.includes("(") && repetitions > 0)) return undefined;
  try {
    return new RegExp(pattern, flags.replaceAll(/[^gimsuvy]/g, ""));
  } catch {
    return undefined;
  }
}

/** What a method of a list gives that needs no function. Undefined: not known. */
export function foldListMethod(
  items: readonly Values[],
  method: string,
  values: readonly Values[],
): Values | undefined {
  const first = values[0]?.[0];
  const list = (each: readonly Values[]): Values => [{ kind: "list", items: each.slice(0, MAX_ITEMS) }];
  switch (method) {
    case "join": {
      const by = values.length === 0 ? "," : asText(first);
      return by === undefined
        ? undefined
        : [text(bounded(items.map((each) => asText(each[0]) ?? HOLE).join(by)))];
    }
    case "toString":
      return [text(bounded(items.map((each) => asText(each[0]) ?? HOLE).join(",")))];
    case "reverse":
    case "toReversed":
      return list(items.toReversed());
    case "slice":
      return list(items.slice(numberOf(first) ?? 0, numberOf(values[1]?.[0])));
    case "concat":
      return list([
        ...items,
        ...values.flatMap((each) => (each[0]?.kind === "list" ? each[0].items : [each])),
      ]);
    case "flat":
      return list(items.flatMap((each) => (each[0]?.kind === "list" ? each[0].items : [each])));
    case "values":
    case "filter":
    case "splice":
    case "toSpliced":
      return list(items);
    case "sort":
    case "toSorted":
      // How a function of the file would sort is not followed.
      return values.length > 0
        ? undefined
        : list(items.toSorted((a, b) => ((asText(a[0]) ?? "") < (asText(b[0]) ?? "") ? -1 : 1)));
    case "at": {
      const index = numberOf(first);
      return index === undefined ? items.flat() : (items.at(index) ?? []);
    }
    case "pop":
      return items.at(-1) ?? [];
    case "shift":
      return items[0] ?? [];
    case "find":
    case "findLast":
      return items.flat();
    default:
      return undefined;
  }
}

const CODES = new Set([
  "base64",
  "base64url",
  "hex",
  "utf8",
  "utf-8",
  "latin1",
  "binary",
  "ascii",
  "ucs2",
  "utf16le",
]);

/** The bytes that `Buffer.from` and its like make of a known value. */
export function bytesOf(value: Value | undefined, encoding: string | undefined): Uint8Array | undefined {
  if (value?.kind === "bytes") return value.bytes;
  if (value?.kind === "list") {
    const numbers = value.items.map((each) => numberOf(each[0]));
    return numbers.every((each) => each !== undefined) ? Uint8Array.from(numbers) : undefined;
  }
  if (value?.kind !== "text") return undefined;
  const code = (encoding ?? "utf8").toLowerCase();
  return CODES.has(code) ? Buffer.from(value.text, code as BufferEncoding) : undefined;
}

/** Bytes as text. */
export function encode(bytes: Uint8Array, encoding: string | undefined): string {
  const code = (encoding ?? "utf8").toLowerCase();
  return CODES.has(code) ? Buffer.from(bytes).toString(code as BufferEncoding) : decodeBytes(bytes);
}

export function numberOf(value: Value | undefined): number | undefined {
  if (value?.kind === "number") return value.number;
  if (value?.kind === "text" && value.text !== "" && !Number.isNaN(Number(value.text)))
    return Number(value.text);
  return undefined;
}

/** What a global function makes of known arguments. Undefined: not known. */
export function foldGlobalCall(name: string, values: readonly Values[]): Value | undefined {
  const first = values[0]?.[0];
  const word = asText(first);
  try {
    switch (name) {
      case "String.fromCharCode":
      case "String.fromCodePoint": {
        const flat = values.flatMap((each) => (each[0]?.kind === "list" ? each[0].items : [each]));
        const codes = flat.map((each) => numberOf(each[0]));
        return codes.length > 0 && codes.every((each) => each !== undefined)
          ? text(codes.map((each) => String.fromCodePoint(Math.trunc(each) & 0x1fffff)).join(""))
          : undefined;
      }
      case "atob":
        return word === undefined ? undefined : text(atob(word));
      case "btoa":
        return word === undefined ? undefined : text(btoa(word));
      case "unescape":
        return word === undefined ? undefined : text(unescapeText(word));
      case "decodeURIComponent":
      case "decodeURI":
        return word === undefined ? undefined : text(decodeURIComponent(word));
      case "encodeURIComponent":
      case "encodeURI":
      case "escape":
        return word === undefined ? undefined : text(encodeURIComponent(word));
      case "String":
      case "String.raw":
        return word === undefined ? undefined : text(word, false);
      case "parseInt":
      case "Number.parseInt": {
        const base = numberOf(values[1]?.[0]);
        const number = word === undefined ? Number.NaN : Number.parseInt(word, base);
        return Number.isNaN(number) ? undefined : { kind: "number", number };
      }
      case "Number":
      case "parseFloat": {
        const number = numberOf(first);
        return number === undefined ? undefined : { kind: "number", number };
      }
      case "JSON.parse": {
        const parsed: unknown = word === undefined || word.length > MAX_TEXT ? undefined : JSON.parse(word);
        return fromJson(parsed);
      }
      case "JSON.stringify":
        return first?.kind === "text" ? text(JSON.stringify(first.text)) : undefined;
      default:
        return undefined;
    }
  } catch {
    // Malformed input throws in the program as well: it gives no value.
    return undefined;
  }
}

function fromJson(parsed: unknown): Value | undefined {
  if (typeof parsed === "string") return text(parsed);
  if (typeof parsed === "number") return { kind: "number", number: parsed };
  if (Array.isArray(parsed)) {
    const items = parsed.slice(0, MAX_ITEMS).map((each) => fromJson(each));
    return { kind: "list", items: items.map((each) => (each ? [each] : [])) };
  }
  return undefined;
}

function unescapeText(word: string): string {
  return word
    .replaceAll(/%u([0-9a-fA-F]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replaceAll(/%([0-9a-fA-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

function bounded(value: string): string {
  return value.length > MAX_TEXT ? value.slice(0, MAX_TEXT) : value;
}

import { memberPath } from "./runtime-paths.ts";
import { asText, HOLE, path, text, UNKNOWN, type Value, type Values } from "./values.ts";

/** An expression may have more values than that: the rest is left out. */
export const MAX_OPTIONS = 12;
export const MAX_LIST = 2_000;

/** What going through a value gives: a list's items, a text's characters. */
export function elementsOf(values: Values): readonly Values[] {
  const [value] = values;
  if (value?.kind === "list") return value.items;
  if (value?.kind === "text") return Array.from(value.text.slice(0, MAX_LIST)).map((each) => [text(each)]);
  if (value?.kind === "bytes")
    return Array.from(value.bytes.slice(0, MAX_LIST), (each): Values => [{ kind: "number", number: each }]);
  return [];
}

/** A member of a value that the file does not write itself. */
export function plainMember(value: Exclude<Value, { kind: "written" }>, key: string): Values {
  switch (value.kind) {
    case "path":
      return [path(memberPath(value.path, key))];
    case "holder":
      return key === value.key ? value.values : UNKNOWN;
    case "list": {
      if (key === "length") return [{ kind: "number", number: value.items.length }];
      const index = Number(key);
      return Number.isInteger(index) ? (value.items[index] ?? UNKNOWN) : builtinMember("Array", key);
    }
    case "text": {
      if (key === "length") return [{ kind: "number", number: value.text.length }];
      const character = Number.isInteger(Number(key)) ? value.text[Number(key)] : undefined;
      return character === undefined ? builtinMember("String", key) : [text(character)];
    }
    case "number":
      return builtinMember("Number", key);
    case "pattern":
      return key === "source" ? [text(value.pattern)] : builtinMember("RegExp", key);
    case "bytes":
      return builtinMember("Uint8Array", key);
    default:
      return UNKNOWN;
  }
}

const OBJECT_METHODS: ReadonlySet<string> = new Set([
  "toString",
  "toLocaleString",
  "valueOf",
  "hasOwnProperty",
  "isPrototypeOf",
  "propertyIsEnumerable",
  "__defineGetter__",
  "__defineSetter__",
  "__lookupGetter__",
  "__lookupSetter__",
]);

/** A member of an ordinary value: its builtin methods are functions, and their constructor makes code. */
export function builtinMember(type: string, key: string): Values {
  if (key === "constructor") return [path(type)];
  if (key === "__proto__") return [path(`${type}.prototype`)];
  if (type === "Object" && !OBJECT_METHODS.has(key)) return UNKNOWN;
  return [path(`${type}.prototype.${key}`)];
}

/** What `+` gives, for each value of the left with each of the right. */
export function add(left: Values, right: Values): Values {
  const sums: Value[] = [];
  if (left.length === 0 && right.length === 0) return UNKNOWN;
  const unknown: readonly (Value | undefined)[] = [undefined];
  for (const a of left.length > 0 ? left : unknown) {
    for (const b of right.length > 0 ? right : unknown) {
      if (sums.length >= MAX_OPTIONS) return sums;
      if (a?.kind === "number" && b?.kind === "number")
        sums.push({ kind: "number", number: a.number + b.number });
      else if (a?.kind === "text" || b?.kind === "text" || a?.kind === "list" || b?.kind === "list")
        sums.push(text((asText(a) ?? HOLE) + (asText(b) ?? HOLE)));
    }
  }
  return sums;
}

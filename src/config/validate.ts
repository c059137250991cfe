import { z } from "zod";
import { nearMiss } from "../core/near-miss.ts";
import { err, ok, type Result } from "../core/result.ts";
import { pathToText, shortText, type Issue } from "./issue.ts";
import { recordOf } from "./record-of.ts";

/** Checks `value` against `schema`, with every issue at once in words that say what to write instead. */
export function validate<T>(schema: z.ZodType<T>, value: unknown): Result<T, Issue[]> {
  const parsed = schema.safeParse(value, { error: messageFor, reportInput: true });
  if (parsed.success) return ok(parsed.data);
  return err(parsed.error.issues.flatMap((issue) => toIssues({ schema, value }, issue)));
}

/** What is checked against what: where a schema is one of several, the value says which. */
interface Checked {
  readonly schema: z.core.$ZodType;
  readonly value: unknown;
}

function toIssues(checked: Checked, issue: z.core.$ZodIssue): Issue[] {
  if (issue.code === "unrecognized_keys") {
    const known = keysOf(schemaAt(checked, issue.path));
    return issue.keys.map((key) => unknownKey(issue.path, key, known));
  }
  // The key of a record has a schema of its own: its issue is the one that says why.
  if (issue.code === "invalid_key") {
    return issue.issues.map((ofKey) => ({
      path: issue.path,
      atKey: true,
      message: `${pathToText(issue.path)}: ${ofKey.message}`,
      ...hinted(hintFor(ofKey) ?? descriptionAt(checked, issue.path.slice(0, -1))),
    }));
  }
  // Of a map that may be a word as well, what is wrong inside of it says more than that it is no such word.
  const inner = issue.code === "invalid_union" ? issuesInside(issue.errors) : undefined;
  if (inner) {
    return inner.flatMap((each) => toIssues(checked, { ...each, path: [...issue.path, ...each.path] }));
  }
  const hint = hintFor(issue) ?? descriptionAt(checked, issue.path);
  return [{ path: issue.path, message: issue.message, ...hinted(hint) }];
}

/** The issues of the one form that the value as a whole has; undefined: it has none of them. */
function issuesInside(forms: readonly z.core.$ZodIssue[][]): readonly z.core.$ZodIssue[] | undefined {
  return forms.find((issues) =>
    issues.every(({ path, code }) => path.length > 0 || code === "unrecognized_keys"),
  );
}

function hinted(hint: string | undefined): Pick<Issue, "hint"> {
  return hint === undefined ? {} : { hint };
}

function unknownKey(parent: readonly PropertyKey[], key: string, known: readonly string[]): Issue {
  const suggestion = nearMiss(key, known);
  const place = parent.length > 0 ? ` in ${pathToText(parent)}` : "";
  return {
    path: [...parent, key],
    atKey: true,
    message: `unknown key "${shortText(key)}"${place}`,
    hint: suggestion ? `did you mean "${suggestion}"?` : `known keys: ${known.join(", ")}`,
  };
}

/** The library's own messages in our words. Messages that a schema gives itself go before these. */
function messageFor(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.input === undefined) return "is missing";
  switch (issue.code) {
    case "invalid_type":
      return `must be ${TYPE_NAMES[issue.expected] ?? issue.expected}, not ${describe(issue.input)}`;
    case "invalid_value":
      return `must be ${oneOf(issue.values.map(String))}, not ${describe(issue.input)}`;
    case "too_small":
      if (issue.origin === "array") return `needs at least ${issue.minimum} of them`;
      if (issue.origin === "string") return `needs at least ${issue.minimum} characters`;
      return `must be at least ${issue.minimum}, not ${describe(issue.input)}`;
    case "too_big":
      if (issue.origin === "array") return `has too many entries: at most ${issue.maximum}`;
      if (issue.origin === "string") return `is too long: at most ${issue.maximum} characters`;
      return `must be at most ${issue.maximum}, not ${describe(issue.input)}`;
    case "invalid_format":
      return `${describe(issue.input)} does not have the form that is needed`;
    case "invalid_union": {
      const { kinds, written } = discriminator(issue);
      if (kinds.length === 0) return undefined;
      return written === undefined ? "is missing" : `must be ${oneOf(kinds)}, not ${describe(written)}`;
    }
    case "custom":
    case "invalid_element":
    case "invalid_key":
    case "not_multiple_of":
    case "unrecognized_keys":
      break;
  }
  return undefined;
}

/** The kinds that a union has, and what the file has where one of them is needed; no kinds: it is not told by one key. */
function discriminator(issue: {
  readonly discriminator?: string | undefined;
  readonly options?: readonly unknown[] | undefined;
  readonly input?: unknown;
}): { readonly kinds: readonly string[]; readonly written: unknown } {
  if (issue.discriminator === undefined) return { kinds: [], written: undefined };
  const written = recordOf(issue.input)[issue.discriminator];
  return { kinds: (issue.options ?? []).map(String), written };
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map of keys and values",
  record: "a map of keys and values",
};

/** What could be a key that was written into the file: it must not come out on a terminal or in a log. */
const MAYBE_SECRET = /\bsk-|\beyJ|[A-Za-z0-9+/_-]{40}/;

/** A value of a file in a few words. */
function describe(value: unknown): string {
  if (value === null) return "empty";
  if (typeof value === "string" && MAYBE_SECRET.test(value)) return "this text";
  if (typeof value === "string") return `"${shortText(value)}"`;
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number") return Number.isFinite(value) ? `the number ${value}` : `${value}`;
  return typeof value === "boolean" ? `${value}` : "a map";
}

function oneOf(values: readonly string[]): string {
  return values.length < 2 ? values.join("") : `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;
}

function hintFor(issue: z.core.$ZodIssue): string | undefined {
  if (issue.code === "custom") {
    return typeof issue.params?.["hint"] === "string" ? issue.params["hint"] : undefined;
  }
  if (issue.code === "invalid_value" && typeof issue.input === "string") {
    const suggestion = nearMiss(issue.input, issue.values.map(String));
    return suggestion && `did you mean "${suggestion}"?`;
  }
  if (issue.code === "invalid_union") {
    const { kinds, written } = discriminator(issue);
    const suggestion = typeof written === "string" ? nearMiss(written, kinds) : undefined;
    return suggestion && `did you mean "${suggestion}"?`;
  }
  if (issue.code !== "invalid_type") return undefined;
  const { expected, input } = issue;
  if (typeof input === "string" && MAYBE_SECRET.test(input)) return undefined;
  // Where the schema speaks for itself, as for a duration, quotes alone would not help.
  const isText = expected === "string" && issue.message.startsWith("must be text");
  if (isText && (typeof input === "number" || typeof input === "boolean")) {
    return `if it is meant as text, put it in quotes: "${input}"`;
  }
  if (expected === "array" && typeof input === "string" && input.length < 100) {
    return `write it as a list: [${JSON.stringify(input)}]`;
  }
  return undefined;
}

type Wrapper = z.ZodOptional | z.ZodDefault | z.ZodPrefault;

function isWrapper(schema: unknown): schema is Wrapper {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
}

/** The schema without what makes it optional or transforms it. */
function bare(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  if (isWrapper(schema)) return bare(schema.unwrap());
  if (schema instanceof z.ZodPipe) return bare(schema.in);
  return schema;
}

function schemaAt({ schema, value }: Checked, path: readonly PropertyKey[]): z.core.$ZodType | undefined {
  let at: z.core.$ZodType | undefined = schema;
  let valueAt = value;
  for (const key of path) {
    const parent = member(bare(at), valueAt);
    if (parent instanceof z.ZodObject) at = shapeOf(parent)[String(key)];
    else if (parent instanceof z.ZodRecord) at = parent.valueType;
    else if (parent instanceof z.ZodArray) at = parent.element;
    else return undefined;
    valueAt = Array.isArray(valueAt) ? valueAt[Number(key)] : recordOf(valueAt)[String(key)];
  }
  return member(at, valueAt) ?? at;
}

/** The member of a union that `value` says it is; another schema is what it is. */
function member(schema: z.core.$ZodType | undefined, value: unknown): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodUnion && !(schema instanceof z.ZodDiscriminatedUnion)) {
    const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
    return isMap ? schema.options.find((option) => option instanceof z.ZodObject) : schema;
  }
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return schema;
  const kind = recordOf(value)[schema.def.discriminator];
  return schema.def.options.find((option) => {
    const literal = option instanceof z.ZodObject ? shapeOf(option)[schema.def.discriminator] : undefined;
    return literal instanceof z.ZodLiteral && literal.values.has(kind as never);
  });
}

function keysOf(schema: z.core.$ZodType | undefined): string[] {
  const object = bare(schema);
  if (object instanceof z.ZodRecord && object.keyType instanceof z.ZodEnum)
    return object.keyType.options.map(String);
  return object instanceof z.ZodObject ? Object.keys(shapeOf(object)) : [];
}

function shapeOf(schema: z.ZodObject): z.core.$ZodShape {
  return schema.shape;
}

/** What the schema says about the value at `path`, or about the closest parent that it says something about. */
function descriptionAt(checked: Checked, path: readonly PropertyKey[]): string | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    let at = schemaAt(checked, path.slice(0, length));
    while (at) {
      const description = z.globalRegistry.get(at)?.description;
      if (description) return description;
      at = isWrapper(at) ? at.unwrap() : undefined;
    }
  }
  return undefined;
}

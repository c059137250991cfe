import type { SgNode } from "@ast-grep/napi";
import { callConstant, formatPercent, methodConstant } from "./constant-calls.ts";
import { cookString } from "./cook-string.ts";

/** What an expression is worth that needs nothing from outside the file. Bytes are text of one character a byte. */
export type Constant = string | number | readonly Constant[];

/** The longest text, or list, that is put together: more is not a name. */
export const MAX_CONSTANT = 4096;
const MAX_DEPTH = 24;
const MAX_ITEMS = 512;

/** Gives the expression that a name was assigned, if the file has one. */
export type Lookup = (name: string) => SgNode | undefined;

/** How much more one file's expressions may be looked into: hostile ones refer to each other without an end. */
export interface FoldBudget {
  steps: number;
}

/**
 * Works out an expression: joined, sliced, reversed, formatted and decoded text, `chr`, lists and comprehensions over
 * them, and names that the file assigns. Undefined: it depends on something else, or is too large.
 */
export class ConstantFolder {
  private readonly lookup: Lookup;
  private readonly budget: FoldBudget;

  constructor(lookup: Lookup, budget: FoldBudget) {
    this.lookup = lookup;
    this.budget = budget;
  }

  /** The expression as text, where it is one. */
  text(node: SgNode | null): string | undefined {
    const value = node ? this.fold(node, 0, new Map()) : undefined;
    return typeof value === "string" ? value : undefined;
  }

  private fold(node: SgNode, depth: number, local: ReadonlyMap<string, Constant>): Constant | undefined {
    if (depth > MAX_DEPTH || (this.budget.steps -= 1) < 0) return undefined;
    const inner = (child: SgNode | null): Constant | undefined =>
      child ? this.fold(child, depth + 1, local) : undefined;
    switch (node.kind()) {
      case "string":
        return this.string(node, inner);
      case "concatenated_string":
        return joined(node.children().map(inner));
      case "integer":
        return Number(node.text().replaceAll("_", ""));
      case "identifier": {
        const name = node.text().normalize("NFKC");
        return local.get(name) ?? inner(this.lookup(name) ?? null);
      }
      case "parenthesized_expression":
        return inner(expressionsIn(node)[0] ?? null);
      case "named_expression":
        return inner(node.field("value"));
      case "list":
      case "tuple":
      case "set": {
        const items = expressionsIn(node);
        return items.length > MAX_ITEMS ? undefined : all(items.map(inner));
      }
      case "list_comprehension":
      case "generator_expression":
      case "set_comprehension":
        return this.comprehension(node, depth, local, inner);
      case "unary_operator": {
        const value = inner(node.field("argument"));
        return typeof value === "number" && node.text().startsWith("-") ? -value : undefined;
      }
      case "binary_operator":
        return binary(inner(node.field("left")), node.field("operator")?.text(), inner(node.field("right")));
      case "subscript":
        return subscript(node, inner);
      case "call":
        return this.call(node, inner);
      default:
        return undefined;
    }
  }

  private string(node: SgNode, inner: (child: SgNode | null) => Constant | undefined): string | undefined {
    const parts = node.children();
    const start = parts[0]?.text() ?? "";
    if (!parts.some((part) => part.kind() === "interpolation")) return cookString(node.text());
    const texts = parts.map((part) => {
      const kind = part.kind();
      if (kind === "string_start" || kind === "string_end") return "";
      if (kind !== "interpolation") return cookString(`${start}${part.text()}${start.replace(/^\w+/, "")}`);
      const plain = part.field("format_specifier") === null;
      return plain ? inner(part.field("expression") ?? expressionsIn(part)[0] ?? null) : undefined;
    });
    return joined(texts);
  }

  private comprehension(
    node: SgNode,
    depth: number,
    local: ReadonlyMap<string, Constant>,
    inner: (child: SgNode | null) => Constant | undefined,
  ): Constant | undefined {
    const clauses = node.children().filter((child) => child.kind() === "for_in_clause");
    const [clause] = clauses;
    const body = node.field("body");
    const name = clause?.field("left");
    if (!clause || !body || clauses.length > 1 || name?.kind() !== "identifier") return undefined;
    const over = inner(clause.field("right"));
    const items =
      typeof over === "string" ? Array.from(over) : Array.isArray(over) ? (over as Constant[]) : undefined;
    if (!items || items.length > MAX_ITEMS) return undefined;
    return all(items.map((item) => this.fold(body, depth + 1, new Map([...local, [name.text(), item]]))));
  }

  private call(node: SgNode, inner: (child: SgNode | null) => Constant | undefined): Constant | undefined {
    const called = node.field("function");
    const given = node.field("arguments");
    if (!called || !given) return undefined;
    const nodes = given.kind() === "generator_expression" ? [given] : expressionsIn(given);
    if (nodes.length > MAX_ITEMS) return undefined;
    const isAttribute = called.kind() === "attribute";
    const name = (isAttribute ? called.field("attribute")?.text() : called.text()) ?? "";
    if (name === "map" && nodes.length === 2) {
      const items = inner(nodes[1] ?? null);
      const list =
        typeof items === "string" ? Array.from(items) : Array.isArray(items) ? (items as Constant[]) : [];
      return all(list.map((item) => callConstant(nodes[0]?.text() ?? "", [item])));
    }
    const args = nodes.map((argument) =>
      inner(argument.kind() === "keyword_argument" ? argument.field("value") : argument),
    );
    const self = isAttribute ? inner(called.field("object")) : undefined;
    if (self !== undefined) return bounded(methodConstant(self, name, args));
    const values = all(args);
    return values && bounded(callConstant(name, values));
  }
}

/** The children that are expressions: no brackets, commas, comments. */
export function expressionsIn(node: SgNode): SgNode[] {
  return node.children().filter((child) => child.isNamed() && child.kind() !== "comment");
}

function all(values: readonly (Constant | undefined)[]): readonly Constant[] | undefined {
  return values.every((value) => value !== undefined) ? values : undefined;
}

function joined(values: readonly (Constant | undefined)[]): string | undefined {
  const known = all(values);
  if (!known || known.some((value) => typeof value === "object")) return undefined;
  const text = known.join("");
  return text.length > MAX_CONSTANT ? undefined : text;
}

function bounded(value: Constant | undefined): Constant | undefined {
  return typeof value === "object" || typeof value === "string"
    ? value.length > MAX_CONSTANT
      ? undefined
      : value
    : value;
}

function binary(
  left: Constant | undefined,
  operator: string | undefined,
  right: Constant | undefined,
): Constant | undefined {
  if (left === undefined || right === undefined) return undefined;
  if (operator === "%" && typeof left === "string") return formatPercent(left, right);
  if (operator === "*" && typeof right === "number" && typeof left === "string") {
    return left.length * right > MAX_CONSTANT || right < 0 ? undefined : left.repeat(Math.trunc(right));
  }
  if (operator === "+" && typeof left === "object" && typeof right === "object")
    return bounded([...left, ...right]);
  if (operator === "+" && typeof left === "string" && typeof right === "string") return bounded(left + right);
  if (typeof left !== "number" || typeof right !== "number") return undefined;
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "^":
      return left ^ right;
    case "%":
      return right === 0 ? undefined : left % right;
    case "//":
      return right === 0 ? undefined : Math.floor(left / right);
    default:
      return undefined;
  }
}

function subscript(
  node: SgNode,
  inner: (child: SgNode | null) => Constant | undefined,
): Constant | undefined {
  const value = inner(node.field("value"));
  const index = node.field("subscript");
  if ((typeof value !== "string" && typeof value !== "object") || !index) return undefined;
  const items: readonly Constant[] = typeof value === "string" ? Array.from(value) : value;
  if (index.kind() !== "slice") {
    const at = inner(index);
    return typeof at === "number" ? items.at(at) : undefined;
  }
  // The three places of a slice are told apart by its colons alone.
  const places: (SgNode | null)[] = [null, null, null];
  let place = 0;
  for (const child of index.children()) {
    if (child.text() === ":") place += 1;
    else if (place < 3) places[place] = child;
  }
  const numbers = places.map((child) => (child ? inner(child) : null));
  if (numbers.some((number) => number !== null && typeof number !== "number")) return undefined;
  const [from, to, step] = numbers as (number | null)[];
  const taken = slice(items, from ?? null, to ?? null, step ?? 1);
  return typeof value === "string" ? taken.join("") : taken;
}

function slice(items: readonly Constant[], from: number | null, to: number | null, step: number): Constant[] {
  const { length } = items;
  const clamp = (at: number): number =>
    Math.min(Math.max(at < 0 ? at + length : at, step < 0 ? -1 : 0), step < 0 ? length - 1 : length);
  const taken: Constant[] = [];
  if (step === 0) return taken;
  const start = from === null ? (step > 0 ? 0 : length - 1) : clamp(from);
  const end = to === null ? (step > 0 ? length : -1) : clamp(to);
  for (let at = start; step > 0 ? at < end : at > end; at += step) {
    const item = items[at];
    if (item !== undefined) taken.push(item);
  }
  return taken;
}

import { child, list, nameOf, plain, type Node } from "./syntax-node.ts";

/** A value that is known without running anything. Objects, arrays and functions are known to be truthy, and no more. */
export type Constant =
  | { readonly value: string | number | boolean | bigint | null | undefined }
  | { readonly value: "object"; readonly isObject: true };

const MAX_DEPTH = 12;

/** Folds what somebody writes to hide a constant: joined strings, negations, names of constants. */
export function constantOf(
  node: Node | undefined,
  names: ReadonlyMap<string, Node>,
  depth = 0,
): Constant | undefined {
  const at = plain(node);
  if (!at || depth > MAX_DEPTH) return undefined;
  const fold = (part: Node | undefined): Constant | undefined => constantOf(part, names, depth + 1);
  switch (at.type) {
    case "Literal":
      if (at["regex"] !== undefined) return { value: "object", isObject: true };
      return { value: at["value"] as string | number | boolean | null };
    case "Identifier": {
      const name = nameOf(at) ?? "";
      if (name === "undefined") return { value: undefined };
      if (name === "NaN") return { value: Number.NaN };
      if (name === "Infinity") return { value: Number.POSITIVE_INFINITY };
      const bound = names.get(name);
      return bound && bound !== at ? fold(bound) : undefined;
    }
    case "TemplateLiteral": {
      const parts = list(at, "expressions").map(fold);
      if (!parts.every(isKnown)) return undefined;
      const texts = list(at, "quasis").map((quasi) => (quasi["value"] as { cooked?: string }).cooked ?? "");
      return {
        value: texts
          .map((text, index) => text + (index < parts.length ? String(parts[index]?.value) : ""))
          .join(""),
      };
    }
    case "UnaryExpression": {
      const value = fold(child(at, "argument"));
      if (at["operator"] === "void") return { value: undefined };
      if (!value) return undefined;
      if (at["operator"] === "!") return { value: !isTruthy(value) };
      if (at["operator"] === "-" && typeof value.value === "number") return { value: -value.value };
      return undefined;
    }
    case "BinaryExpression":
      return foldBinary(at, fold);
    case "LogicalExpression": {
      const [left, right] = [fold(child(at, "left")), fold(child(at, "right"))];
      if (at["operator"] === "||") {
        if (left) return isTruthy(left) ? left : right;
        return right && isTruthy(right) ? { value: true } : undefined;
      }
      if (at["operator"] === "&&") {
        if (left) return isTruthy(left) ? right : left;
        return right && !isTruthy(right) ? { value: false } : undefined;
      }
      return undefined;
    }
    case "ArrayExpression":
    case "ObjectExpression":
    case "ArrowFunctionExpression":
    case "FunctionExpression":
    case "NewExpression":
    case "ClassExpression":
      return { value: "object", isObject: true };
    case "CallExpression":
      return foldCall(at, fold);
    default:
      return undefined;
  }
}

function foldBinary(at: Node, fold: (part: Node | undefined) => Constant | undefined): Constant | undefined {
  const [left, right] = [fold(child(at, "left")), fold(child(at, "right"))];
  if (!left || !right || "isObject" in left || "isObject" in right) return undefined;
  const [a, b] = [left.value, right.value];
  switch (at["operator"]) {
    case "+":
      if (typeof a === "number" && typeof b === "number") return { value: a + b };
      return typeof a === "string" || typeof b === "string"
        ? { value: `${String(a)}${String(b)}` }
        : undefined;
    case "===":
    case "==":
      return { value: a === b };
    case "!==":
    case "!=":
      return { value: a !== b };
    case "<":
    case ">":
    case "<=":
    case ">=": {
      if (typeof a !== "number" || typeof b !== "number") return undefined;
      if (at["operator"] === "<") return { value: a < b };
      if (at["operator"] === ">") return { value: a > b };
      return { value: at["operator"] === "<=" ? a <= b : a >= b };
    }
    default:
      return undefined;
  }
}

/** `Boolean(1)`, `["sk", "ip"].join("")`. */
function foldCall(at: Node, fold: (part: Node | undefined) => Constant | undefined): Constant | undefined {
  const callee = plain(child(at, "callee"));
  const [first] = list(at, "arguments");
  if (nameOf(callee) === "Boolean") {
    const value = fold(first);
    return value && { value: isTruthy(value) };
  }
  if (nameOf(callee) === "Symbol") return { value: "object", isObject: true };
  if (nameOf(callee) === "String") {
    const value = fold(first);
    return value && !("isObject" in value) ? { value: String(value.value) } : undefined;
  }
  const joined = child(callee, "object");
  if (joined?.type === "ArrayExpression" && nameOf(child(callee, "property")) === "join") {
    const parts = list(joined, "elements").map(fold);
    const separator = first ? fold(first) : { value: "," };
    if (!separator || !parts.every(isKnown)) return undefined;
    return { value: parts.map(({ value }) => String(value)).join(String(separator.value)) };
  }
  return undefined;
}

function isKnown(constant: Constant | undefined): constant is Constant {
  return constant !== undefined;
}

export function isTruthy(constant: Constant): boolean {
  return "isObject" in constant || Boolean(constant.value);
}

/** The name that a member expression reads, also where it is computed. */
export function memberName(node: Node, names: ReadonlyMap<string, Node>): string | undefined {
  const property = child(node, "property");
  if (node["computed"] !== true) return nameOf(property);
  const constant = constantOf(property, names);
  return constant && !("isObject" in constant) ? String(constant.value) : undefined;
}

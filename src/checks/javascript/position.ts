import { isFunction, keyOf } from "./place.ts";
import { bare, type Node } from "./syntax.ts";

const COMPARISONS: ReadonlySet<string> = new Set(["===", "!==", "==", "!=", "instanceof", "in"]);

/** Whether a value is only compared, or asked for its type: nothing can be done with it there. */
export function isCompared(node: Node, parent: Node): boolean {
  if (parent.type === "BinaryExpression")
    return COMPARISONS.has(parent.operator) && (parent.operator !== "in" || bare(parent.right) === node);
  return (
    parent.type === "UnaryExpression" &&
    (parent.operator === "typeof" || parent.operator === "!" || parent.operator === "void")
  );
}

/** The name of the method or function that is called. Empty: it has none. */
export function calledName(callee: Node): string {
  const at = bare(callee);
  if (at.type === "Identifier") return at.name;
  return at.type === "MemberExpression" ? (keyOf(at) ?? "") : "";
}

/** Whether a node is what a call calls, perhaps behind a comma or a condition. */
export function isCallee(node: Node, parent: Node): boolean {
  if (parent.type === "CallExpression" || parent.type === "NewExpression")
    return bare(parent.callee) === bare(node);
  return parent.type === "TaggedTemplateExpression" && bare(parent.tag) === bare(node);
}

/** Whether a node is an argument of a function that is written where it is called. */
export function isGivenToWrapper(parent: Node): boolean {
  if (parent.type !== "CallExpression") return false;
  const callee = bare(parent.callee);
  if (isFunction(callee)) return true;
  return (
    callee.type === "MemberExpression" &&
    isFunction(bare(callee.object)) &&
    ["call", "apply"].includes(keyOf(callee) ?? "")
  );
}

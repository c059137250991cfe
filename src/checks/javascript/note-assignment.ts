import { declarePattern, type PatternExpression } from "./declare-pattern.ts";
import { keyOf, type OfType } from "./place.ts";
import type { Scope, Source } from "./scopes.ts";
import { bare } from "./syntax.ts";

/** Notes what an assignment gives to a name, or to a name's member. Gives the expressions that stand in its pattern. */
export function noteAssignment(
  node: OfType<"AssignmentExpression">,
  scope: Scope,
): Iterable<PatternExpression> {
  const from: Source = {
    node: node.right,
    scope,
    way: [],
    ...(node.operator === "+=" ? { added: true } : {}),
  };
  const left = bare(node.left);
  if (left.type === "Identifier") {
    const binding = scope.find(left.name) ?? scope.root.declare(left.name, "local");
    binding.sources.push(from);
  } else if (left.type === "MemberExpression") {
    const object = bare(left.object);
    const key = keyOf(left);
    const binding = object.type === "Identifier" ? scope.find(object.name) : undefined;
    if (!binding || key === undefined) return [];
    const properties = (binding.properties ??= new Map());
    properties.set(key, [...(properties.get(key) ?? []), from]);
  } else if (left.type === "ArrayPattern" || left.type === "ObjectPattern") {
    return declarePattern(left, scope, from, "local", true);
  }
  return [];
}

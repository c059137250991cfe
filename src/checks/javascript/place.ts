import type { ArrowFunctionExpression, Function as OxcFunction } from "oxc-parser";
import type { Scope } from "./scopes.ts";
import { bare, type Node } from "./syntax.ts";

/** A node, where it stands, and what it stands in. */
export interface Place<T extends Node = Node> {
  readonly node: T;
  readonly scope: Scope;
  readonly parent: Node;
}

export type OfType<T extends Node["type"]> = Extract<Node, { type: T }>;
export type IdentifierNode = OfType<"Identifier">;
export type MemberNode = OfType<"MemberExpression">;
export type CallNode = OfType<"CallExpression" | "NewExpression">;
export type FunctionNode = ArrowFunctionExpression | OxcFunction;

export function isFunction(node: Node): node is FunctionNode {
  return (
    node.type === "ArrowFunctionExpression" ||
    node.type === "FunctionExpression" ||
    node.type === "FunctionDeclaration"
  );
}

/** The name of a member or property that is written down. Undefined: it is computed. */
export function keyOf(node: MemberNode): string | undefined {
  if (!node.computed)
    return node.property.type === "PrivateIdentifier" ? `#${node.property.name}` : node.property.name;
  const key = bare(node.property);
  return key.type === "Literal" && (typeof key.value === "string" || typeof key.value === "number")
    ? String(key.value)
    : undefined;
}

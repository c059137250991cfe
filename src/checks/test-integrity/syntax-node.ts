import { runningKeys, type Node as OxcNode } from "../javascript/syntax.ts";

/** A node of ESTree. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

export function isNode(value: unknown): value is Node {
  return (
    typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string"
  );
}

/** A field that is a node. */
export function child(node: Node | undefined, field: string): Node | undefined {
  const value = node?.[field];
  return isNode(value) ? value : undefined;
}

/** A field that is a list of nodes; holes are left out. */
export function list(node: Node | undefined, field: string): readonly Node[] {
  const value = node?.[field];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

export function nameOf(node: Node | undefined): string | undefined {
  return typeof node?.["name"] === "string" ? node["name"] : undefined;
}

const FUNCTIONS = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"]);

export interface FunctionNode extends Node {
  readonly type: "FunctionDeclaration" | "FunctionExpression" | "ArrowFunctionExpression";
}

export function isFunction(node: Node | undefined): node is FunctionNode {
  return node !== undefined && FUNCTIONS.has(node.type);
}

const WRAPPERS: Readonly<Record<string, string>> = {
  ParenthesizedExpression: "expression",
  TSAsExpression: "expression",
  TSSatisfiesExpression: "expression",
  TSNonNullExpression: "expression",
  TSTypeAssertion: "expression",
  TSInstantiationExpression: "expression",
  ChainExpression: "expression",
};

/** The expression without what says nothing about its value: types, parentheses, what stands before a comma. */
export function plain(node: Node | undefined): Node | undefined {
  let at = node;
  for (;;) {
    if (at?.type === "SequenceExpression") at = list(at, "expressions").at(-1);
    else if (at && WRAPPERS[at.type] !== undefined) at = child(at, WRAPPERS[at.type] ?? "");
    else return at;
  }
}

/**
 * Visits every node that runs (types do not), a parent before its children, and children in order. `enter` gets the nodes above it, outermost first; `false`
 * leaves out what is below. Depth costs memory, not stack.
 */
export function walk(root: Node, enter: (node: Node, above: readonly Node[]) => boolean | void): void {
  const above: Node[] = [];
  const stack: (Node | undefined)[] = [root];
  while (stack.length > 0) {
    const node = stack.pop();
    if (!node) {
      above.pop();
      continue;
    }
    if (enter(node, above) === false) continue;
    above.push(node);
    stack.push(undefined);
    // The stack gives the last first.
    const keys = runningKeys(node as unknown as OxcNode);
    for (let at = keys.length - 1; at >= 0; at -= 1) {
      const value = node[keys[at] ?? ""];
      if (Array.isArray(value)) {
        for (let item = value.length - 1; item >= 0; item -= 1)
          if (value[item]) stack.push(value[item] as Node);
      } else if (value) stack.push(value as Node);
    }
  }
}

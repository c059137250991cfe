import type { OfType } from "./place.ts";
import type { Scope, Source } from "./scopes.ts";
import type { Node } from "./syntax.ts";

/** Whether a statement declares a name in the block that it stands in. */
export function declares(statement: Node): boolean {
  switch (statement.type) {
    case "ExpressionStatement":
    case "ReturnStatement":
    case "IfStatement":
    case "ThrowStatement":
    case "BreakStatement":
    case "ContinueStatement":
    case "ForStatement":
    case "ForInStatement":
    case "ForOfStatement":
    case "WhileStatement":
    case "DoWhileStatement":
    case "SwitchStatement":
    case "TryStatement":
      return false;
    case "VariableDeclaration":
      return statement.kind !== "var";
    default:
      return true;
  }
}

/** Where the name that an import binds comes from. */
export function importSource(
  node: OfType<"ImportDeclaration">,
  specifier: OfType<"ImportDeclaration">["specifiers"][number],
  scope: Scope,
): Source {
  if (specifier.type === "ImportNamespaceSpecifier") return { node, scope, way: [] };
  if (specifier.type === "ImportDefaultSpecifier") return { node, scope, way: ["default"] };
  const name = specifier.imported;
  return { node, scope, way: [name.type === "Literal" ? name.value : name.name] };
}

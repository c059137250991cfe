import { EACH, REST, type Binding, type Scope, type Source } from "./scopes.ts";
import { bare, type Node } from "./syntax.ts";

/** An expression in a pattern: a default, or a computed key. */
export interface PatternExpression {
  readonly node: Node;
  readonly scope: Scope;
}

/**
 * Declares the names of a pattern in `scope`, each with its way into the value that the pattern takes apart, and returns the
 * expressions in it. With `assigned`, names that exist already get the value, as an assignment does.
 */
export function declarePattern(
  pattern: Node,
  scope: Scope,
  from: Source | undefined,
  kind: Binding["kind"],
  assigned = false,
): PatternExpression[] {
  const found: PatternExpression[] = [];
  const stack: { node: Node; from: Source | undefined }[] = [{ node: pattern, from }];
  for (let next = stack.pop(); next; next = stack.pop()) {
    const node = bare(next.node);
    const into = (key: string | Node): Source | undefined =>
      next?.from && { ...next.from, way: [...next.from.way, key] };
    switch (node.type) {
      case "Identifier": {
        const binding = (assigned ? scope.find(node.name) : undefined) ?? scope.declare(node.name, kind);
        if (next.from) binding.sources.push(next.from);
        break;
      }
      case "TSParameterProperty":
        stack.push({ node: node.parameter, from: next.from });
        break;
      case "AssignmentPattern":
        found.push({ node: node.right, scope });
        stack.push(
          { node: node.left, from: next.from },
          { node: node.left, from: { node: node.right, scope, way: [] } },
        );
        break;
      case "RestElement":
        stack.push({ node: node.argument, from: into(REST) });
        break;
      case "ArrayPattern":
        for (const [index, element] of node.elements.entries())
          if (element)
            stack.push({ node: element, from: into(element.type === "RestElement" ? EACH : String(index)) });
        break;
      case "ObjectPattern":
        for (const property of node.properties) {
          if (property.type === "RestElement") stack.push({ node: property, from: next.from });
          else {
            if (property.computed) found.push({ node: property.key, scope });
            stack.push({ node: property.value, from: into(propertyKey(property)) });
          }
        }
        break;
      case "MemberExpression":
        found.push({ node, scope });
        break;
      default:
    }
  }
  return found;
}

function propertyKey(property: { readonly key: Node; readonly computed: boolean }): string | Node {
  const { key } = property;
  if (!property.computed && key.type === "Identifier") return key.name;
  return key.type === "Literal" && typeof key.value !== "object" ? String(key.value) : key;
}

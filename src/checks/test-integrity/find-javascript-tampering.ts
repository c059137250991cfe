import { normalText } from "../../core/normal-text.ts";
import type { Occurrence } from "../finder.ts";
import type { SourceFile } from "../source-file.ts";
import { returnsConstant } from "./empty-assertion.ts";
import { moduleNames } from "./javascript-names.ts";
import { keyOf } from "./javascript-runner.ts";
import { javascriptTree } from "./javascript-tree.ts";
import { assigned } from "./patched-assertions.ts";
import { shadowedBy, shadowedImport, skipAsValue } from "./shadowed-runner.ts";
import { child, nameOf, walk, type Node } from "./syntax-node.ts";
import { called } from "./tampering-calls.ts";
import { RUNNER_NAMES, type Mocked } from "./tampering.ts";

const EQUALITY_NAMES = /^(?:equals?|isEqual|valueOf|toJSON|asymmetricMatch|\$\$asymmetricMatch)$/;
/** What makes a test file's runner, assertions or subject something else than what they are. */
export function findJavaScriptTampering(file: SourceFile): Occurrence[] {
  const { program, bare } = javascriptTree(file);
  const names = moduleNames(file);
  const found: Occurrence[] = [];
  const asserted = new Set<string>();
  const mocked: Mocked[] = [];
  const textOf = (node: Node | undefined): string =>
    node ? normalText(bare.slice(node.start, node.end)) : "";
  const add = (rule: string, node: Node, message?: string, level?: "warn"): void => {
    const key = textOf(node).slice(0, 300);
    found.push({
      rule,
      key,
      line: file.lineAt(node.start),
      ...(message ? { message } : {}),
      ...(level ? { level } : {}),
    });
  };
  walk(program, (node, above) => {
    switch (node.type) {
      case "VariableDeclarator":
        shadowedBy(node, above, names, add);
        break;
      case "FunctionDeclaration":
        if (RUNNER_NAMES.has(nameOf(child(node, "id")) ?? "") && above.length <= 2) {
          add(
            "test-runner-shadowed",
            node,
            `The file has its own "${nameOf(child(node, "id")) ?? ""}" in place of the runner's.`,
          );
        }
        break;
      case "ImportSpecifier":
        shadowedImport(node, above.at(-1), add);
        break;
      case "MemberExpression":
        skipAsValue(node, above.at(-1), names, add);
        break;
      case "AssignmentExpression":
        assigned(node, names, add, mocked);
        break;
      case "CallExpression":
        called({ node, names, file, add, mocked, asserted });
        break;
      case "Property":
      case "MethodDefinition":
      case "PropertyDefinition":
        if (
          (EQUALITY_NAMES.test(keyOf(node)) || isWellKnown(node)) &&
          returnsConstant(child(node, "value")) &&
          !isMatcherResult(node)
        ) {
          add("always-equal", node);
        }
        break;
      default:
    }
    return undefined;
  });
  for (const { names: all, node } of mocked) {
    const hit = all.find((name) => asserted.has(name));
    if (hit !== undefined) {
      add(
        "tested-code-mocked",
        node,
        `What this file tests, "${hit}", is replaced by the test's own answer.`,
      );
    }
  }
  return found;
}

function isWellKnown(node: Node): boolean {
  const key = child(node, "key");
  return (
    node["computed"] === true &&
    nameOf(child(key, "object")) === "Symbol" &&
    /^(?:toPrimitive|hasInstance)$/.test(nameOf(child(key, "property")) ?? "")
  );
}

/** `valueOf() { return 3 }` of an ordinary class gives something of its own; a constant truth does not. */
function isMatcherResult(node: Node): boolean {
  if (!/^(?:valueOf|toJSON)$/.test(keyOf(node))) return false;
  return node.type === "Property";
}

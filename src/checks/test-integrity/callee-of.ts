import { NO_NAMES } from "./call-path.ts";
import { child, isFunction, list, nameOf, plain, type Node } from "./syntax-node.ts";

/** The last name that an expression calls or reads: of `await calc.add(1, 2)`, `add`. */
export function calleeOf(node: Node | undefined, names: ReadonlyMap<string, Node>): string {
  let at = plain(node);
  for (let steps = 0; at && steps < 8; steps += 1) {
    if (isFunction(at)) {
      const body = plain(child(at, "body"));
      at = body?.type === "BlockStatement" ? plain(child(list(body, "body")[0], "expression")) : body;
      continue;
    }
    if (at.type === "CallExpression" || at.type === "NewExpression") {
      const called = plain(child(at, "callee"));
      const [argument] = list(at, "arguments");
      // `String(add(1, 2))` looks at what `add` gives.
      if (
        /^(?:String|Number|Boolean|Array|Object|Math|JSON)$/.test(
          nameOf(called) ?? nameOf(child(called, "object")) ?? "",
        ) &&
        argument
      ) {
        at = plain(argument);
        continue;
      }
      const property = nameOf(child(called, "property"));
      return property ?? nameOf(called) ?? calleeOf(called, NO_NAMES);
    }
    if (at.type === "AwaitExpression" || at.type === "UnaryExpression") at = plain(child(at, "argument"));
    else if (at.type === "BinaryExpression" || at.type === "LogicalExpression") at = plain(child(at, "left"));
    else if (at.type === "Identifier") {
      const bound = names.get(nameOf(at) ?? "");
      if (!bound) return nameOf(at) ?? "";
      at = plain(bound);
    } else if (at.type === "MemberExpression") {
      const object = plain(child(at, "object"));
      if (
        object?.type !== "CallExpression" &&
        object?.type !== "Identifier" &&
        object?.type !== "AwaitExpression"
      )
        return nameOf(child(at, "property")) ?? "";
      const isResult = object.type === "Identifier" ? names.has(nameOf(object) ?? "") : true;
      if (!isResult) return nameOf(child(at, "property")) ?? "";
      at = object;
    } else return "";
  }
  return "";
}

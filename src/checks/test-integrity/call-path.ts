import { memberName } from "./constants.ts";
import { child, list, nameOf, plain, type Node } from "./syntax-node.ts";

/** `test.each(rows)("adds", body)` as its root, `test`, and the steps from there. */
export interface CallPath {
  /** A name, `this`, or undefined for anything else. */
  readonly root: string | undefined;
  readonly steps: readonly Step[];
}

export type Step =
  | { readonly kind: "name"; readonly name: string; readonly node: Node }
  | { readonly kind: "call"; readonly args: readonly Node[]; readonly node: Node };

/** Longer chains are nobody's test; reading each link's own chain would be quadratic. */
const MAX_STEPS = 40;
const MAX_ALIASES = 6;

/** For a chain as it is written. */
export const NO_NAMES: ReadonlyMap<string, Node> = new Map();

/** Reads a chain of members and calls, through names that stand for a chain. */
export function callPath(node: Node | undefined, names: ReadonlyMap<string, Node>): CallPath {
  const steps: Step[] = [];
  let at = plain(node);
  let aliases = 0;
  while (at && steps.length < MAX_STEPS) {
    if (at.type === "CallExpression" || at.type === "NewExpression") {
      steps.push({ kind: "call", args: list(at, "arguments"), node: at });
      at = plain(child(at, "callee"));
    } else if (at.type === "TaggedTemplateExpression") {
      const quasi = child(at, "quasi");
      steps.push({ kind: "call", args: quasi ? [quasi] : [], node: at });
      at = plain(child(at, "tag"));
    } else if (at.type === "MemberExpression") {
      const name = memberName(at, names);
      if (name === undefined) break;
      steps.push({ kind: "name", name, node: at });
      at = plain(child(at, "object"));
    } else if (at.type === "Identifier") {
      const name = nameOf(at) ?? "";
      const bound = plain(names.get(name));
      const isChain =
        bound?.type === "Identifier" ||
        bound?.type === "MemberExpression" ||
        bound?.type === "CallExpression";
      if (!bound || !isChain || aliases >= MAX_ALIASES) return { root: name, steps: steps.toReversed() };
      aliases += 1;
      at = bound;
    } else if (at.type === "AwaitExpression") {
      at = plain(child(at, "argument"));
    } else {
      return { root: at.type === "ThisExpression" ? "this" : undefined, steps: steps.toReversed() };
    }
  }
  return { root: undefined, steps: steps.toReversed() };
}

import type { SourceFile } from "../source-file.ts";
import { evaluatorOf } from "./evaluator-of.ts";
import type { Evaluator } from "./evaluator.ts";
import type { CallNode, Place } from "./place.ts";
import { factsOf } from "./program-facts.ts";
import { canonicalPath } from "./runtime-paths.ts";
import { bare, type Node } from "./syntax.ts";

/** A call of something that the runtime or a module gives, in whatever way it is called. */
export interface KnownCall extends Place<CallNode> {
  readonly paths: readonly string[];
  /** What it is given. For a call by `call`, `apply`, `bind` or `Reflect`, what the function itself gets. */
  readonly args: readonly Node[];
  /** It was called by way of another function. */
  readonly isIndirect: boolean;
}

/** The calls whose function is known by a path. The other calls, which are most, no rule about paths needs to look at. */
export function knownCallsOf(file: SourceFile): readonly KnownCall[] {
  return file.tree("javascript.known-calls", () => {
    const facts = factsOf(file);
    const evaluator = evaluatorOf(file);
    if (!facts || !evaluator) return [];
    const found: KnownCall[] = [];
    for (const { node, scope, parent } of facts.calls) {
      const paths = evaluator.pathsOf(node.callee, scope);
      if (paths.length === 0) continue;
      const call = {
        node,
        scope,
        parent,
        paths: paths.length === 1 ? paths : [...new Set(paths)],
        args: node.arguments,
        isIndirect: false,
      };
      found.push(call);
      for (const other of throughOthers(call, evaluator)) found.push(other);
    }
    return found;
  });
}

/** The calls that a call makes of what it is handed. */
function throughOthers(call: KnownCall, evaluator: Evaluator): KnownCall[] {
  const { args, scope } = call;
  return call.paths.flatMap((path): KnownCall[] => {
    if (path === "Reflect.apply" || path === "Reflect.construct") {
      const [target] = args;
      const passed = args[path === "Reflect.apply" ? 2 : 1];
      if (!target) return [];
      const paths = evaluator.pathsOf(target, scope);
      return paths.length === 0 ? [] : [{ ...call, paths, args: elements(passed), isIndirect: true }];
    }
    if (!path.endsWith(".call") && !path.endsWith(".apply") && !path.endsWith(".bind")) return [];
    const invoked = /^(.+)\.(call|apply|bind)$/.exec(path);
    if (invoked?.[1] === undefined || invoked[1].endsWith(".prototype")) return [];
    const passed = invoked[2] === "apply" ? elements(args[1]) : args.slice(1);
    return [{ ...call, paths: [canonicalPath(invoked[1])], args: passed, isIndirect: true }];
  });
}

function elements(node: Node | undefined): readonly Node[] {
  const list = node && bare(node);
  return list?.type === "ArrayExpression" ? list.elements.filter((each) => each !== null) : [];
}

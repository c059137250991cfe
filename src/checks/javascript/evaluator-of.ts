import type { SourceFile } from "../source-file.ts";
import { Evaluator } from "./evaluator.ts";
import { factsOf, type CallNode, type Place } from "./program-facts.ts";

/** The evaluator of a file's program. Undefined: it has none. */
export function evaluatorOf(file: SourceFile): Evaluator | undefined {
  const facts = factsOf(file);
  return facts && file.once("javascript.evaluator", () => new Evaluator(facts));
}

/** A call of something that the runtime or a module gives. */
export interface KnownCall extends Place<CallNode> {
  readonly paths: readonly string[];
}

/** The calls whose function is known by a path. The other calls, which are most, no rule about paths needs to look at. */
export function knownCallsOf(file: SourceFile): readonly KnownCall[] {
  return file.once("javascript.known-calls", () => {
    const facts = factsOf(file);
    const evaluator = evaluatorOf(file);
    if (!facts || !evaluator) return [];
    return facts.calls.flatMap((place): KnownCall[] => {
      const paths = evaluator.pathsOf(place.node.callee, place.scope);
      return paths.length === 0
        ? []
        : [{ ...place, paths: paths.length === 1 ? paths : [...new Set(paths)] }];
    });
  });
}

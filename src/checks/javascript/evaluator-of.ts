import type { SourceFile } from "../source-file.ts";
import { Evaluator } from "./evaluator.ts";
import { factsOf } from "./program-facts.ts";

/** The evaluator of a file's program. Undefined: it has none. */
export function evaluatorOf(file: SourceFile): Evaluator | undefined {
  const facts = factsOf(file);
  return facts && file.tree("javascript.evaluator", () => new Evaluator(facts));
}

import type { Scope as CheckScope } from "../finder.ts";
import type { SourceFile } from "../source-file.ts";
import type { Evaluator } from "./evaluator.ts";
import type { OccurrenceList } from "./occurrence-list.ts";
import type { ProgramFacts } from "./program-facts.ts";
import type { Node } from "./syntax.ts";

/** What the judging functions of one version of one file share. */
export interface Judging {
  readonly file: SourceFile;
  readonly facts: ProgramFacts;
  readonly evaluator: Evaluator;
  readonly scope: CheckScope;
  readonly found: OccurrenceList;
}

/** A node's text, for keys. */
export function sourceOf(judging: Judging, node: Node): string {
  return judging.file.text.slice(node.start, Math.min(node.end, node.start + 400));
}

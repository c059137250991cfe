import type { Scope as CheckScope } from "../finder.ts";
import type { SourceFile } from "../source-file.ts";
import type { Evaluator } from "./evaluator.ts";
import type { OccurrenceList } from "./occurrence-list.ts";
import type { ProgramFacts } from "./program-facts.ts";
import type { Node } from "./syntax.ts";
import type { Verdict } from "./forbidden-paths.ts";
import { isTooling } from "./is-tooling.ts";

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

/** Tests and tools start programs with good reason: there it is for the morning, and does not stop a night's work. */
export function milder(judging: Judging, verdict: Verdict): Verdict["level"] {
  return verdict.rule === "js-process-execution" && isTooling(judging.file) ? "warn" : verdict.level;
}

import type { SgNode } from "@ast-grep/napi";
import type { FileFinder, Occurrence } from "../finder.ts";
import type { SourceFile } from "../source-file.ts";
import { syntaxTree } from "./syntax-tree.ts";

const ERRORS = "syntax-errors";

/** The errors of a file's tree, for whoever has walked it already: nobody walks it for them again. */
export function keepErrors(file: SourceFile, errors: readonly SgNode[]): void {
  file.tree(ERRORS, () => errors);
}

/** Share of a file's text that its grammar does not understand: worth a word, and as good as not read. */
const WARN_SHARE = 0.2;
const BLOCK_SHARE = 0.6;
/** Below this a slip of one character would count. */
const MIN_CHARS = 20;

/**
 * Code that its grammar does not understand: no rule has looked into it. JavaScript and TypeScript have a parser of
 * their own, that says so itself. Some errors are the grammar's, which lags behind its language: few of them are nothing.
 */
export const unparsed: FileFinder = {
  name: "unparsed",
  find(file: SourceFile): Occurrence[] {
    const { language, text } = file;
    if (!language || language === "javascript" || language === "typescript") return [];
    const root = syntaxTree(file);
    if (!root) return [];
    let [chars, end, line] = [0, 0, 0];
    for (const node of file.tree(ERRORS, () => root.findAll({ rule: { kind: "ERROR" } }))) {
      const range = node.range();
      if (range.start.index < end) continue;
      if (chars === 0) line = range.start.line + 1;
      chars += range.end.index - range.start.index;
      end = range.end.index;
    }
    const share = chars / Math.max(1, text.trim().length);
    if (chars < MIN_CHARS || share < WARN_SHARE) return [];
    const level = share >= BLOCK_SHARE && file.role !== "test" ? "block" : "warn";
    return [{ rule: "unparsed-code", key: level, line, level }];
  },
};

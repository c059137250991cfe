import type { SgNode } from "@ast-grep/napi";
import type { FileFinder, Occurrence, Scope } from "../finder.ts";
import type { SourceFile } from "../source-file.ts";
import { syntaxTree } from "../syntax/syntax-tree.ts";
import { findDangers } from "./dangers.ts";
import { judgeImports } from "./judge-imports.ts";
import { PythonSource } from "./python-source.ts";
import { Reach, type Report } from "./reach.ts";

/** What Python code imports and reaches for. */
export const pythonFinder: FileFinder = {
  name: "python",
  find(file: SourceFile, scope: Scope): Occurrence[] {
    if (file.language !== "python") return [];
    const root = syntaxTree(file);
    return root ? findIn(file, root, scope) : [];
  },
};

function findIn(file: SourceFile, root: SgNode, scope: Scope): Occurrence[] {
  const source = new PythonSource(file, root);
  const found: Occurrence[] = [];
  const report: Report = ({ rule, key, node, level, message }) => {
    // Tests may do what the product may not: they say so one level lower.
    const given = source.isTest ? (level === "block" ? "warn" : "info") : level;
    found.push({
      rule,
      key,
      line: node.range().start.line + 1,
      ...(given ? { level: given } : {}),
      ...(message === undefined ? {} : { message }),
    });
  };
  new Reach(source, report).run();
  findDangers(source, report);
  // Last: by now the calls that import are known too.
  return [...found, ...judgeImports(source, scope)];
}

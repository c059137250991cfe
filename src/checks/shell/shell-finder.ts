import type { SgNode } from "@ast-grep/napi";
import type { FileFinder, Occurrence, Scope } from "../finder.ts";
import type { SourceFile } from "../source-file.ts";
import { syntaxTree } from "../syntax/syntax-tree.ts";
import { declaredNames } from "./declared-names.ts";
import { embeddedScripts } from "./embedded-shell.ts";
import { scanShell } from "./scan-shell.ts";

/** What shell scripts do, and the commands in manifests, workflows, Makefiles, Dockerfiles. */
export const shellFinder: FileFinder = {
  name: "shell",
  find(file: SourceFile, scope: Scope): Occurrence[] {
    const scripts: readonly {
      readonly text: string;
      readonly line: number;
      readonly root?: SgNode | undefined;
    }[] =
      file.language === "shell"
        ? [{ text: file.text, line: 1, root: syntaxTree(file) }]
        : embeddedScripts(file);
    if (scripts.length === 0) return [];
    const declared = declaredNames(scope.change);
    const found = scripts.flatMap((script) => scanShell({ ...script, declared }));
    if (file.role !== "test") return found;
    return found.map((occurrence) => ({
      ...occurrence,
      level: occurrence.level === "warn" ? "info" : "warn",
    }));
  },
};

import type { FileFinder, Occurrence, Scope } from "../finder.ts";
import type { SourceFile } from "../source-file.ts";
import { declaredNames } from "./declared-names.ts";
import { embeddedScripts } from "./embedded-shell.ts";
import { scanShell } from "./scan-shell.ts";

/** What shell scripts do, and the commands in manifests, workflows, Makefiles, Dockerfiles. */
export const shellFinder: FileFinder = {
  name: "shell",
  find(file: SourceFile, scope: Scope): Occurrence[] {
    const scripts = file.language === "shell" ? [{ text: file.text, line: 1 }] : embeddedScripts(file);
    if (scripts.length === 0) return [];
    const declared = declaredNames(scope.change);
    const found = scripts.flatMap(({ text, line }) => scanShell({ text, line, declared }));
    if (file.role !== "test") return found;
    return found.map((occurrence) => ({
      ...occurrence,
      level: occurrence.level === "warn" ? "info" : "warn",
    }));
  },
};

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
    const { scripts, isWhole } = scriptsIn(file);
    if (scripts.length === 0 && isWhole) return [];
    const declared = declaredNames(scope.change);
    const found = scripts.flatMap((script) => scanShell({ ...script, declared }));
    if (!isWhole) found.push({ rule: UNREAD, key: "embedded", line: 1, message: NOT_ALL });
    const all = withUnread(found, file, scope);
    if (file.role !== "test") return all;
    return all.map((occurrence) => ({
      ...occurrence,
      level: occurrence.level === "warn" ? "info" : "warn",
    }));
  },
};

const UNREAD = "unreadable-code";
const NOT_ALL =
  "The commands in this file are not known: it is too large, or nested too deep, to be read as what its name says.";

interface Scripts {
  readonly scripts: readonly {
    readonly text: string;
    readonly line: number;
    readonly root?: SgNode | undefined;
  }[];
  readonly isWhole: boolean;
}

function scriptsIn(file: SourceFile): Scripts {
  if (file.language !== "shell") return embeddedScripts(file);
  return { scripts: [{ text: file.text, line: 1, root: syntaxTree(file) }], isWhole: true };
}

/**
 * What could not be read is told for each file, and again with each change of it: what is the same in the base would
 * otherwise take it off. A file that could not be read before either is a lesser thing. (The base's version comes first.)
 */
function withUnread(found: readonly Occurrence[], file: SourceFile, { side, other }: Scope): Occurrence[] {
  const isUnread = found.some(({ rule }) => rule === UNREAD);
  file.once("shell.unread", () => isUnread);
  const wasUnread = side === "head" && (other?.once("shell.unread", () => false) ?? false);
  return found.map((occurrence): Occurrence => {
    if (occurrence.rule !== UNREAD) return occurrence;
    if (!wasUnread) return { ...occurrence, key: `${occurrence.key} ${file.path}` };
    const message =
      "Its commands could not all be read before, and cannot now: what changed was not checked.";
    return { ...occurrence, key: `changed ${file.path}`, level: "warn", message };
  });
}

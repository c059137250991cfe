import type { FileFinder, Scope } from "../finder.ts";
import { readText } from "../read-text.ts";
import { SourceFile } from "../source-file.ts";
import { OccurrenceList } from "./occurrence-list.ts";
import { syntaxOf } from "./syntax.ts";

/** Files that the parser did not understand: what it did not read was not checked. */
export const unreadableFinder: FileFinder = {
  name: "javascript.unreadable",
  find(file, scope) {
    const syntax = syntaxOf(file);
    if (!syntax) return [];
    const found = new OccurrenceList(file);
    if (syntax.unread && scope.side === "head" && wasUnreadable(file, scope))
      found.add({
        start: 0,
        rule: "unreadable-source",
        key: `changed ${file.path}`,
        level: "warn",
        message: "The file could not be read before, and cannot now: what changed in it was not checked.",
      });
    else if (syntax.unread)
      found.add({ start: 0, rule: "unreadable-source", key: `${syntax.unread} ${file.path}` });
    else if (syntax.errors.length > 0)
      found.add({
        start: 0,
        rule: "unreadable-source",
        key: file.path,
        level: "warn",
        message: `The file does not parse: ${(syntax.errors[0] ?? "").slice(0, 200)}`,
      });
    return found.all;
  },
};

/** Whether the base has the file with another text, of which nothing could be read either. */
function wasUnreadable(file: SourceFile, { change }: Scope): boolean {
  const changed = change.files.find(({ path }) => path === file.path);
  const base = changed && readText(changed, "base");
  return base instanceof SourceFile && base.text !== file.text && syntaxOf(base)?.unread !== undefined;
}

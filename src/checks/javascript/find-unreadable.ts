import type { FileFinder } from "../finder.ts";
import { OccurrenceList } from "./occurrence-list.ts";
import { syntaxOf } from "./syntax.ts";

/** Files that the parser did not understand: what it did not read was not checked. */
export const unreadableFinder: FileFinder = {
  name: "javascript.unreadable",
  find(file) {
    const syntax = syntaxOf(file);
    if (!syntax) return [];
    const found = new OccurrenceList(file);
    if (syntax.unread)
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

import { IgnoreRules } from "./ignore-rules.ts";

/** Globs in the form of a .gitignore, asked about paths of files: a folder that matches has all that is in it. */
export class PathGlobs {
  private readonly rules: IgnoreRules;
  private readonly isEmpty: boolean;

  constructor(globs: readonly string[]) {
    this.isEmpty = globs.length === 0;
    this.rules = new IgnoreRules([{ folder: "", text: globs.join("\n") }]);
  }

  has(path: string): boolean {
    if (this.isEmpty) return false;
    for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) {
      if (this.rules.ignores(path.slice(0, at), true)) return true;
    }
    return this.rules.ignores(path, false);
  }
}

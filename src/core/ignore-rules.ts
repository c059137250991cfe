import { matchesGlob, parseGlob, type GlobPattern } from "./git-glob.ts";

/**
 * The rules of `.gitignore` files, for paths with one character a byte (see collector-protocol.ts).
 *
 * Own code, since the collector must decide by the ignore files of the *base commit* while it walks a tree that git
 * must not look at. `tests/core/ignore-rules.test.ts` compares it with `git check-ignore` on random rules and paths.
 */
export interface IgnoreFile {
  /** The folder of the ignore file, without a slash at the end; empty for the root. */
  readonly folder: string;
  readonly text: string;
}

interface Rule {
  readonly pattern: GlobPattern;
  readonly negated: boolean;
  readonly foldersOnly: boolean;
  /** Whether the pattern is matched against the path below the ignore file's folder, or only against the last name. */
  readonly anchored: boolean;
}

export class IgnoreRules {
  private readonly rulesByFolder = new Map<string, Rule[]>();

  constructor(files: Iterable<IgnoreFile>) {
    for (const file of files) {
      const rules = file.text.split("\n").flatMap((line) => parseRule(line) ?? []);
      if (rules.length > 0)
        this.rulesByFolder.set(file.folder, [...(this.rulesByFolder.get(file.folder) ?? []), ...rules]);
    }
  }

  /**
   * Whether the rules ignore `path`. The caller has asked for each folder above it before, and stopped at an ignored
   * one: nothing below an ignored folder can be taken back in.
   */
  ignores(path: string, isFolder: boolean): boolean {
    // The rule that decides is the last one that matches, in the ignore file that is nearest to the path.
    for (let folder = parentOf(path); ; folder = parentOf(folder)) {
      const rules = this.rulesByFolder.get(folder) ?? [];
      const below = folder === "" ? path : path.slice(folder.length + 1);
      const name = below.slice(below.lastIndexOf("/") + 1);
      const decisive = rules.findLast(
        (rule) => (isFolder || !rule.foldersOnly) && matchesGlob(rule.pattern, rule.anchored ? below : name),
      );
      if (decisive) return !decisive.negated;
      if (folder === "") return false;
    }
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

function parseRule(line: string): Rule | undefined {
  let pattern = withoutTrailingSpaces(line.endsWith("\r") ? line.slice(0, -1) : line);
  if (pattern === "" || pattern.startsWith("#")) return undefined;
  const negated = pattern.startsWith("!");
  if (negated) pattern = pattern.slice(1);
  const foldersOnly = pattern.endsWith("/");
  if (foldersOnly) pattern = pattern.slice(0, -1);
  const anchored = pattern.includes("/");
  if (pattern.startsWith("/")) pattern = pattern.slice(1);
  const parsed = pattern === "" ? undefined : parseGlob(pattern, anchored);
  return parsed && { pattern: parsed, negated, foldersOnly, anchored };
}

/** Spaces at the end do not count, but for one that a backslash protects. */
function withoutTrailingSpaces(line: string): string {
  let end = line.length;
  while (end > 0 && line[end - 1] === " ") {
    let backslashes = 0;
    while (line[end - 2 - backslashes] === "\\") backslashes += 1;
    if (backslashes % 2 === 1) break;
    end -= 1;
  }
  return line.slice(0, end);
}

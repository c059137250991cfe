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
  readonly matches: RegExp;
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
        (rule) => (isFolder || !rule.foldersOnly) && rule.matches.test(rule.anchored ? below : name),
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
  const source = pattern === "" ? undefined : patternSource(pattern, anchored);
  if (source === undefined) return undefined;
  return { matches: new RegExp(`^(?:${source})$`, "s"), negated, foldersOnly, anchored };
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

/** The pattern as the source of a regular expression; undefined where git takes the pattern to match nothing. */
function patternSource(pattern: string, anchored: boolean): string | undefined {
  let source = "";
  let at = 0;
  while (at < pattern.length) {
    const character = pattern[at] ?? "";
    if (character === "*") {
      const stars = /^\*+/.exec(pattern.slice(at))?.[0].length ?? 1;
      const startsName = at === 0 || pattern[at - 1] === "/";
      const after = pattern[at + stars];
      if (stars === 2 && anchored && startsName && after === "/") {
        source += "(?:[^/]+/)*"; // `**/`: any number of folders
        at += 3;
      } else if (stars === 2 && anchored && startsName && after === undefined) {
        source += ".+"; // `/**` at the end: everything inside
        at += 2;
      } else {
        source += "[^/]*";
        at += stars;
      }
    } else if (character === "?") {
      source += "[^/]";
      at += 1;
    } else if (character === "[") {
      const parsed = bracketSource(pattern, at);
      if (!parsed) return undefined;
      source += parsed.source;
      at = parsed.end;
    } else if (character === "\\") {
      const escaped = pattern[at + 1];
      if (escaped === undefined) return undefined;
      source += literal(escaped);
      at += 2;
    } else {
      source += literal(character);
      at += 1;
    }
  }
  return source;
}

const CLASSES: Readonly<Record<string, string>> = {
  alnum: "A-Za-z0-9",
  alpha: "A-Za-z",
  blank: " \\t",
  cntrl: "\\x00-\\x1f\\x7f",
  digit: "0-9",
  graph: "\\x21-\\x7e",
  lower: "a-z",
  print: "\\x20-\\x7e",
  punct: "!-\\/:-@\\[-`{-~",
  space: "\\t-\\r ",
  upper: "A-Z",
  xdigit: "A-Fa-f0-9",
};

/** A bracket expression that begins at `start`. It never matches a slash. */
function bracketSource(pattern: string, start: number): { source: string; end: number } | undefined {
  let at = start + 1;
  const inverted = pattern[at] === "!" || pattern[at] === "^";
  if (inverted) at += 1;
  let members = "";
  let previous: string | undefined;
  for (let first = true; ; first = false) {
    let character = pattern[at];
    if (character === undefined) return undefined;
    if (character === "]" && !first) break;
    const posix = /^\[:([a-z]*):\]/.exec(pattern.slice(at));
    if (posix) {
      const members_ = CLASSES[posix[1] ?? ""];
      if (members_ === undefined) return undefined;
      members += members_;
      at += posix[0].length;
      previous = undefined;
      continue;
    }
    if (
      character === "-" &&
      previous !== undefined &&
      pattern[at + 1] !== "]" &&
      pattern[at + 1] !== undefined
    ) {
      at += 1;
      if (pattern[at] === "\\") at += 1;
      const upper = pattern[at];
      if (upper === undefined) return undefined;
      if (upper >= previous) members += `${member(previous)}-${member(upper)}`;
      at += 1;
      previous = undefined;
      continue;
    }
    if (character === "\\") {
      at += 1;
      character = pattern[at];
      if (character === undefined) return undefined;
    }
    members += member(character);
    previous = character;
    at += 1;
  }
  if (members === "") return { source: inverted ? "[^/]" : "(?!)", end: at + 1 };
  return { source: `(?!/)[${inverted ? "^" : ""}${members}]`, end: at + 1 };
}

function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/, "\\$&");
}

function member(character: string): string {
  return `\\x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, "0")}`;
}

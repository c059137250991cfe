import type { CheckPolicy } from "../core/check-policy.ts";
import { LinearPattern } from "../core/linear-pattern.ts";
import { PathGlobs } from "../core/path-globs.ts";
import type { FileFinder, Occurrence } from "./finder.ts";
import type { SourceFile } from "./source-file.ts";

type BannedPattern = CheckPolicy["bannedPatterns"][number];

interface Compiled extends Pick<BannedPattern, "id"> {
  readonly pattern: LinearPattern;
  readonly applies: (path: string) => boolean;
}

const compiled = new WeakMap<readonly BannedPattern[], readonly Compiled[]>();

/** The owner's own patterns, line by line, in time that is linear in the file whatever they are. */
export const bannedPatterns: FileFinder = {
  name: "banned patterns",
  find(file, { settings }) {
    if (settings.bannedPatterns.length === 0) return [];
    const patterns = compile(settings.bannedPatterns).filter(({ applies }) => applies(file.path));
    return patterns.flatMap((each) => linesWith(each, file));
  },
};

function compile(patterns: readonly BannedPattern[]): readonly Compiled[] {
  const known = compiled.get(patterns);
  if (known) return known;
  const made = patterns.map(({ id, pattern: source, files }): Compiled => {
    const pattern = LinearPattern.parse(source);
    // The configuration was checked; what comes here all the same was not read from a file.
    if (!(pattern instanceof LinearPattern))
      throw new RangeError(`the pattern ${id} is not taken: ${pattern.reason}`);
    const globs = new PathGlobs(files);
    return { id, pattern, applies: (path) => files.length === 0 || globs.has(path) };
  });
  compiled.set(patterns, made);
  return made;
}

function linesWith({ id, pattern }: Compiled, { text }: SourceFile): Occurrence[] {
  const found: Occurrence[] = [];
  let number = 1;
  for (let start = 0; start <= text.length; number += 1) {
    const end = text.indexOf("\n", start);
    const stop = end === -1 ? text.length : end;
    const line = text.slice(start, text[stop - 1] === "\r" && stop > start ? stop - 1 : stop);
    if (pattern.matches(line))
      found.push({ rule: id, key: line.replaceAll(/\s+/g, " ").trim().slice(0, 500), line: number });
    start = stop + 1;
  }
  return found;
}

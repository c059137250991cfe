import type { ChangedFile } from "../core/change.ts";
import { PathGlobs } from "../core/path-globs.ts";
import { protectedKind } from "../core/protected-paths.ts";
import type { ChangeFinder, RuleFinding } from "./finder.ts";

/** Files that would run later on the owner's machine or in the CI, or that tell something there what to run. */
export const protectedPaths: ChangeFinder = {
  name: "protected-paths",
  find(_pairs, { change, settings }) {
    const granted = new PathGlobs(settings.grants.paths);
    const own = new PathGlobs(settings.protectedPaths);
    return change.files.flatMap((file): RuleFinding[] => {
      const { path } = file;
      const kind = protectedKind(path);
      // Nightwarden's own files are no task's to change, whatever it is granted.
      if (kind?.rule === "nightwarden-file") return [finding(file, kind.rule, kind.what, "block")];
      if (granted.has(path)) return [];
      if (own.has(path))
        return [finding(file, "protected-path", "A path that the policy protects", undefined)];
      if (kind) {
        const level = file.base ? (file.head ? (kind.changeLevel ?? kind.level) : "warn") : kind.level;
        return [finding(file, kind.rule, kind.what, level)];
      }
      return changesMode(file) ? [{ rule: "made-executable", path }] : [];
    });
  },
};

function finding(file: ChangedFile, rule: string, what: string, level: RuleFinding["level"]): RuleFinding {
  const done = !file.head ? "was removed" : !file.base ? "was added" : "was changed";
  return { rule, path: file.path, message: `${what}: it ${done}.`, ...(level ? { level } : {}) };
}

/** A file that was there became a program. */
function changesMode({ base, head }: ChangedFile): boolean {
  return base?.kind === "file" && head?.kind === "executable";
}

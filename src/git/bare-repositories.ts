import { foldPath } from "../core/captured-entry.ts";
import { foldersOf } from "./path-table.ts";

/**
 * The folders, below the top, that git would take for a bare repository: with HEAD beside `objects` and `refs`, or
 * beside `commondir`, which says where those are. Whoever stands in one and calls git, as many a prompt does, runs the
 * programs that its `config` names. Names count as on a file system that ignores case.
 */
export function bareRepositories(paths: Iterable<string>): Set<string> {
  const names = new Map<string, Set<string>>();
  for (const path of paths) {
    for (let child = path; ;) {
      const folder = child.slice(0, Math.max(0, child.lastIndexOf("/")));
      if (folder === "") break;
      const own = names.get(folder) ?? new Set<string>();
      own.add(foldPath(child.slice(folder.length + 1)));
      names.set(folder, own);
      child = folder;
    }
  }
  const isRepository = (own: ReadonlySet<string>): boolean =>
    own.has("head") && ((own.has("objects") && own.has("refs")) || own.has("commondir"));
  return new Set([...names].filter(([, own]) => isRepository(own)).map(([folder]) => folder));
}

/** The one of `repositories` that `path` is in. */
export function repositoryAround(path: string, repositories: ReadonlySet<string>): string | undefined {
  return [...foldersOf(path)].find((folder) => repositories.has(folder));
}

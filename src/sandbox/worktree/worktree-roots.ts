import { lstat, mkdir, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { NightwardenError } from "../../core/nightwarden-error.ts";
import { ensureStateFolder } from "../../lib/state-folder.ts";

const FOLDER = "worktrees";

/** Everywhere where the folders of a workspace's attempts can be: in its state folder, or in the user's cache. */
export function worktreeRoots(place: {
  readonly stateDir: string;
  readonly cacheDir: string;
  /** Names the workspace in the cache. */
  readonly key: string;
}): readonly [string, string] {
  return [join(place.stateDir, FOLDER), join(place.cacheDir, FOLDER, place.key)];
}

/**
 * The one to use, made for its owner alone: the first that is in no repository, since git, Node and others look for what
 * is theirs in the folders above. Throws `refused.sandbox` where both are in one.
 */
export async function ensureWorktreeRoot(place: Parameters<typeof worktreeRoots>[0]): Promise<string> {
  const [inState, inCache] = worktreeRoots(place);
  if (!(await isInRepository(place.stateDir))) return await ensureStateFolder(place.stateDir, FOLDER);
  if (!(await isInRepository(place.cacheDir))) {
    await mkdir(inCache, { recursive: true, mode: 0o700 });
    return inCache;
  }
  throw new NightwardenError({
    code: "refused.sandbox",
    message: `a worktree sandbox may not be inside a repository, and both ${inState} and ${inCache} are`,
    hint: "Move the workspace out of the repository, or set XDG_CACHE_HOME to a folder that is in none.",
  });
}

/** Whether a folder, which need not exist, or one above it has a `.git`. */
async function isInRepository(folder: string): Promise<boolean> {
  const start = await realpath(folder).catch(() => folder);
  for (let each = start; ; each = dirname(each)) {
    const git = await lstat(join(each, ".git")).catch(() => undefined);
    if (git) return true;
    if (dirname(each) === each) return false;
  }
}

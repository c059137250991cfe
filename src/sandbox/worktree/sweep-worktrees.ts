import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { systemCode } from "../../lib/state-folder.ts";
import { bearsOwner } from "./enclosure-mark.ts";
import { endEnclosed } from "./process-table.ts";
import { removeFolder } from "./remove-folder.ts";

export interface SweptWorktrees {
  readonly processes: number;
  readonly folders: number;
}

/**
 * Ends every process that bears the mark of one of `owners`, and removes their folders below `roots`. Only for the holder
 * of the workspace's lock, while nothing of its own runs: then whatever is there was left by a crash.
 */
export async function sweepWorktrees(left: {
  readonly owners: readonly string[];
  readonly roots: readonly string[];
}): Promise<SweptWorktrees> {
  let [processes, folders] = [0, 0];
  for (const owner of left.owners) {
    processes += await endEnclosed(({ mark }) => bearsOwner(mark, owner));
    for (const root of left.roots) {
      const folder = join(root, owner);
      folders += (await namesIn(folder)).length;
      await removeFolder(folder);
    }
  }
  return { processes, folders };
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    throw error;
  }
}

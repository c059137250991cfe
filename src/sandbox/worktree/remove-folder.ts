import { chmod, lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { systemCode } from "../../lib/state-folder.ts";

/**
 * Removes a folder of ours, also where somebody has closed folders in it. Only when no process can write to it any more:
 * then nothing is a link now that was a folder a moment ago. One that is gone already is fine.
 */
export async function removeFolder(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch (error) {
    if (!["EACCES", "EPERM", "ENOTEMPTY"].includes(systemCode(error) ?? "")) throw error;
    await openUp(folder);
    await rm(folder, { recursive: true, force: true });
  }
}

/** Gives the owner back every right on every folder; links are not followed. */
async function openUp(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && (await lstat(path)).isDirectory()) await openUp(path);
  }
}

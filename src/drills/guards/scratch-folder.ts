import { lstat, mkdtemp, readdir, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pid } from "node:process";

const PREFIX = "nightwarden-scratch-";
const NAME = new RegExp(`^${PREFIX}(\\d+)-[A-Za-z0-9]{6}$`);

/** A new folder of this process's in the host's temporary folder, for its owner alone. */
export async function makeScratchFolder(): Promise<string> {
  return await mkdtemp(join(await realpath(tmpdir()), `${PREFIX}${pid}-`));
}

/** Such folders whose process has ended without removing them. Only our own user's: anybody may make a folder there. */
export async function staleScratchFolders(): Promise<string[]> {
  const parent = await realpath(tmpdir());
  const stale: string[] = [];
  for (const name of await readdir(parent)) {
    const owner = NAME.exec(name)?.[1];
    if (owner === undefined || isAlive(Number(owner))) continue;
    const found = await lstat(join(parent, name)).catch(() => undefined);
    if (found?.isDirectory() && found.uid === process.getuid?.()) stale.push(join(parent, name));
  }
  return stale;
}

export async function removeScratchFolder(folder: string): Promise<void> {
  // What a killed night has left may still be written to for a moment.
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

function isAlive(process_: number): boolean {
  try {
    process.kill(process_, 0);
    return true;
  } catch (error) {
    // Somebody else's process is one, too.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

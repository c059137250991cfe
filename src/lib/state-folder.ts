import { chmod, mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Makes the workspace's state folder and a folder in it, and returns the latter's path. Both are for their owner alone
 * (0700), and git is told to look away: journals and outputs quote whatever an agent printed. May be called again.
 */
export async function ensureStateFolder(stateDir: string, ...inside: readonly string[]): Promise<string> {
  const folder = join(stateDir, ...inside);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // A folder that was there before, from a copy or a restored backup, may be open to others.
  await chmod(stateDir, 0o700);
  await writeFile(join(stateDir, ".gitignore"), "*\n", { flag: "wx", mode: 0o600 }).catch(ignoreExisting);
  return folder;
}

/** Makes the folder's entries durable: a new file can be lost in a power cut, though its content was flushed. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The code of a failed system call, such as `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

function ignoreExisting(error: unknown): void {
  if (systemCode(error) !== "EEXIST") throw error;
}

import { chmod, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pid } from "node:process";

const PREFIX = "nightwarden-drill-";

/** A new folder of this process's, which everybody on the host may look into. Those of processes that were killed are removed. */
export async function makeDrillFolder(): Promise<string> {
  const parent = tmpdir();
  for (const name of await readdir(parent)) {
    const owner = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (owner === undefined || isAlive(Number(owner))) continue;
    await rm(join(parent, name), { recursive: true, force: true }).catch(() => undefined); // another user's
  }
  const folder = await mkdtemp(join(parent, `${PREFIX}${pid}-`));
  // What keeps a sandbox from it must not be its mode.
  await chmod(folder, 0o755);
  return folder;
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

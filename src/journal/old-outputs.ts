import { lstat, readdir, rmdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Cleaned, RetainedPlace } from "../contracts/retained.ts";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import type { Residue } from "../core/residue.ts";
import type { OldThings } from "../core/retention.ts";
import { systemCode } from "../lib/state-folder.ts";

const PLACE = "outputs";
/** As output-files.ts names them. */
const OURS = /^[^/]+\.\d+\.[a-z-]+(?:\.\d+)?\.jsonl$/;

/** What the agents and tests of nights printed. Whatever else somebody has put there stays, and its folder with it. */
export class OldOutputs implements RetainedPlace {
  readonly name = PLACE;
  private readonly stateDir: string;

  constructor(options: { readonly stateDir: string }) {
    this.stateDir = options.stateDir;
  }

  async clean(old: OldThings, signal: AbortSignal): Promise<Cleaned> {
    const removed: Residue[] = [];
    let bytes = 0;
    const root = join(this.stateDir, "output");
    try {
      if (!(await isFolder(root))) return { removed, bytes, isDone: true };
      for (const night of old.nights) {
        const folder = join(root, night);
        if (!(await isFolder(folder))) continue;
        for (const entry of await readdir(folder, { withFileTypes: true })) {
          if (signal.aborted) return { removed, bytes, isDone: false };
          if (!entry.isFile() || !OURS.test(entry.name)) continue;
          const { size } = await lstat(join(folder, entry.name));
          await unlink(join(folder, entry.name));
          const name = `output/${night}/${entry.name}`;
          removed.push({ kind: "file", place: PLACE, name, attempt: null, token: null, bytes: size });
          bytes += size;
        }
        await removeEmpty(folder);
      }
    } catch (error) {
      throw new NightwardenError({
        code: "infra.journal",
        message: `old outputs cannot be removed: ${messageOf(error)}`,
        cause: error,
      });
    }
    return { removed, bytes, isDone: true };
  }
}

/** A folder itself, and no link to one. */
async function isFolder(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory();
  } catch (error) {
    if (systemCode(error) === "ENOENT") return false;
    throw error;
  }
}

async function removeEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch (error) {
    if (!["ENOTEMPTY", "EEXIST"].includes(systemCode(error) ?? "")) throw error;
  }
}

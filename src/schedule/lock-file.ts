import { randomUUID } from "node:crypto";
import { link, open, readFile, rename, rm } from "node:fs/promises";
import { z } from "zod";
import { systemCode } from "../lib/state-folder.ts";

const lockOwner = z.object({
  pid: z.number().int().positive(),
  processStart: z.string().nullable(),
  bootId: z.string().nullable(),
  host: z.string(),
  startedAt: z.string(),
  command: z.string(),
  /** Different in every lock that was ever taken. */
  token: z.string(),
});
/** Who holds a lock. */
export type LockOwner = z.infer<typeof lockOwner>;

/** A lock file as it is; `owner` is null where the file does not say. */
export interface LockFile {
  readonly text: string;
  readonly owner: LockOwner | null;
}

export async function readLockFile(path: string): Promise<LockFile | undefined> {
  try {
    const text = await readFile(path, "utf8");
    return { text, owner: parseOwner(text) };
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Creates the lock, whole or not at all; false: there is one. */
export async function createLockFile(path: string, owner: LockOwner): Promise<boolean> {
  return withPreparedFile(path, owner, async (prepared) => {
    try {
      await link(prepared, path);
      return true;
    } catch (error) {
      if (systemCode(error) === "EEXIST") return false;
      throw error;
    }
  });
}

/** Puts the owner's lock in the place of whatever is there. */
export async function replaceLockFile(path: string, owner: LockOwner): Promise<void> {
  await withPreparedFile(path, owner, (prepared) => rename(prepared, path));
}

/** Removes the lock if it is the owner's. */
export async function removeLockFile(path: string, owner: LockOwner): Promise<void> {
  const current = await readLockFile(path);
  if (current?.owner?.token === owner.token) await rm(path, { force: true });
}

/** Readers never see a half-written lock: its content is complete and flushed before the file gets its name. */
async function withPreparedFile<T>(
  path: string,
  owner: LockOwner,
  use: (prepared: string) => Promise<T>,
): Promise<T> {
  const prepared = `${path}.${randomUUID()}`;
  try {
    const handle = await open(prepared, "wx", 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(owner, null, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    return await use(prepared);
  } finally {
    await rm(prepared, { force: true });
  }
}

function parseOwner(text: string): LockOwner | null {
  try {
    return lockOwner.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Clock } from "../contracts/clock.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import { safeLine } from "../core/safe-text.ts";
import { ensureStateFolder } from "../lib/state-folder.ts";
import {
  createLockFile,
  readLockFile,
  removeLockFile,
  replaceLockFile,
  type LockFile,
  type LockOwner,
} from "./lock-file.ts";
import { bootId, identityOf, isAlive } from "./process-identity.ts";

/** A former owner that ended without letting go; both are null where its file could not be read. */
interface FormerOwner {
  readonly pid: number | null;
  readonly startedAt: string | null;
}

export interface NightLock {
  /** null: the lock was free. */
  readonly takenOverFrom: FormerOwner | null;
  /** Removes the lock, if it is still this one. May be called again. */
  release(): Promise<void>;
}

/**
 * Takes the workspace's lock, `.nightwarden/lock`: at most one supervisor works in a workspace at a time.
 * Throws `refused.lock`, without waiting, while another holds it. A lock whose owner is gone is taken over; of several
 * that try at once exactly one gets it.
 */
export async function acquireNightLock(options: {
  readonly stateDir: string;
  /** What the owner does, for the person who is refused. */
  readonly command: string;
  readonly clock: Clock;
}): Promise<NightLock> {
  await ensureStateFolder(options.stateDir);
  const path = join(options.stateDir, "lock");
  const { start } = await identityOf(process.pid);
  const owner: LockOwner = {
    pid: process.pid,
    processStart: start,
    bootId: await bootId(),
    host: hostname(),
    startedAt: options.clock.now().toISOString(),
    command: options.command,
    token: randomUUID(),
  };
  const takenOverFrom = await take(path, owner);
  return { takenOverFrom, release: () => removeLockFile(path, owner) };
}

/** The process that works in the workspace now, or undefined. */
export async function readNightLock(stateDir: string): Promise<LockOwner | undefined> {
  const file = await readLockFile(join(stateDir, "lock"));
  return file?.owner && !(await isStale(file)) ? file.owner : undefined;
}

/**
 * Only the holder of `PATH.takeover` may replace a stale lock, and it looks again when it has it. So nobody can replace
 * the lock of one who was quicker. The takeover is such a lock itself, since its holder can die as well.
 */
async function take(path: string, owner: LockOwner): Promise<FormerOwner | null> {
  for (;;) {
    if (await createLockFile(path, owner)) return null;
    const found = await readLockFile(path);
    if (!found) continue;
    if (!(await isStale(found))) throw refusal(path, found);
    const takeover = `${path}.takeover`;
    await take(takeover, owner);
    try {
      const current = await readLockFile(path);
      if (current?.text === found.text) {
        await replaceLockFile(path, owner);
        return { pid: found.owner?.pid ?? null, startedAt: found.owner?.startedAt ?? null };
      }
    } finally {
      await removeLockFile(takeover, owner);
    }
  }
}

/**
 * A file that names no owner was damaged, since ours are whole from the start: it guards nothing. The owner of another
 * machine (or container) cannot be looked at, so its lock stands.
 */
async function isStale({ owner }: LockFile): Promise<boolean> {
  if (!owner) return true;
  if (owner.host !== hostname()) return false;
  if (owner.bootId !== (await bootId())) return true;
  return !(await isAlive({ pid: owner.pid, start: owner.processStart }));
}

function refusal(path: string, { owner }: LockFile): NightwardenError {
  const who = owner ? `process ${owner.pid} on ${safeLine(owner.host)}` : "another process";
  const since = owner ? ` since ${safeLine(owner.startedAt)} (${safeLine(owner.command)})` : "";
  const elsewhere = owner !== null && owner.host !== hostname();
  return new NightwardenError({
    code: "refused.lock",
    message: `this workspace is in use by ${who}${since}`,
    hint: elsewhere
      ? `That is another machine or container, so it cannot be seen from here whether it still works. If it does not, remove ${path}.`
      : `Wait until it is done (see nightwarden status), or let it stop early: kill ${owner?.pid ?? "PID"}`,
  });
}

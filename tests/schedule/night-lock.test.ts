import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { acquireNightLock, readNightLock, type NightLock } from "../../src/schedule/night-lock.ts";
import { TickingClock } from "../fakes/ticking-clock.ts";

async function temporaryStateDir(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "nightwarden-lock-"));
  onTestFinished(async () => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function acquire(stateDir: string): Promise<NightLock> {
  return acquireNightLock({ stateDir, command: "nightwarden run", clock: new TickingClock() });
}

/** A real process that tries for the lock once it is told to, and then holds it until it ends. */
async function holder(stateDir: string): Promise<{ child: ChildProcess; go: () => Promise<string> }> {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL("./lock-holder.ts", import.meta.url)), stateDir],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  onTestFinished(async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<string> => String((await lines.next()).value);
  expect(await next()).toBe("ready");
  const go = async (): Promise<string> => {
    child.stdin.write("go\n");
    return next();
  };
  return { child, go };
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

/** Changes what a lock of this process says. */
async function writeLock(stateDir: string, changes: Record<string, unknown>): Promise<void> {
  const lock = await acquire(stateDir);
  const path = join(stateDir, "lock");
  const owner = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
  await lock.release();
  await writeFile(path, JSON.stringify({ ...owner, ...changes }));
}

test("a free lock is taken, says by whom, and is gone when it is released", async () => {
  const stateDir = await temporaryStateDir();
  const lock = await acquire(stateDir);
  expect(lock.takenOverFrom).toBeNull();
  expect(await readNightLock(stateDir)).toMatchObject({
    pid: process.pid,
    host: hostname(),
    command: "nightwarden run",
  });
  expect((await stat(join(stateDir, "lock"))).mode & 0o777).toBe(0o600);
  await lock.release();
  await lock.release();
  expect(await readNightLock(stateDir)).toBeUndefined();
  expect(await readdir(stateDir)).toEqual([".gitignore"]);
});

test("a second supervisor is refused, and told who works since when", async () => {
  const stateDir = await temporaryStateDir();
  const { child, go } = await holder(stateDir);
  expect(await go()).toBe("acquired");
  const owner = await readNightLock(stateDir);
  await expect(acquire(stateDir)).rejects.toMatchObject({
    code: "refused.lock",
    hint: expect.stringContaining("nightwarden") as string,
  });
  await expect(acquire(stateDir)).rejects.toThrow(
    `process ${child.pid} on ${hostname()} since ${owner?.startedAt}`,
  );
});

test("the lock of a killed supervisor is taken over, and this is said", async () => {
  const stateDir = await temporaryStateDir();
  const { child, go } = await holder(stateDir);
  expect(await go()).toBe("acquired");
  await kill(child);
  expect(await readNightLock(stateDir)).toBeUndefined();
  const lock = await acquire(stateDir);
  expect(lock.takenOverFrom).toMatchObject({ pid: child.pid, startedAt: expect.any(String) as string });
  await lock.release();
});

test("of many that take over a stale lock at once, exactly one gets it", async () => {
  for (let round = 0; round < 3; round += 1) {
    const stateDir = await temporaryStateDir();
    const dead = await holder(stateDir);
    expect(await dead.go()).toBe("acquired");
    await kill(dead.child);
    const takers = await Promise.all(Array.from({ length: 6 }, async () => holder(stateDir)));
    const results = await Promise.all(takers.map(async ({ go }) => go()));
    expect(results.toSorted()).toEqual(
      ["refused", "refused", "refused", "refused", "refused", "took over"].toSorted(),
    );
  }
});

test("of many that take a free lock at once, exactly one gets it", async () => {
  const stateDir = await temporaryStateDir();
  const takers = await Promise.all(Array.from({ length: 6 }, async () => holder(stateDir)));
  const results = await Promise.all(takers.map(async ({ go }) => go()));
  expect(results.filter((result) => result === "acquired")).toHaveLength(1);
  expect(results.filter((result) => result === "refused")).toHaveLength(5);
});

test("one that died while it took over does not stop the next", async () => {
  const stateDir = await temporaryStateDir();
  await writeLock(stateDir, { pid: 2 ** 22 + 1 });
  await writeFile(join(stateDir, "lock.takeover"), await readFile(join(stateDir, "lock")));
  const lock = await acquire(stateDir);
  expect(lock.takenOverFrom).toMatchObject({ pid: 2 ** 22 + 1 });
  await lock.release();
  expect(await readdir(stateDir)).toEqual([".gitignore"]);
});

test.each([
  ["another start time: the number was given to a new process", { processStart: "1" }],
  ["another boot", { bootId: "00000000-0000-0000-0000-000000000000" }],
  ["a process that does not exist", { pid: 2 ** 22 + 1 }],
])("a lock is stale with %s", async (_, changes) => {
  const stateDir = await temporaryStateDir();
  await writeLock(stateDir, changes);
  expect(await readNightLock(stateDir)).toBeUndefined();
  expect((await acquire(stateDir)).takenOverFrom).not.toBeNull();
});

test("a lock of another machine stands, and the hint says what to do", async () => {
  const stateDir = await temporaryStateDir();
  await writeLock(stateDir, { host: "elsewhere\u001B[2J", pid: 2 ** 22 + 1 });
  await expect(acquire(stateDir)).rejects.toMatchObject({
    code: "refused.lock",
    message: expect.stringContaining("on elsewhere since") as string,
    hint: expect.stringContaining("remove") as string,
  });
});

test.each([
  ["empty", ""],
  ["no JSON", "\u0000\u0000"],
  ["of another form", '{"pid":"7"}'],
])("a lock file that is %s guards nothing, and is taken over", async (_, text) => {
  const stateDir = await temporaryStateDir();
  await mkdir(stateDir, { recursive: true });
  await writeFile(join(stateDir, "lock"), text);
  const lock = await acquire(stateDir);
  expect(lock.takenOverFrom).toEqual({ pid: null, startedAt: null });
});

test("release leaves a lock alone that is no longer its own", async () => {
  const stateDir = await temporaryStateDir();
  const lock = await acquire(stateDir);
  await writeFile(join(stateDir, "lock"), "somebody else's");
  await lock.release();
  expect(await readFile(join(stateDir, "lock"), "utf8")).toBe("somebody else's");
});

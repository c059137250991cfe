import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const PARENT = fileURLToPath(new URL("../fixtures/checks-parent.ts", import.meta.url));
/** Beside the reading, a program that starts takes less than half of this. */
const IN_THE_MIDDLE_MS = 3000;
const POLL_MS = 50;
const IDLE_MS = 30_000;
const MS_PER_TICK = 10;
const USER_TIME = 11;

/** What a process has used of a processor. Undefined: there is none. */
function usedMs(pid: number): number | undefined {
  try {
    const [, rest = ""] = /^\d+ \(.*\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, "latin1")) ?? [];
    const fields = rest.split(" ");
    return fields[0] === "Z" ? undefined : Number(fields[USER_TIME]) * MS_PER_TICK;
  } catch {
    return undefined;
  }
}

/** Until it has used so much of a processor, or is gone. Throws where it does not use it: it is not inside of the file. */
async function untilUsed(pid: number, ms: number): Promise<number | undefined> {
  for (let last = -1, idleMs = 0; ; idleMs += POLL_MS) {
    const used = usedMs(pid);
    if (used === undefined || used >= ms) return used;
    if (used > last) [last, idleMs] = [used, 0];
    if (idleMs > IDLE_MS) throw new Error("the reader is idle: it is not inside of the file");
    await sleep(POLL_MS);
  }
}

/** Kills a parent while its reader is inside of an endless file. What the reader has used from then on; undefined: it ended before. */
async function usedAfterTheKill(kind: "watched" | "unwatched", ms: number): Promise<number | undefined> {
  const parent = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", PARENT, kind], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(createInterface(parent.stdout), "line")) as [string];
  const reader = Number(line);
  try {
    const before = await untilUsed(reader, IN_THE_MIDDLE_MS);
    if (before === undefined) throw new Error("the reader ended before its parent was killed");
    const gone = once(parent, "exit");
    parent.kill("SIGKILL");
    await gone;
    const after = await untilUsed(reader, before + ms);
    return after === undefined ? undefined : after - before;
  } finally {
    parent.kill("SIGKILL");
    if (usedMs(reader) !== undefined) process.kill(reader, "SIGKILL");
  }
}

it("a reader inside of an endless file ends with the supervisor that is killed", async () => {
  expect(await usedAfterTheKill("watched", 5000)).toBeUndefined();
}, 180_000);

it("a control: a reader that does not know its parent goes on", async () => {
  expect(await usedAfterTheKill("unwatched", 5000)).toBeGreaterThanOrEqual(5000);
}, 180_000);

import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import {
  findControlGroups,
  killsIn,
  limitReachedIn,
  type ControlGroupLayout,
  type GroupPlan,
} from "./control-group-plan.ts";
import { Refusal } from "./refusal.ts";

const TRIES = 500;
const PAUSE_MS = 10;

export function controlGroups(): ReturnType<typeof findControlGroups> {
  const controllers = (root: string): string => readFileSync(`${root}/cgroup.controllers`, "utf8");
  return findControlGroups(readFileSync("/proc/mounts", "utf8"), controllers);
}

export function requiredControlGroups(): ControlGroupLayout {
  const found = controlGroups();
  if (!("problem" in found)) return found;
  throw new Refusal(found.problem, "Mount control groups with memory, pids and cpu; see docs/platforms.md.");
}

/** Makes the group and sets its limits, before any process is in it. */
export function makeControlGroup(plan: GroupPlan): void {
  for (const folder of plan.folders) mkdirSync(folder, { recursive: true });
  for (const { file, value, optional } of plan.writes) {
    try {
      writeFileSync(file, value);
    } catch (error) {
      if (optional) continue;
      throw new Error(`the limit ${value} could not be set in ${file}`, { cause: error });
    }
  }
}

/** Whether the kernel has killed any of its processes for memory. */
export function wasOutOfMemory(plan: GroupPlan): boolean {
  try {
    return killsIn(readFileSync(plan.kills, "utf8")) > 0;
  } catch {
    return false; // the group is gone
  }
}

/** Whether its own limit on memory was ever reached; null: the kernel does not say. */
export function memoryLimitReached(plan: GroupPlan): boolean | null {
  const { hits, peak, bytes } = plan.reached;
  try {
    const read = (file: string): string => readFileSync(file, "utf8");
    return limitReachedIn({ hits: read(hits), peak: peak === null ? null : read(peak), bytes });
  } catch {
    return null; // the group is gone
  }
}

/**
 * Ends every process of the group, and returns when none is left: `setsid` takes nothing out of a group. Where nothing
 * else ends them at once they are frozen first, so that none can start another between two kills.
 */
export async function killControlGroup(plan: GroupPlan): Promise<void> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const running = processesOf(plan);
    if (running.length === 0) return;
    if (plan.kill === null || !tryWrite(plan.kill, "1")) killOneByOne(plan);
    await delay(tries === 0 ? 1 : PAUSE_MS);
  }
  throw new Error(`processes ${processesOf(plan).join(", ")} do not end`);
}

function killOneByOne(plan: GroupPlan): void {
  const { freezer } = plan;
  if (freezer) tryWrite(freezer.file, freezer.frozen);
  for (const pid of processesOf(plan)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // it ended meanwhile
    }
  }
  if (freezer) tryWrite(freezer.file, freezer.thawed);
}

function processesOf(plan: GroupPlan): number[] {
  try {
    return readFileSync(plan.processes, "utf8").trim().split("\n").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function tryWrite(file: string, value: string): boolean {
  try {
    writeFileSync(file, value);
    return true;
  } catch {
    return false;
  }
}

/** Removes the group. No process may be left in it. One that is gone is fine. */
export async function removeControlGroup(plan: GroupPlan): Promise<void> {
  for (const folder of plan.own) {
    for (let tries = 0; ; tries += 1) {
      try {
        rmdirSync(folder);
        break;
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        if (code === "ENOENT") break;
        // A process that has just ended still counts for a moment.
        if (code !== "EBUSY" || tries >= TRIES) throw error;
        await delay(PAUSE_MS);
      }
    }
  }
}

import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

const TRIES = 300;
const PAUSE_MS = 10;

/**
 * Ends what is left of a run wherever it is: every process of its user that is in its process name space or names its
 * control group. By then there is none; this is the look that shows it. A user's number alone is not enough to go by:
 * containers of an engine on the same machine use the same numbers.
 */
export async function endSurvivors(options: {
  readonly uid: number;
  /** As in /proc/PID/ns/pid; null: it was never learnt. */
  readonly pidNamespace: string | null;
  /** As at the end of a line of /proc/PID/cgroup. */
  readonly group: string;
}): Promise<void> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const left = survivors(options);
    if (left.length === 0) return;
    for (const pid of left) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // it ended meanwhile
      }
    }
    await delay(PAUSE_MS);
  }
  throw new Error(`processes ${survivors(options).join(", ")} of user ${options.uid} do not end`);
}

/**
 * It has ended, and only waits for somebody to take note of that, which on some machines takes seconds. One whose first
 * thread alone has ended looks the same, and works on.
 */
export function isDead(pid: number): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return /^[ZX]$/.test(fields[0] ?? "") && Number(fields[17]) <= 1;
}

function survivors(options: Parameters<typeof endSurvivors>[0]): number[] {
  const { uid, pidNamespace, group } = options;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        if (pid === process.pid || statSync(`/proc/${pid}`).uid !== uid || isDead(pid)) return false;
        if (pidNamespace !== null && readlinkSync(`/proc/${pid}/ns/pid`) === pidNamespace) return true;
        const groups = readFileSync(`/proc/${pid}/cgroup`, "utf8").trim().split("\n");
        return groups.some((line) => line.endsWith(group));
      } catch {
        return false; // it ended meanwhile
      }
    });
}

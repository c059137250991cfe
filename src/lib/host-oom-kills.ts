import { readFileSync } from "node:fs";

/** How many processes this machine's kernel has killed for memory since it started; null where it does not say. */
export function hostOomKills(): number | null {
  try {
    const count = /^oom_kill (\d+)$/m.exec(readFileSync("/proc/vmstat", "utf8"))?.[1];
    return count === undefined ? null : Number(count);
  } catch {
    return null; // not Linux
  }
}

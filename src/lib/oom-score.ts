import { writeFileSync } from "node:fs";

const SCORE = -500;

/**
 * Makes the kernel take other processes first when the machine runs out of memory. Undefined: done, or there is no such
 * kernel here; otherwise why not. What this process starts inherits the score; containers have their own, of 500.
 */
export function lowerOomScore(): string | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    writeFileSync("/proc/self/oom_score_adj", String(SCORE));
    return undefined;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EACCES"
      ? "only root may"
      : String(error);
  }
}

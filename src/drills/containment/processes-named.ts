import { readdir, readFile } from "node:fs/promises";
import { runProcess } from "../../lib/run-process.ts";

const PS_TIMEOUT_MS = 10_000;
const MAX_PS_BYTES = 16 * 1024 * 1024;

/** Ids of the processes of this host, as far as we see them, that have `marker` in their arguments. */
export async function processesNamed(marker: string): Promise<number[]> {
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  if (pids.length === 0) return await processesByPs(marker);
  const named = pids.map(async (pid) => {
    const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""); // it has ended
    return line.includes(marker) ? [Number(pid)] : [];
  });
  return (await Promise.all(named)).flat();
}

async function processesByPs(marker: string): Promise<number[]> {
  const { stdout } = await runProcess({
    name: "ps",
    file: "/bin/ps",
    args: ["-axo", "pid=,command="],
    cwd: "/",
    env: {},
    timeoutMs: PS_TIMEOUT_MS,
    maxStdoutBytes: MAX_PS_BYTES,
  });
  const lines = stdout.toString("utf8").split("\n");
  return lines.filter((line) => line.includes(marker)).map((line) => Number.parseInt(line, 10));
}

/** Ends processes at once. Those of others are left. */
export function endProcesses(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended, or is another user's.
    }
  }
}

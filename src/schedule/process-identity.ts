import { readFile } from "node:fs/promises";
import { runProcess } from "../lib/run-process.ts";

/** What tells one process of a machine from all others, also from a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, as the system says it; to be compared, not to be read. null: the system would not say. */
  readonly start: string | null;
}

/** The machine's boot, where the system names it (Linux); a process of another boot is gone. */
export async function bootId(): Promise<string | null> {
  return readFile("/proc/sys/kernel/random/boot_id", "utf8").then(
    (text) => text.trim(),
    () => null,
  );
}

export async function identityOf(pid: number): Promise<ProcessIdentity> {
  return { pid, start: process.platform === "linux" ? await startFromProc(pid) : await startFromPs(pid) };
}

/**
 * Whether that very process still exists. Where the system hides other people's processes, one that cannot be told
 * apart counts as alive: a lock that is kept too long is a nuisance, one that is taken from its owner is a disaster.
 */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  if (!exists(identity.pid)) return false;
  const { start } = await identityOf(identity.pid);
  return start === null || identity.start === null || start === identity.start;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it exists, and is another user's.
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

/** Field 22 of /proc/PID/stat: ticks since boot. The name in field 2 may hold spaces and parentheses. */
async function startFromProc(pid: number): Promise<string | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state, ticks] = [fields[0], fields[19]];
    // Dead, and only waiting for its parent to notice.
    if (state === "Z" || state === "X") return "ended";
    return ticks ?? null;
  } catch {
    return null;
  }
}

/** The second in which it started: all that `ps` of macOS and the BSDs tells. */
async function startFromPs(pid: number): Promise<string | null> {
  try {
    const { stdout } = await runProcess({
      name: "ps",
      file: "/bin/ps",
      args: ["-o", "lstart=", "-p", String(pid)],
      cwd: "/",
      env: { LC_ALL: "C", TZ: "UTC" },
      timeoutMs: 10_000,
      maxStdoutBytes: 1000,
    });
    return stdout.toString().trim() || null;
  } catch {
    return null;
  }
}

import { NightwardenError } from "../../core/nightwarden-error.ts";
import { enclosedProcesses, type HostProcess } from "./host-process.ts";
import { listLinuxProcesses } from "./list-linux-processes.ts";
import { listMacosProcesses } from "./list-macos-processes.ts";

const END_DEADLINE_MS = 20_000;
const PAUSE_MS = 5;

/** The processes that bear a mark, with all that they have started and not hidden on purpose. */
export async function findEnclosed(isMarked: (each: HostProcess) => boolean): Promise<HostProcess[]> {
  const all = process.platform === "darwin" ? await listMacosProcesses() : listLinuxProcesses();
  return enclosedProcesses(all, isMarked, process.pid);
}

/**
 * Kills them, and looks again until none is left. They are all stopped before the first one is killed: one that still
 * ran could start another that nobody has seen. Returns how many there were; throws `infra.engine` where some do not end.
 */
export async function endEnclosed(isMarked: (each: HostProcess) => boolean): Promise<number> {
  const ended = new Set<number>();
  const deadlineMs = performance.now() + END_DEADLINE_MS;
  for (;;) {
    const found = await stopAll(isMarked);
    if (found.length === 0) return ended.size;
    for (const { pid } of found) {
      ended.add(pid);
      signal(pid, "SIGKILL");
    }
    if (performance.now() > deadlineMs) {
      const message = `${found.length} processes did not end within ${END_DEADLINE_MS / 1000} s: ${found.map(({ pid }) => pid).join(", ")}`;
      throw new NightwardenError({
        code: "infra.engine",
        message,
        hint: "Look at them with ps: a process that waits for a disk or a network file system ends when that answers.",
      });
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** Stops them until a look finds none that was not stopped before. */
async function stopAll(isMarked: (each: HostProcess) => boolean): Promise<HostProcess[]> {
  const stopped = new Set<number>();
  for (;;) {
    const found = await findEnclosed(isMarked);
    const running = found.filter(({ pid }) => !stopped.has(pid));
    if (running.length === 0) return found;
    for (const { pid } of running) {
      stopped.add(pid);
      signal(pid, "SIGSTOP");
    }
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile, or changed its user: the next look tells.
  }
}

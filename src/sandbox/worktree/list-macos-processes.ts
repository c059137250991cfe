import { runProcess } from "../../lib/run-process.ts";
import { MARK_VARIABLE } from "./enclosure-mark.ts";
import type { HostProcess } from "./host-process.ts";

/**
 * All processes of this user, from macOS's `ps`, which prints the environment behind the command. There is no second
 * mark there, and no session that means anything: the process group stands for it. Written by its manual, never run.
 */
export async function listMacosProcesses(): Promise<HostProcess[]> {
  const { stdout } = await runProcess({
    name: "ps",
    file: "/bin/ps",
    args: ["-xwwE", "-o", "pid=,ppid=,pgid=,rss=,stat=,command="],
    cwd: "/",
    env: { LC_ALL: "C" },
    timeoutMs: 10_000,
    maxStdoutBytes: 64 * 1024 * 1024,
  });
  return parsePs(stdout.toString("utf8"));
}

export function parsePs(printed: string): HostProcess[] {
  return printed.split("\n").flatMap((line) => {
    const fields = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line);
    if (!fields) return [];
    const [, pid, parent, group, kib, state = "", command = ""] = fields;
    if (state.startsWith("Z")) return [];
    const variable = new RegExp(`(?:^|\\s)${MARK_VARIABLE}=(\\S+)`).exec(command)?.[1];
    return [
      {
        pid: Number(pid),
        parent: Number(parent),
        leader: Number(group),
        threads: 1,
        memoryBytes: Number(kib) * 1024,
        mark: { variable, locks: undefined },
      },
    ];
  });
}

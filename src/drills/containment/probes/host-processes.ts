import type { ProbeFunction } from "../probe-targets.ts";

/** Looks for a process of the host by its arguments, and for its id. */
export const hostProcesses: ProbeFunction = async ({ marker, witnessPid }) => {
  const fs = process.getBuiltinModule("node:fs");
  const { spawnSync } = process.getBuiltinModule("node:child_process");
  const lines: string[] = [];
  if (fs.existsSync("/proc/self/cmdline")) {
    for (const pid of fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      try {
        lines.push(fs.readFileSync(`/proc/${pid}/cmdline`, "utf8"));
      } catch {
        // It has ended.
      }
    }
  } else {
    lines.push(...spawnSync("ps", ["-axo", "command="], { encoding: "utf8" }).stdout.split("\n"));
  }
  const isSeen = lines.some((line) => line.includes(marker));
  const reached = isSeen ? ["sees a process of the host"] : [];
  if (isSeen) {
    try {
      process.kill(witnessPid, 0);
      reached.push("may signal it");
    } catch {
      // Seen, but another's.
    }
  }
  const refused = isSeen ? [] : [`sees ${lines.length} processes, none of the host`];
  // Its own is always there.
  const unclear = lines.length === 0 ? ["no process could be listed"] : [];
  return await Promise.resolve({ reached, refused, unclear });
};

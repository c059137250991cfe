import type { ProbeFunction } from "../probe-targets.ts";

/** Looks for the supervisor's secret in the environment of every other process that it can read. */
export const otherEnvironments: ProbeFunction = async ({ secret }) => {
  const fs = process.getBuiltinModule("node:fs");
  const { spawnSync } = process.getBuiltinModule("node:child_process");
  const texts: [string, string][] = [];
  if (fs.existsSync("/proc/self/environ")) {
    for (const pid of fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      try {
        texts.push([`process ${pid}`, fs.readFileSync(`/proc/${pid}/environ`, "utf8")]);
      } catch {
        // It has ended, or is not readable.
      }
    }
  } else {
    texts.push(["a process", spawnSync("ps", ["-axwwE", "-o", "command="], { encoding: "utf8" }).stdout]);
  }
  const own = `process ${process.pid}`;
  const others = texts.filter(([where]) => where !== own);
  const reached = others.flatMap(([where, text]) => (text.includes(secret) ? [where] : []));
  const refused = reached.length > 0 ? [] : [`in none of ${others.length} other environments`];
  // The sandbox has processes of its own beside this one.
  const unclear = others.length === 0 ? ["no other environment could be read"] : [];
  return await Promise.resolve({ reached, refused, unclear });
};

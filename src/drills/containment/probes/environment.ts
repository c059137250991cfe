import type { ProbeFunction } from "../probe-targets.ts";

/** Looks for the supervisor's secret in its own environment and in that of every process that it can read. */
export const environment: ProbeFunction = async ({ secret }) => {
  const fs = process.getBuiltinModule("node:fs");
  const reached = Object.entries(process.env).flatMap(([name, value]) =>
    value?.includes(secret) ? [`its own variable ${name}`] : [],
  );
  let read = 0;
  let processes: string[] = [];
  try {
    processes = fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    // No such folder on this system.
  }
  for (const pid of processes) {
    try {
      const text = fs.readFileSync(`/proc/${pid}/environ`, "utf8");
      read += 1;
      if (text.includes(secret)) reached.push(`the environment of process ${pid}`);
    } catch {
      // It has ended, or is not readable.
    }
  }
  const refused = reached.length > 0 ? [] : [`in none of ${read + 1} environments`];
  return await Promise.resolve({ reached, refused, unclear: [] });
};

import type { ProbeFunction } from "../probe-targets.ts";

/** Starts processes until it has more than the cap, and ends them all. */
export const pids: ProbeFunction = async ({ processes }) => {
  const { spawn } = process.getBuiltinModule("node:child_process");
  const failures: string[] = [];
  const ends: Promise<void>[] = [];
  const started = [];
  for (let number = 0; number < processes; number += 1) {
    const child = spawn("sleep", ["60"], { stdio: "ignore" });
    child.once("error", (error: NodeJS.ErrnoException) => failures.push(error.code ?? error.message));
    if (child.pid === undefined) break;
    ends.push(new Promise((resolve) => child.once("exit", () => resolve())));
    started.push(child);
  }
  // An error is told a moment later.
  await new Promise((resolve) => setImmediate(resolve));
  for (const child of started) child.kill("SIGKILL");
  await Promise.all(ends);
  const words = `${started.length} of ${processes} processes`;
  if (started.length === processes) return { reached: [`started ${words}`], refused: [], unclear: [] };
  const why = failures[0] ?? "no reason told";
  const isCap = why === "EAGAIN" || why === "ENOMEM";
  const said = [`${words}, then ${why}`];
  return { reached: [], refused: isCap ? said : [], unclear: isCap ? [] : said };
};

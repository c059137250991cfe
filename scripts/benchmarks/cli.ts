/** What the shortest command costs, beside Node itself. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { benchOptions, interleaved, print, timed } from "./measure.ts";

const options = benchOptions(30);
const program = join(import.meta.dirname, "../../bin/nightwarden");
const start = (file: string, ...args: string[]): Promise<number> =>
  timed(async () => await Promise.resolve(execFileSync(file, args)));

const measured = await interleaved({
  bench: "cli",
  case: "version",
  rounds: options.rounds,
  floorName: "node -e 0",
  floor: async () => await start(process.execPath, "-e", "0"),
  run: async () => await start(program, "--version"),
});
print(measured, options.json);

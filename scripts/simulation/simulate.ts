import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import type { FromPart, Part } from "./simulate-part.ts";

const HELP = `usage: scripts/simulate [--nights N] [--seed S] [--tasks N] [--json]

Runs whole nights of the real flow (src/night/) in a world in memory, where all that happens follows from a seed: agents
that land, fail, cheat, stall and meet quotas; engines that vanish; clocks that jump; supervisors that are killed and
started again; persons who stop a night or move its branch. After every event each promise of a night is looked at
(tests/simulation/invariants.ts). No container, no git, no file, no real time.

--nights N  So many nights (1000), with one seed after the other, on all processors.
--seed S    The first seed (1). --nights 1 --seed S is exactly what that seed stands for, each time.
--tasks N   Each night has exactly N tasks. Default: from 1 to 30.
--json      One object: nights, seeds, events, ms, ends, outcomes, failing (null, or seed, invariant, message, history).

Exit 0: every promise was kept. Exit 1: one was broken; the seed and the shortest history that breaks it are printed.
Exit 2: wrong options. Exit 130: interrupted.`;

function usage(message: string): never {
  console.error(`simulate: ${message}; see scripts/simulate --help`);
  process.exit(2);
}

const { values } = (() => {
  try {
    return parseArgs({
      options: {
        nights: { type: "string", default: "1000" },
        seed: { type: "string", default: "1" },
        tasks: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
})();

function number(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least)
    usage(`--${name} ${text}: a whole number from ${least} is wanted`);
  return value;
}

type Done = Extract<FromPart, { readonly type: "done" }>;

/** Shares the nights among the processors. */
async function run(parts: readonly Part[], onNights: (nights: number) => void): Promise<Done[]> {
  const nightsOf = new Map<number, number>();
  const workers = parts.map(
    (part) => new Worker(new URL("./simulate-part.ts", import.meta.url), { workerData: part }),
  );
  const ends = workers.map(
    async (worker, index) =>
      await new Promise<Done | undefined>((resolve, reject) => {
        worker.on("message", (message: FromPart) => {
          if (message.type === "nights") {
            nightsOf.set(index, message.nights);
            onNights([...nightsOf.values()].reduce((sum, nights) => sum + nights, 0));
            return;
          }
          resolve(message);
          // One broken promise is enough.
          if (message.failing) for (const other of workers) if (other !== worker) void other.terminate();
        });
        worker.on("error", reject);
        worker.on("exit", () => resolve(undefined));
      }),
  );
  return (await Promise.all(ends)).filter((end) => end !== undefined);
}

function sumOf(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const each of counts)
    for (const [name, count] of Object.entries(each)) sum[name] = (sum[name] ?? 0) + count;
  return Object.fromEntries(Object.entries(sum).sort(([, a], [, b]) => b - a));
}

function inWords(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");
}

if (values.help) {
  console.log(HELP);
} else {
  const nights = number("nights", values.nights, 1);
  const seed = number("seed", values.seed, 0);
  const tasks = values.tasks === undefined ? undefined : number("tasks", values.tasks, 1);
  const jobs = Math.min(availableParallelism(), Math.ceil(nights / 20));
  const startedMs = performance.now();
  let [shown, done] = [startedMs, 0];
  const seconds = (): string => `${((performance.now() - startedMs) / 1000).toFixed(0)} s`;
  process.on("SIGINT", () => {
    console.error(`simulate: interrupted after ${done} nights, in which every promise was kept`);
    process.exit(130);
  });
  const parts = Array.from({ length: jobs }, (_, index): Part => ({
    nights: Math.ceil(nights / jobs),
    seed: seed + index,
    stride: jobs,
    tasks,
  }));
  const results = await run(parts, (count) => {
    done = count;
    if (performance.now() - shown < 2000) return;
    shown = performance.now();
    console.error(`${done} of ${nights} nights, ${seconds()}`);
  });
  const failing = results.find((result) => result.failing)?.failing ?? null;
  const figures = {
    nights: results.reduce((sum, result) => sum + result.nights, 0),
    seeds: results.reduce((sum, result) => sum + result.seeds, 0),
    events: results.reduce((sum, result) => sum + result.events, 0),
    ms: Math.round(performance.now() - startedMs),
    ends: sumOf(results.map((result) => result.ends)),
    outcomes: sumOf(results.map((result) => result.outcomes)),
    failing,
  };
  if (values.json) console.log(JSON.stringify(figures));
  else if (failing) {
    console.log(`${failing.reproduce}\n${failing.history.join("\n")}`);
  } else {
    console.log(`${figures.nights} nights, ${figures.events} events, ${seconds()}: every promise was kept`);
    console.log(`nights: ${inWords(figures.ends)}`);
    console.log(`attempts: ${inWords(figures.outcomes)}`);
  }
  process.exitCode = failing ? 1 : 0;
}

import { performance } from "node:perf_hooks";
import type { Sandboxes } from "../../contracts/sandbox.ts";
import type { Trees } from "../../contracts/trees.ts";
import type { AttemptId, TaskId } from "../../core/ids.ts";
import type { Limits } from "../../core/limits.ts";
import { NightwardenError } from "../../core/nightwarden-error.ts";
import { streamProcess } from "../../lib/run-process.ts";

/** A command whose first line says that it runs. */
const COMMAND = ["sh", "-c", "echo first"] as const;
const RUNS = 3;
const WALL_CLOCK_MS = 60_000;
const SLOT = 0;

/**
 * How long it takes from the start of an attempt's sandbox to the first word of its first command, and how long the same
 * command takes without one: the median of three each, in milliseconds. Throws a NightwardenError where no sandbox starts.
 */
export async function measureStarts(options: {
  readonly parts: {
    readonly sandboxes: Sandboxes;
    readonly trees: Trees;
    readonly newToken: () => string;
  };
  /** The image's id. */
  readonly image: string;
  readonly limits: Limits;
  readonly signal: AbortSignal;
}): Promise<{ readonly sandboxMs: number; readonly bareMs: number }> {
  const inSandbox: number[] = [];
  const bare: number[] = [];
  for (let run = 1; run <= RUNS; run += 1) {
    options.signal.throwIfAborted();
    inSandbox.push(await sandboxStart(options, run));
    bare.push(await bareStart());
  }
  return { sandboxMs: Math.round(median(inSandbox)), bareMs: Math.round(median(bare)) };
}

async function sandboxStart(
  { parts, image, limits, signal }: Parameters<typeof measureStarts>[0],
  run: number,
): Promise<number> {
  const attempt = {
    task: "drill-docker" as TaskId,
    attempt: `drill-docker.${run}` as AttemptId,
    token: parts.newToken(),
  };
  const trees = await parts.trees.open({ attempt, slot: SLOT });
  try {
    const startedMs = performance.now();
    let firstMs: number | undefined;
    const place = { attempt, image, trees, limits, slot: SLOT, tree: "agent", role: "agent" } as const;
    const sandbox = await parts.sandboxes.start(place);
    try {
      await sandbox.run(
        {
          commands: [COMMAND],
          env: {},
          stdin: "",
          wallClockMs: WALL_CLOCK_MS,
          outputBytes: limits.output,
          onLine: () => (firstMs ??= performance.now()),
        },
        signal,
      );
    } finally {
      await sandbox.destroy();
    }
    signal.throwIfAborted();
    if (firstMs !== undefined) return firstMs - startedMs;
    throw new NightwardenError({ code: "infra.engine", message: "a command in a sandbox said nothing" });
  } finally {
    await trees.close();
  }
}

async function bareStart(): Promise<number> {
  const startedMs = performance.now();
  const [file, ...args] = ["/bin/sh", ...COMMAND.slice(1)];
  const run = streamProcess({
    name: "sh",
    file,
    args,
    cwd: "/",
    env: { PATH: "/usr/bin:/bin" },
    timeoutMs: WALL_CLOCK_MS,
  });
  let firstMs = startedMs;
  for await (const _ of run) firstMs = performance.now();
  return firstMs - startedMs;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

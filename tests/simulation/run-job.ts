import type { SandboxJob, SandboxRun } from "../../src/contracts/sandbox.ts";
import type { SandboxEnd } from "../../src/core/event-fields.ts";
import { SandboxStop } from "../../src/core/sandbox-stop.ts";
import type { SimEngine } from "./sim-engine.ts";
import type { SimProcess } from "./sim-process.ts";

/** What a job will do, if nothing comes between. */
export interface JobPlan {
  /** Infinity: it never ends by itself. */
  readonly takesMs: number;
  readonly exitCode: number;
  /** The command that ends with it, from 0; null: none. */
  readonly failedCommand: number | null;
  /** Absent: as the exit code says. */
  readonly reason?: SandboxEnd["reason"];
  readonly isMissing?: boolean;
  /** It says nothing from here on. Absent: it prints now and then. */
  readonly silentFromMs?: number;
  /** Told while it works. */
  readonly moments?: readonly { readonly atMs: number; readonly does: () => void }[];
  /** What it leaves in its tree, when it ends by itself. */
  readonly leaves?: () => void;
}

/** Runs a job in virtual time: to its own end, to a cap, until the engine loses it, or to a stop. */
export async function runJob(options: {
  readonly plan: JobPlan;
  readonly job: SandboxJob;
  readonly signal: AbortSignal;
  readonly engine: SimEngine;
  readonly process: SimProcess;
}): Promise<SandboxRun> {
  const { plan, job, signal, engine, process } = options;
  const { time } = engine;
  const startedMs = time.monotonicMs();
  const silentAtMs =
    job.silence && plan.silentFromMs !== undefined ? plan.silentFromMs + job.silence.maxMs : Infinity;
  const firstMs = plan.silentFromMs === 0 ? (job.firstOutputMs ?? Infinity) : Infinity;
  const caps = [
    [plan.takesMs, plan.reason ?? "exited"],
    [firstMs, "first-output"],
    [silentAtMs, "silence"],
    [job.wallClockMs, "wall-clock"],
  ] as const;
  const [endsMs, end] = caps.reduce((least, each) => (each[0] < least[0] ? each : least));
  const reason = await new Promise<SandboxEnd["reason"]>((resolve) => {
    let isOver = false;
    const finish = (why: SandboxEnd["reason"]): void => {
      isOver = true;
      signal.removeEventListener("abort", stop);
      ignoreLoss();
      resolve(why);
    };
    const stop = (): void => {
      const { reason: why } = signal as { readonly reason: unknown };
      // A kill takes a moment.
      const takesMs = Math.round(process.random.next() * 800);
      time.at(time.monotonicMs() + takesMs, () => finish(why instanceof SandboxStop ? why.why : "stopped"));
    };
    const ignoreLoss = engine.onLost(() => finish("lost"));
    for (const { atMs, does } of plan.moments ?? []) {
      if (atMs > endsMs) continue;
      time.at(startedMs + atMs, () => {
        if (!isOver && !process.isDead) does();
      });
    }
    time.at(startedMs + endsMs, () => finish(end));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  const isOwnEnd = reason === "exited";
  if (isOwnEnd || reason === plan.reason) plan.leaves?.();
  const exitCode = reason === "lost" ? null : isOwnEnd ? plan.exitCode : 137;
  return {
    end: {
      exitCode,
      reason,
      outOfMemory: false,
      durationMs: time.monotonicMs() - startedMs,
      outputBytes: reason === "output" ? job.outputBytes + 1 : 100,
      droppedBytes: 0,
    },
    failedCommand: isOwnEnd && exitCode !== 0 ? plan.failedCommand : null,
    missingProgram: plan.isMissing ? "agent: not found" : null,
    allPassed: isOwnEnd && exitCode === 0,
    ...(job.tests ? { tests: null } : {}),
  };
}

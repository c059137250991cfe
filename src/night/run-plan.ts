import type { NightEnd } from "../core/night-events.ts";
import {
  checkpointStop,
  nextClose,
  nextStep,
  stopStep,
  type NextStep,
  type NightContext,
} from "../core/next-step.ts";
import { required, stopRequestOf, type Night } from "./night.ts";
import { QuotaPauses } from "./quota-pauses.ts";
import { raiseAlert } from "./raise-alert.ts";
import { RunningAttempts } from "./running-attempts.ts";

type Attempt = Extract<NextStep, { kind: "attempt" }>;

export interface PlanContext extends Omit<NightContext, "running" | "isCheckpointRunning"> {
  /** The number of the next attempt of a task: numbers only rise, over all nights. */
  readonly nextNumber: (task: string) => number;
}

/**
 * Works through the tasks until there is a reason to end, and returns it. Then nothing of the night runs any more, and
 * what its last attempts came to is written down.
 */
export async function runPlan(
  night: Night,
  context: PlanContext,
): Promise<{ end: NightEnd; detail: string }> {
  const attempts: RunningAttempts = new RunningAttempts({
    night,
    nextNumber: context.nextNumber,
    isStillDue: (begin) => isStillDue(night, context, { attempts, begin }),
  });
  const pauses = new QuotaPauses(night);
  try {
    const end = await workUntilEnd(night, context, { attempts, pauses });
    // At once, and not only when all that runs has ended: somebody may be waiting to hear of it.
    await raiseAlert(night.record, end);
    attempts.stop(end.detail);
    await attempts.allEnded();
    await closeDecided(night, context);
    return { end: end.end, detail: end.detail };
  } catch (error) {
    attempts.stop("the night failed");
    // The first error is the one that counts, but what has landed has landed.
    await attempts.allEnded().catch(() => undefined);
    await closeDecided(night, context).catch(() => undefined);
    throw error;
  } finally {
    await pauses.stop();
  }
}

/** Decides, carries it out, and decides again. */
async function workUntilEnd(
  night: Night,
  context: PlanContext,
  { attempts, pauses }: { readonly attempts: RunningAttempts; readonly pauses: QuotaPauses },
): Promise<Extract<NextStep, { kind: "finish" }>> {
  for (;;) {
    const step = decide(night, context, attempts);
    switch (step.kind) {
      case "finish":
        return step;
      case "close":
        await closeTask(night, step);
        break;
      case "pause":
        await pauses.begin(step);
        break;
      case "attempt":
        attempts.begin(step);
        break;
      case "checkpoint":
        attempts.beginCheckpoint(step.repo);
        break;
      case "wait": {
        const ends = [...attempts.ends(), ...pauses.ends()];
        if (ends.length === 0) throw new TypeError("the night waits for nobody");
        const letGo = await Promise.race(ends);
        const failure = letGo();
        if (failure !== undefined) return { kind: "finish", end: "infra", detail: failure, tasks: [] };
      }
    }
  }
}

function decide(
  night: Night,
  context: PlanContext,
  { tasks: running, isCheckpointRunning }: Pick<RunningAttempts, "tasks" | "isCheckpointRunning">,
): NextStep {
  const { state } = night.record;
  // That it was asked to stop may not be in the journal yet.
  return night.stop.aborted
    ? (checkpointStop(state) ?? stopStep(stopRequestOf(night.stop).why))
    : (night.deps.decide ?? nextStep)(state, { ...context, running, isCheckpointRunning });
}

/**
 * Whether an attempt that waited for memory, or for the machinery, is what would be decided now, as if it had not been. An
 * agent's quota may be used up since, a dependency taken back, or a checkpoint due.
 */
function isStillDue(
  night: Night,
  context: PlanContext,
  options: { readonly attempts: RunningAttempts; readonly begin: Pick<Attempt, "task" | "agent"> },
): boolean {
  const { attempts, begin } = options;
  const { isCheckpointRunning } = attempts;
  const tasks = new Set([...attempts.tasks].filter((task) => task !== begin.task));
  const step = decide(night, context, { tasks, isCheckpointRunning });
  return step.kind === "attempt" && step.task === begin.task && step.agent === begin.agent;
}

/** Writes down what attempts have decided meanwhile: nothing is started any more, but what has landed has landed. */
async function closeDecided(night: Night, context: PlanContext): Promise<void> {
  const idle = { ...context, running: new Set<never>() };
  for (;;) {
    const step = nextClose(night.record.state, idle);
    if (!step) return;
    await closeTask(night, step);
  }
}

async function closeTask(night: Night, step: Extract<NextStep, { kind: "close" }>): Promise<void> {
  const { kind: _, task, ...end } = step;
  const { key } = required(night.record.state.tasks.get(task), `task "${task}"`);
  await night.record.record({ type: "task.finished", data: { task, key, ...end } });
}

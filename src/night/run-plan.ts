import type { NightEnd } from "../core/night-events.ts";
import { freeSlot } from "../core/free-slot.ts";
import { nextStep, type NextStep, type NightContext } from "../core/next-step.ts";
import { openAttempts } from "../core/night-state.ts";
import { messageOf } from "../core/nightwarden-error.ts";
import { required, type Night } from "./night.ts";
import { runAttempt } from "./run-attempt.ts";
import { waitForQuota } from "./wait-for-quota.ts";

export interface PlanContext extends NightContext {
  /** The number of the next attempt of a task: numbers only rise, over all nights. */
  readonly nextNumber: (task: string) => number;
}

/** Works through the tasks until there is a reason to end, and returns it. */
export async function runPlan(
  night: Night,
  context: PlanContext,
): Promise<{ end: NightEnd; detail: string }> {
  for (;;) {
    const done = await tick(night, context);
    if (done.kind === "finish") return { end: done.end, detail: done.detail };
  }
}

/** One step of the night: decides, carries it out, and returns what it was. */
export async function tick(night: Night, context: PlanContext): Promise<NextStep> {
  const { record, order } = night;
  const step = nextStep(record.state, context);
  switch (step.kind) {
    case "finish":
      return step;
    case "close": {
      const { task, result, detail } = step;
      const { key } = required(record.state.tasks.get(task), `task "${task}"`);
      await record.record({ type: "task.finished", data: { task, key, result, detail } });
      return step;
    }
    case "pause": {
      const { task, until, detail } = step;
      await record.record({ type: "night.paused", data: { task, until, detail } });
      await waitForQuota(night, step);
      return step;
    }
    case "attempt": {
      if (step.afterProbe) {
        const failure = await probeFailure(night);
        if (failure !== undefined) return { kind: "finish", end: "infra", detail: failure };
      }
      const task = required(
        order.plan.tasks.find((each) => each.id === step.task),
        `task "${step.task}"`,
      );
      // One at a time, until nights run attempts side by side: the others' places are then those of the state.
      const taken = openAttempts(record.state).map(({ slot }) => slot);
      const slot = required(freeSlot(taken, 1), "a place for an attempt");
      await runAttempt(night, { task, number: context.nextNumber(task.id), slot });
      return step;
    }
  }
}

async function probeFailure(night: Night): Promise<string | undefined> {
  try {
    await night.deps.probe();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

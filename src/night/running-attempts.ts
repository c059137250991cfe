import type { TaskId } from "../core/ids.ts";
import { freeSlot } from "../core/free-slot.ts";
import { messageOf } from "../core/nightwarden-error.ts";
import { AttemptStop, required, type Night } from "./night.ts";
import { runAttempt } from "./run-attempt.ts";

interface Running {
  readonly slot: number;
  readonly stop: AbortController;
  readonly ended: Promise<Ended>;
}

interface Ended {
  readonly task: TaskId;
  /** The machinery was asked before it began, and does not work. */
  readonly probeFailure?: string;
  /** A fault of ours, or of what the night stands on. */
  readonly error?: unknown;
}

/** The attempts that a night has begun and not seen the end of, side by side. */
export class RunningAttempts {
  /** Whose they are. */
  readonly tasks: ReadonlySet<TaskId>;
  private readonly night: Night;
  private readonly nextNumber: (task: TaskId) => number;
  private readonly running = new Map<TaskId, Running>();
  private readonly mutableTasks = new Set<TaskId>();

  constructor(night: Night, nextNumber: (task: TaskId) => number) {
    this.night = night;
    this.nextNumber = nextNumber;
    this.tasks = this.mutableTasks;
  }

  /** Begins an attempt in the lowest place that is free. It ends by itself, or with `stop`. */
  begin(step: { readonly task: TaskId; readonly afterProbe: boolean }): void {
    const slots = [...this.running.values()].map((each) => each.slot);
    const slot = required(freeSlot(slots, this.night.order.policy.parallel), "a place for an attempt");
    const stop = new AbortController();
    const ended = this.run(step, slot, stop.signal);
    this.running.set(step.task, { slot, stop, ended });
    this.mutableTasks.add(step.task);
  }

  /**
   * Waits until one of them has ended. Returns why the machinery does not work, where that was asked before an attempt
   * and it does not. Rejects with what an attempt could not cope with.
   */
  async firstEnded(): Promise<string | undefined> {
    const { task, ...end } = await Promise.race([...this.running.values()].map(({ ended }) => ended));
    this.running.delete(task);
    this.mutableTasks.delete(task);
    if ("error" in end) throw end.error;
    return end.probeFailure;
  }

  /** Tells all of them to end at once; one that has begun to land completes. */
  stop(why: string): void {
    for (const { stop } of this.running.values()) stop.abort(new AttemptStop(why));
  }

  /** Waits until all of them have ended. Rejects with what the first of them could not cope with. */
  async allEnded(): Promise<void> {
    let fault: Ended | undefined;
    for (const [task, { ended }] of this.running) {
      const end = await ended;
      if ("error" in end) fault ??= end;
      this.running.delete(task);
      this.mutableTasks.delete(task);
    }
    if (fault) throw fault.error;
  }

  /** Never rejects. */
  private async run(
    { task: id, afterProbe }: { readonly task: TaskId; readonly afterProbe: boolean },
    slot: number,
    stopped: AbortSignal,
  ): Promise<Ended> {
    const stop = AbortSignal.any([this.night.stop, stopped]);
    // What an attempt has of the night ends when the attempt has to.
    const night: Night = { ...this.night, stop };
    try {
      if (afterProbe) {
        const probeFailure = await failureOf(night.deps.probe);
        if (probeFailure !== undefined) return { task: id, probeFailure };
      }
      const task = required(
        night.order.plan.tasks.find((each) => each.id === id),
        `task "${id}"`,
      );
      await runAttempt(night, { task, number: this.nextNumber(id), slot });
      return { task: id };
    } catch (error) {
      // It was stopped before it had begun: there is nothing to say about it.
      if (stop.aborted && error instanceof Error && error.name === "AbortError") return { task: id };
      return { task: id, error };
    }
  }
}

async function failureOf(probe: () => Promise<void>): Promise<string | undefined> {
  try {
    await probe();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

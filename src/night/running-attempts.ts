import type { TaskId } from "../core/ids.ts";
import type { NextStep } from "../core/next-step.ts";
import { freeSlot } from "../core/free-slot.ts";
import { candidateOf } from "../core/landing-again.ts";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import { AttemptStop, required, type Night } from "./night.ts";
import { runAttempt } from "./run-attempt.ts";
import { runCheckpoint } from "./run-checkpoint.ts";

/** Takes the place of a task: there is one checkpoint at a time. */
const CHECKPOINT = Symbol("checkpoint");
type Key = TaskId | typeof CHECKPOINT;

/** An attempt that has been decided on. */
type Begin = Omit<Extract<NextStep, { kind: "attempt" }>, "kind">;

interface Running {
  readonly slot: number;
  readonly stop: AbortController;
  readonly ended: Promise<Ended>;
}

interface Ended {
  readonly key: Key;
  /** The machinery does not work: it was asked before an attempt began, or failed a checkpoint twice. */
  readonly failure?: string;
  /** A fault of ours, or of what the night stands on. */
  readonly error?: unknown;
}

/** The attempts that a night has begun and not seen the end of, side by side, and its checkpoint. */
export class RunningAttempts {
  /** Whose they are. */
  readonly tasks: ReadonlySet<TaskId>;
  private readonly night: Night;
  private readonly nextNumber: (task: TaskId) => number;
  private readonly isStillDue: (begin: Begin) => boolean;
  private readonly running = new Map<Key, Running>();
  private readonly mutableTasks = new Set<TaskId>();

  constructor(options: {
    readonly night: Night;
    readonly nextNumber: (task: TaskId) => number;
    /** Whether one that had to wait before it could begin would be decided on again. */
    readonly isStillDue: (begin: Begin) => boolean;
  }) {
    this.night = options.night;
    this.nextNumber = options.nextNumber;
    this.isStillDue = options.isStillDue;
    this.tasks = this.mutableTasks;
  }

  get isCheckpointRunning(): boolean {
    return this.running.has(CHECKPOINT);
  }

  /**
   * Begins an attempt in the lowest place that is free. It ends by itself, or with `stop`; or before it has begun, where it
   * had to wait and has no turn any more: then it is decided anew.
   */
  begin(step: Begin): void {
    this.start(step.task, async (night, slot) => await this.runTask(step, night, slot));
    this.mutableTasks.add(step.task);
  }

  /** Begins a checkpoint, which takes a place like an attempt. */
  beginCheckpoint(repo: string): void {
    this.start(CHECKPOINT, async (night, slot) => {
      try {
        await runCheckpoint({ night, repo, slot });
        return undefined;
      } catch (error) {
        if (error instanceof NightwardenError)
          return `a checkpoint of ${repo} could not be made: ${messageOf(error)}`;
        throw error;
      }
    });
  }

  /**
   * Each resolves when one of them has ended, to what lets go of it: that returns why the machinery does not work, where
   * that was asked before an attempt or shown by a checkpoint, and throws what could not be coped with.
   */
  ends(): Promise<() => string | undefined>[] {
    return [...this.running.values()].map(async ({ ended }) => {
      const end = await ended;
      return () => this.letGo(end);
    });
  }

  /** Tells all of them to end at once; one that has begun to land completes. */
  stop(why: string): void {
    for (const { stop } of this.running.values()) stop.abort(new AttemptStop(why));
  }

  /** Waits until all of them have ended. Rejects with what the first of them could not cope with. */
  async allEnded(): Promise<void> {
    const ends = await Promise.all([...this.running.values()].map(async ({ ended }) => await ended));
    for (const { key } of ends) this.forget(key);
    const fault = ends.find((end) => "error" in end);
    if (fault) throw fault.error;
  }

  private letGo({ key, ...end }: Ended): string | undefined {
    this.forget(key);
    if ("error" in end) throw end.error;
    return end.failure;
  }

  private forget(key: Key): void {
    this.running.delete(key);
    if (key !== CHECKPOINT) this.mutableTasks.delete(key);
  }

  private start(key: Key, work: (night: Night, slot: number) => Promise<string | undefined>): void {
    const slots = [...this.running.values()].map((each) => each.slot);
    const slot = required(freeSlot(slots, this.night.order.policy.parallel), "a place for an attempt");
    const stop = new AbortController();
    this.running.set(key, { slot, stop, ended: this.run(key, slot, stop.signal, work) });
  }

  /** Never rejects. */
  private async run(
    key: Key,
    slot: number,
    stopped: AbortSignal,
    work: (night: Night, slot: number) => Promise<string | undefined>,
  ): Promise<Ended> {
    const stop = AbortSignal.any([this.night.stop, stopped]);
    try {
      // What an attempt has of the night ends when the attempt has to.
      const failure = await work({ ...this.night, stop }, slot);
      return failure === undefined ? { key } : { key, failure };
    } catch (error) {
      // It was stopped before it had begun, or is a checkpoint: there is nothing to say about it.
      if (stop.aborted && error instanceof Error && error.name === "AbortError") return { key };
      return { key, error };
    }
  }

  /** Returns why the machinery does not work, where it was asked before and does not. */
  private async runTask(begin: Begin, night: Night, slot: number): Promise<string | undefined> {
    const { task: id, agent, afterProbe } = begin;
    if (afterProbe) {
      const failure = await failureOf(night.deps.probe);
      if (failure !== undefined) return failure;
    }
    const task = required(
      night.order.plan.tasks.find((each) => each.id === id),
      `task "${id}"`,
    );
    const state = required(night.record.state.tasks.get(id), `the state of task "${id}"`);
    const candidate = candidateOf(state);
    const number = this.nextNumber(id);
    await runAttempt(night, {
      task: { ...task, agent },
      number,
      slot,
      ...(candidate ? { candidate } : {}),
      isStillDue: () => this.isStillDue(begin),
    });
    return undefined;
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

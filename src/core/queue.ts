import type { Outcome } from "./attempt.ts";
import type { NightwardenEvent } from "./event.ts";
import type { NightId, ObjectId, TaskId, TaskKey } from "./ids.ts";
import type { NightState, TaskState } from "./night-state.ts";
import type { Task } from "./plan.ts";

/** Where a task stands over all nights. Only an `open` one is ever started. */
export type QueuePlace = "open" | "landed" | "failed" | "set-aside";

interface QueueEntry {
  readonly place: QueuePlace;
  /** The last night that had the task; undefined: none has. */
  readonly night?: NightId;
  /** The commit that landed, on that night's branch. */
  readonly landed?: ObjectId;
  /** How its attempts ended since a person asked for it last, over all nights, oldest first. */
  readonly outcomes: readonly Outcome[];
  /** How many of them were cut off: three, and the task is set aside. */
  readonly interruptions: number;
}

/** The queue across nights: what all journals together say about every task that ever was. */
export interface Queue {
  /** A task that no night has had is open. */
  entry(key: TaskKey): QueueEntry;
  /** 0 before the first attempt. By id and not by key: a changed text is another task, but the names go on. */
  highestAttempt(task: TaskId): number;
}

const UNKNOWN: QueueEntry = { place: "open", outcomes: [], interruptions: 0 };

/**
 * Projects the queue from `nights`, oldest first, and the workspace's events. Demo nights count like others: what
 * landed has landed. Times of different journals are compared by the wall clock; a person's `rerun` counts for what
 * ended before it.
 */
export function queueState(nights: Iterable<NightState>, workspace: Iterable<NightwardenEvent>): Queue {
  const requeuedAt = new Map<TaskKey, string>();
  for (const event of workspace) if (event.type === "task.requeued") requeuedAt.set(event.data.key, event.at);

  const entries = new Map<TaskKey, QueueEntry>();
  const highest = new Map<TaskId, number>();
  for (const { night, tasks } of nights) {
    for (const task of tasks.values()) {
      const before = entries.get(task.key) ?? UNKNOWN;
      entries.set(task.key, afterNight(before, { night, task, requeuedAt: requeuedAt.get(task.key) ?? "" }));
      const numbers = task.attempts.map((attempt) => attempt.number);
      highest.set(task.id, Math.max(highest.get(task.id) ?? 0, ...numbers));
    }
  }
  return {
    entry: (key) => entries.get(key) ?? UNKNOWN,
    highestAttempt: (task) => highest.get(task) ?? 0,
  };
}

function afterNight(
  before: QueueEntry,
  { night, task, requeuedAt }: { night: NightId; task: TaskState; requeuedAt: string },
): QueueEntry {
  // A landing is final, also where the crash came before the task was closed.
  if (before.place === "landed") return before;
  const landed = task.attempts.findLast((attempt) => attempt.landed && !attempt.revoked)?.landed;
  const since = task.attempts.filter((attempt) => (attempt.finishedAt ?? "") > requeuedAt);
  const outcomes = [...before.outcomes, ...since.flatMap((attempt) => attempt.outcome ?? [])];
  const interruptions = outcomes.filter(
    (outcome) => outcome.kind === "failed" && outcome.cause === "interrupted",
  ).length;
  const entry = { night, outcomes, interruptions };
  if (landed) return { ...entry, place: "landed", landed };
  return { ...entry, place: before.place === "open" ? placeAfter(task, requeuedAt) : before.place };
}

function placeAfter({ result, finishedAt = "", attempts }: TaskState, requeuedAt: string): QueuePlace {
  if (result === "failed" || result === "set-aside") return finishedAt > requeuedAt ? result : "open";
  // What made a checkpoint red has failed, also where the crash came before the task was closed.
  const last = attempts.at(-1);
  const isCulprit = result === undefined && last?.revoked === "culprit";
  return isCulprit && (last?.finishedAt ?? "") > requeuedAt ? "failed" : "open";
}

/** A task of the plan that is not started tonight, and where it stands. */
export interface SkippedTask {
  readonly task: Task;
  readonly why: Exclude<QueuePlace, "open">;
  readonly night: NightId | undefined;
}

/** Parts the plan's tasks, in its order, into those that may be started and those that earlier nights have decided. */
export function selectTasks(
  tasks: readonly Task[],
  queue: Queue,
): { readonly toStart: readonly Task[]; readonly skipped: readonly SkippedTask[] } {
  const toStart: Task[] = [];
  const skipped: SkippedTask[] = [];
  for (const task of tasks) {
    const { place, night } = queue.entry(task.key);
    if (place === "open") toStart.push(task);
    else skipped.push({ task, why: place, night });
  }
  return { toStart, skipped };
}

import type { Cap } from "./cap.ts";
import type { AttemptState } from "./attempt-state.ts";
import type { EventData } from "./event.ts";
import type { ForcedPromotion } from "./forced-promotion.ts";
import type { NightId, TaskId } from "./ids.ts";
import { openCheckpoint } from "./next-checkpoint.ts";
import { openAttempts, type NightState } from "./night-state.ts";
import type { PhaseState } from "./phase-state.ts";
import type { Plan } from "./plan.ts";
import type { Isolation, Phase } from "./policy.ts";
import type { Queue, QueuePlace } from "./queue.ts";
import { safeLine } from "./safe-text.ts";
import { summarise } from "./summary.ts";
import type { TaskCounts } from "./task-summary.ts";
import type { WorkspaceGate } from "./workspace-gate.ts";

/** What `nightwarden status --json` prints. All text in it is inert; times are ISO 8601 in UTC, durations milliseconds. */
export interface WorkspaceStatus {
  readonly version: 1;
  /** `crashed`: the last night has no end, and nobody works on it. `idle`: there may be no night yet. */
  readonly activity: "working" | "crashed" | "idle";
  /** The process that holds the workspace's lock. */
  readonly owner: WorkspaceOwner | null;
  /** The running night, or the last one. */
  readonly night: NightStatus | null;
  /** Where the tasks of the plan, as it is now, stand over all nights; in the plan's order. */
  readonly tasks: readonly {
    readonly id: TaskId;
    readonly title: string;
    readonly place: QueuePlace;
    /** The cap that its last attempt reached, in the units of the limits; null: none. */
    readonly cap: Cap | null;
  }[];
  readonly queue: Readonly<Record<QueuePlace, number>>;
  readonly phase: Phase;
  /** How far the gate of that phase is. */
  readonly gate: {
    /** null: there is no further phase, and the gate is that of the last one being complete. */
    readonly next: Phase | null;
    readonly met: number;
    readonly of: number;
    /** Journals that are not whole, by night: a promotion is refused while there are any. */
    readonly gaps: readonly NightId[];
    /** Promotions that were forced, ever. */
    readonly forced: readonly ForcedPromotion[];
  };
  /** The last time that the workspace lost trust; null: it never did. */
  readonly demotion: (EventData<"phase.demoted"> & { readonly at: string }) | null;
}

export interface WorkspaceOwner {
  readonly pid: number;
  readonly startedAt: string;
  readonly command: string;
}

interface NightStatus {
  readonly id: NightId;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  /** Up to now while it runs; to its last event where it crashed. */
  readonly durationMs: number;
  readonly stopping: boolean;
  /** An agent's quota is waited for, the one that is reset first; other agents go on. null: none is. */
  readonly pause: {
    readonly task: TaskId;
    /** null: a journal of an earlier version does not say which. */
    readonly agent: string | null;
    readonly until: string;
    readonly detail: string;
  } | null;
  readonly isolation: Isolation;
  /** What that isolation does not restrict, in one line; null: it is the strongest. */
  readonly isolationGap: string | null;
  /** How it ended, in words. */
  readonly why: string;
  readonly headline: string;
  readonly counts: TaskCounts;
  /** What is being tried now, or was when it crashed. */
  readonly attempts: readonly OpenAttempt[];
  /** The checkpoint that is being made now, or was when it crashed; null: none. */
  readonly checkpoint: {
    readonly repo: string;
    readonly step: "verifying" | "bisecting" | "going-back";
  } | null;
}

export interface OpenAttempt {
  readonly task: TaskId;
  readonly title: string;
  readonly number: number;
  /** The step that was reached last. */
  readonly step: AttemptState["step"];
  readonly elapsedMs: number;
}

export function statusOf(facts: {
  /** The last night, if there was one. */
  readonly night: NightState | undefined;
  /** Whoever holds the workspace's lock, and lives. */
  readonly owner: WorkspaceOwner | undefined;
  readonly plan: Pick<Plan, "tasks">;
  readonly queue: Queue;
  readonly phase: PhaseState;
  readonly gate: Pick<WorkspaceGate, "next" | "criteria" | "gaps" | "forced">;
  readonly now: Date;
}): WorkspaceStatus {
  const { night, owner, plan, queue, gate, now } = facts;
  const { phase, demotion } = facts.phase;
  const tasks = plan.tasks.map(({ id, title, key }) => {
    const { place, outcomes } = queue.entry(key);
    const last = outcomes.at(-1);
    const cap = last?.kind === "failed" ? (last.cap ?? null) : null;
    return { id, title: safeLine(title), place, cap };
  });
  const count = (place: QueuePlace): number => tasks.filter((task) => task.place === place).length;
  const isOpen = night !== undefined && night.end === undefined;
  return {
    version: 1,
    activity: isOpen ? (owner ? "working" : "crashed") : "idle",
    owner: owner
      ? { pid: owner.pid, startedAt: safeLine(owner.startedAt), command: safeLine(owner.command) }
      : null,
    night: night ? nightStatus(night, isOpen && owner !== undefined ? now : undefined) : null,
    tasks,
    queue: {
      open: count("open"),
      landed: count("landed"),
      failed: count("failed"),
      "set-aside": count("set-aside"),
    },
    phase,
    gate: {
      next: gate.next,
      met: gate.criteria.filter(({ met }) => met).length,
      of: gate.criteria.length,
      // What runs or crashed has no end, and that is said elsewhere.
      gaps: gate.gaps.flatMap((gap) => (isOpen && gap.night === night.night ? [] : [gap.night])),
      forced: gate.forced,
    },
    demotion: demotion ? { ...demotion, why: safeLine(demotion.why) } : null,
  };
}

/** `now` is given for a night that runs. */
function nightStatus(night: NightState, now: Date | undefined): NightStatus {
  const {
    night: id,
    startedAt,
    finishedAt,
    durationMs,
    end,
    why,
    headline,
    counts,
    isolation,
    isolationGap,
  } = summarise(night);
  const until = now?.toISOString() ?? night.lastAt ?? startedAt;
  const attempts =
    end === null ? openAttempts(night).map((attempt) => openAttempt(night, attempt, until)) : [];
  return {
    id,
    startedAt,
    finishedAt,
    durationMs: now ? elapsedMs(startedAt, until) : durationMs,
    stopping: end === null && night.stopping !== null,
    pause: pauseOf(night),
    isolation,
    isolationGap,
    why,
    headline,
    counts,
    attempts,
    checkpoint: end === null ? (openCheckpoint(night) ?? null) : null,
  };
}

function pauseOf({ pauses }: NightState): NightStatus["pause"] {
  const [first] = [...pauses.values()].toSorted((a, b) => Date.parse(a.until) - Date.parse(b.until));
  if (!first) return null;
  const { task, agent = null, until, detail } = first;
  return { task, agent: agent === null ? null : safeLine(agent), until, detail: safeLine(detail) };
}

function openAttempt(night: NightState, attempt: AttemptState, until: string): OpenAttempt {
  const { task, number, step, startedAt } = attempt;
  const title = safeLine(night.tasks.get(task)?.title ?? "");
  return { task, title, number, step, elapsedMs: elapsedMs(startedAt, until) };
}

/** The wall clock may have been set back in between. */
function elapsedMs(since: string, until: string): number {
  return Math.max(0, Date.parse(until) - Date.parse(since));
}

import type { TaskResult } from "./after-task.ts";
import type { FailureReason } from "./attempt.ts";
import type { DiffFacts } from "./diff-facts.ts";
import type { FindingLevel } from "./finding.ts";
import type { Cap } from "./cap.ts";
import type { AttemptState } from "./attempt-state.ts";
import type { EventData } from "./event.ts";
import type { ObjectId, TaskId } from "./ids.ts";
import { originOf } from "./landing-again.ts";
import type { TaskState } from "./night-state.ts";
import { failureInWords } from "./plain-words.ts";
import type { TaskKind } from "./plan.ts";
import { safeBlock, safeLine } from "./safe-text.ts";
import { addSpending, type Spending } from "./spending.ts";
import type { TestRunner } from "./test-run.ts";

const MAX_LISTED = 20;
const MAX_TAIL_CHARS = 2000;

/** One task in a night's summary. All text in it is inert (see safe-text.ts). */
export interface TaskSummary {
  readonly id: TaskId;
  readonly title: string;
  readonly repo: string;
  readonly kind: TaskKind;
  /** `running`: only in a night that has not ended; there, too, where a crash cut it off. */
  readonly result: TaskResult | "running" | "not-started";
  /** Attempts of this night. */
  readonly attempts: number;
  /** The agent that worked last, which may be one that was fallen back on; null: there was none, or an earlier version did not say. */
  readonly agent: string | null;
  /** Of all finished attempts together. */
  readonly durationMs: number;
  /** What the last attempt changed, landed or not; null: it did not come so far. */
  readonly change: {
    readonly files: number;
    readonly insertions: number;
    readonly deletions: number;
    /** Files and lines by kind: source, test, generated and so on. Absent: it did not come to the checks. */
    readonly kinds?: DiffFacts;
  } | null;
  /** The commit that landed. */
  readonly commit: ObjectId | null;
  /** Why the last attempt did not land; null: it did, or there was none. */
  readonly reason: FailureReason | null;
  /** The cap that the last attempt reached, in the units of the limits; null: none, or it is not known. */
  readonly cap: Cap | null;
  /** Why the task did not land, in words; null: it did, or has not had its turn. */
  readonly why: string | null;
  /** What the checks found in the last attempt, the first 20. */
  readonly findings: readonly {
    readonly rule: string;
    readonly level: FindingLevel;
    readonly path: string | null;
    /** From 1. */
    readonly line: number | null;
    readonly message: string;
    /** The line itself, bounded. */
    readonly excerpt: string | null;
  }[];
  /** How the last attempt's tests were compared with those before it; null: it did not come so far, or it is off. */
  readonly replay: {
    readonly runner: TestRunner;
    /** `nothing`: no test was changed, and none has a name. */
    readonly comparedBy: "tests" | "exit-code" | "nothing";
    /** Tests that ran on the attempt's commit; null: they have no names. */
    readonly tests: number | null;
    readonly durationMs: number;
  } | null;
  /** Entries of the tree that were never taken, the first 20. */
  readonly refused: readonly { readonly path: string; readonly reason: string }[];
  /** Findings and entries that are left out here; the journal has them all. */
  readonly omitted: number;
  /** What all its attempts of this night used of model APIs. */
  readonly spending: Spending;
  /** Requests that its gateway refused. */
  readonly denied: number;
  /** The end of what the verify commands printed, if they failed; 2,000 characters at most. */
  readonly verifyTail: string | null;
}

/** How many tasks of the night ended in which way. They add up to `total`. */
export interface TaskCounts {
  readonly total: number;
  readonly landed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly setAside: number;
  readonly carriedOver: number;
  readonly notStarted: number;
  readonly running: number;
}

export function summariseTask(task: TaskState, nightHasEnded: boolean): TaskSummary {
  const last = task.attempts.at(-1);
  const landed = task.attempts.findLast((attempt) => attempt.landed && !attempt.revoked)?.landed ?? null;
  const outcome = last?.outcome?.kind === "failed" ? last.outcome : undefined;
  // What lands again was made by an earlier attempt.
  const capture = last?.candidate ? originOf(task, last.candidate)?.capture : last?.capture;
  const replay = last?.replay;
  const findings = [...(replay?.findings ?? []), ...(last?.findings ?? [])];
  const refused = capture?.refused ?? [];
  return {
    id: task.id,
    title: safeLine(task.title),
    repo: task.repo,
    kind: task.kind,
    result: resultOf(task, nightHasEnded),
    attempts: task.attempts.length,
    agent: agentOf(task),
    durationMs: task.attempts.reduce((sum, attempt) => sum + durationOf(attempt), 0),
    change: capture
      ? {
          files: capture.added + capture.changed + capture.deleted,
          insertions: capture.insertions,
          deletions: capture.deletions,
          ...(last?.kinds ? { kinds: last.kinds } : {}),
        }
      : null,
    commit: landed,
    reason: landed ? null : (outcome?.reason ?? null),
    cap: landed ? null : (outcome?.cap ?? null),
    why: landed ? null : whyNot(task, outcome && failureInWords(outcome)),
    findings: findings.slice(0, MAX_LISTED).map(({ rule, level, path, line, message, excerpt }) => ({
      rule: safeLine(rule),
      level,
      path: path === undefined ? null : safeLine(path),
      line: line ?? null,
      message: safeLine(message),
      excerpt: excerpt === undefined ? null : safeLine(excerpt),
    })),
    replay: replay ? replaySummary(replay) : null,
    refused: refused
      .slice(0, MAX_LISTED)
      .map(({ path, reason }) => ({ path: safeLine(path), reason: safeLine(reason) })),
    omitted: Math.max(0, findings.length - MAX_LISTED) + Math.max(0, refused.length - MAX_LISTED),
    spending: addSpending(task.attempts.map(({ spending }) => spending)),
    denied: task.attempts.reduce((sum, attempt) => sum + attempt.denied, 0),
    verifyTail:
      last?.verdict && !last.verdict.green ? safeBlock(last.verdict.tail.slice(-MAX_TAIL_CHARS)) : null,
  };
}

function replaySummary({
  runner,
  comparedBy,
  runs,
  durationMs,
}: EventData<"replay.finished">): TaskSummary["replay"] {
  const counts = runs.find(({ tree }) => tree === "head")?.tests ?? null;
  return { runner, comparedBy, tests: counts && counts.passed + counts.failed, durationMs };
}

function resultOf(task: TaskState, nightHasEnded: boolean): TaskSummary["result"] {
  if (task.result) return task.result;
  const last = task.attempts.at(-1);
  if (!last) return "not-started";
  // An attempt that was cut off leaves its task open, for another night.
  return nightHasEnded || last.outcome ? "carried-over" : "running";
}

/** A task without a failed attempt can be closed, too: by a dependency, for example. */
function whyNot(task: TaskState, failure: string | undefined): string | null {
  if (task.result === undefined && task.attempts.at(-1)?.revoked !== undefined)
    return "its landing was taken back by a checkpoint, and it has not landed again";
  if (failure !== undefined) return failure;
  return task.detail ? safeLine(task.detail) : null;
}

/** A landing that is made again has none. */
function agentOf({ attempts }: TaskState): string | null {
  const agent = attempts.findLast((attempt) => attempt.agent !== undefined)?.agent;
  return agent === undefined ? null : safeLine(agent);
}

function durationOf({ startedAt, finishedAt }: AttemptState): number {
  // The wall clock may have been set back in between.
  return finishedAt === undefined ? 0 : Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt));
}

export function countTasks(tasks: readonly Pick<TaskSummary, "result">[]): TaskCounts {
  const count = (result: TaskSummary["result"]): number =>
    tasks.filter((task) => task.result === result).length;
  return {
    total: tasks.length,
    landed: count("landed"),
    failed: count("failed"),
    skipped: count("skipped"),
    setAside: count("set-aside"),
    carriedOver: count("carried-over"),
    notStarted: count("not-started"),
    running: count("running"),
  };
}

/** `3 of 5 tasks landed, 1 failed, 1 not started`; what is none is not mentioned. */
export function headlineOf(counts: TaskCounts): string {
  const others = [
    [counts.failed, "failed"],
    [counts.skipped, "skipped"],
    [counts.setAside, "set aside for you"],
    [counts.carriedOver, "carried over"],
    [counts.notStarted, "not started"],
    [counts.running, "running"],
  ] as const;
  const parts = others.filter(([number]) => number > 0).map(([number, words]) => `, ${number} ${words}`);
  return `${counts.landed} of ${counts.total} ${counts.total === 1 ? "task" : "tasks"} landed${parts.join("")}`;
}

import type { TaskResult } from "./after-task.ts";
import type { AttemptRef } from "./attempt.ts";
import { applyToAttempt, beginAttempt, type AttemptEvent, type AttemptState } from "./attempt-state.ts";
import {
  applyToCheckpoints,
  type CheckpointEvent,
  type RedCheckpoint,
  type Revoking,
} from "./checkpoint-state.ts";
import type { EventData, NightwardenEvent } from "./event.ts";
import type { NightEnd } from "./night-events.ts";
import type { AttemptId, NightId, ObjectId, TaskId, TaskKey } from "./ids.ts";
import type { TaskKind } from "./plan.ts";
import { mayRun, type Residue } from "./residue.ts";
import { addSpending, NO_SPENDING, spendingOf, type Spending } from "./spending.ts";
import { usedQuota, type UsedQuota } from "./used-quota.ts";

export type { AttemptState };

export interface TaskState {
  readonly id: TaskId;
  readonly key: TaskKey;
  readonly repo: string;
  readonly title: string;
  readonly kind: TaskKind;
  readonly dependsOn: readonly TaskId[];
  readonly attempts: AttemptState[];
  result?: TaskResult;
  detail?: string;
  finishedAt?: string;
  /** The task that it was skipped for. */
  because?: TaskId;
}

/** One repository in a night, as the journal tells it. */
export interface RepositoryState {
  readonly repo: string;
  readonly path: string;
  readonly base: ObjectId;
  readonly baseRef: string;
  /** Files with uncommitted changes, which the night left out. */
  readonly uncommitted: number;
  image?: string;
  /** Its dependencies as they were installed, or found, last. */
  prepared?: EventData<"prepare.finished">;
  baseline?: EventData<"baseline.finished">;
  /** The tip of the night's branch: the base until something lands. */
  tip: ObjectId;
  /** The last commit of the branch that passed the full verification, or the base. */
  checkpoint: ObjectId;
  /** What has landed since, oldest first. */
  landings: readonly Landing[];
  /** The full verification of its tip has begun and not ended. */
  isVerifying?: true;
  /** The last full verification was red, and the branch is still there. */
  red?: RedCheckpoint;
  /** A way back to the checkpoint that has begun and not ended. */
  goingBack?: { readonly from: ObjectId; readonly to: ObjectId };
  /** The branch went back, and not every landing that it lost is recorded as revoked. */
  revoking?: Revoking;
  /** What the user's repository has is not on the branch any more: delivering means going back there, too. */
  hasGoneBack?: true;
  /** Full verifications that were begun; names their containers. */
  fullRuns: number;
  /** Keys of those that were green. */
  readonly greenFull: Set<string>;
  /** The tip that the user's repository has. */
  delivered?: ObjectId;
  /** Why the last delivery was put off. */
  deferred?: string;
}

/** A night as its journal tells it; nothing of it is stored anywhere else. */
export interface NightState {
  readonly night: NightId;
  started?: EventData<"night.started">;
  startedAt?: string;
  finishedAt?: string;
  end?: NightEnd;
  endDetail?: string;
  /** Why the night has to end, once it has to. */
  stopping: "asked" | "time-limit" | null;
  resumes: number;
  /** When the last event was recorded: for a night that crashed, the last that is known of it. */
  lastAt?: string;
  readonly tasks: Map<TaskId, TaskState>;
  readonly repositories: Map<string, RepositoryState>;
  /** Sets of dependencies that single attempts needed, and whose they were, oldest first. */
  readonly attemptSets: AttemptSet[];
  /** Results in the order of `task.finished`, which is the order that the breaker counts. */
  readonly finished: TaskResult[];
  /** Whose results they are, one for one. */
  readonly finishedTasks: TaskId[];
  /** Tasks with an attempt that has ended and nothing that followed from it, in the order in which those ended. */
  readonly undecided: Set<TaskId>;
  readonly warnings: { readonly code: string; readonly message: string }[];
  /** What a person should have heard of at once, oldest first. */
  readonly alerts: EventData<"alert.raised">[];
  /** Full verifications, oldest first. */
  readonly checkpoints: EventData<"checkpoint.finished">[];
  /** Landings that were taken back, oldest first. */
  readonly revocations: EventData<"landing.revoked">[];
  /** Branches that could not be moved back. */
  readonly failedRollbacks: EventData<"rollback.failed">[];
  /** What is known of quotas that are used up, by agent. */
  readonly quotas: Map<string, UsedQuota>;
  /** Agents whose quota is waited for. Where a journal does not say which, it has no name. */
  readonly pauses: Map<string, Pause>;
  /** What was used of model APIs outside of attempts: by the health checks. */
  otherSpending: Spending;
  readonly probes: EventData<"probe.finished">[];
  /** What the last containment drill of its gate came to; undefined: it came to none. */
  drill?: EventData<"drill.finished">;
  /** What the workspace lost by it. */
  demotion?: EventData<"phase.demoted">;
  /** How much was found that nothing used any more, and removed. */
  leftovers: number;
  /** What must not have been there, and could not be removed when it was found. */
  readonly leaks: NightLeak[];
  /** Of these what may still run: no other attempt may start beside it. Reset when the night goes on: then all is counted anew. */
  stray: Residue | null;
  /** Bytes of each repository's shadow, when the whole workspace was counted last. */
  stores: Readonly<Record<string, number>>;
  /** Bytes that captures have brought into each since. */
  readonly captured: Map<string, number>;
}

/** A wait for a quota. */
export type Pause = EventData<"night.paused">;

/** One landing on a night's branch. */
export type Landing = AttemptRef & { readonly commit: ObjectId; readonly tip: ObjectId };

/** A set of dependencies that was made, or used again, for one attempt. */
export type AttemptSet = EventData<"prepare.finished"> & { readonly of: AttemptRef };

/** An account that was in disorder, also after a repair. */
export interface NightLeak {
  readonly at: string;
  /** The attempt that left it; undefined: it was found at the beginning or the end of the night. */
  readonly of: AttemptRef | undefined;
  /** The first of it, by name. */
  readonly residue: readonly Residue[];
  readonly omitted: number;
}

/** The events that change what is known of a repository that is prepared. */
type RepositoryEvent = Extract<
  NightwardenEvent,
  {
    readonly type:
      | "image.ready"
      | "prepare.finished"
      | "baseline.finished"
      | "landing.finished"
      | "delivery.finished"
      | "delivery.deferred";
  }
>;

export function emptyNight(night: NightId): NightState {
  return {
    night,
    stopping: null,
    resumes: 0,
    tasks: new Map(),
    repositories: new Map(),
    attemptSets: [],
    finished: [],
    finishedTasks: [],
    undecided: new Set(),
    warnings: [],
    alerts: [],
    checkpoints: [],
    revocations: [],
    failedRollbacks: [],
    leftovers: 0,
    leaks: [],
    stray: null,
    stores: {},
    captured: new Map(),
    quotas: new Map(),
    pauses: new Map(),
    otherSpending: NO_SPENDING,
    probes: [],
  };
}

/** The state after all of `events`. Every prefix of a journal is a valid argument. */
export function replay(night: NightId, events: Iterable<NightwardenEvent>): NightState {
  const state = emptyNight(night);
  for (const event of events) apply(state, event);
  return state;
}

/** Adds one event to `state`, in place: a night of 1,000 tasks has tens of thousands of them. */
export function apply(state: NightState, event: NightwardenEvent): void {
  state.lastAt = event.at;
  switch (event.type) {
    case "night.started":
      state.started = event.data;
      state.startedAt = event.at;
      for (const task of event.data.tasks) state.tasks.set(task.id, { ...task, attempts: [] });
      return;
    case "night.resumed":
      state.resumes += 1;
      state.stopping = null;
      state.stray = null;
      return;
    case "night.stopping":
      state.stopping = event.data.why;
      return;
    case "night.finished":
      state.end = event.data.end;
      state.pauses.clear();
      state.endDetail = event.data.detail;
      state.finishedAt = event.at;
      return;
    case "warning.raised":
      state.warnings.push(event.data);
      return;
    case "alert.raised":
      state.alerts.push(event.data);
      return;
    case "checkpoint.finished":
      state.checkpoints.push(event.data);
      changeCheckpoints(state, event);
      return;
    case "rollback.failed":
      state.failedRollbacks.push(event.data);
      changeCheckpoints(state, event);
      return;
    case "landing.revoked":
      state.revocations.push(event.data);
      reopenTask(state, event.data.task);
      changeAttempt(state, event);
      changeCheckpoints(state, event);
      return;
    case "leftovers.removed":
      state.leftovers += countLeftovers(event.data);
      return;
    case "account.taken":
      takeAccount(state, event.data, event.at);
      return;
    case "night.paused":
      state.pauses.set(event.data.agent ?? "", event.data);
      return;
    case "night.continued":
      endPause(state, event.data.agent ?? "");
      return;
    case "probe.finished":
      state.probes.push(event.data);
      return;
    case "drill.finished":
      state.drill = event.data;
      return;
    case "phase.demoted":
      state.demotion = event.data;
      return;
    case "model.answered":
      if (!findAttempt(state, event.data))
        state.otherSpending = addSpending([state.otherSpending, spendingOf(event.data)]);
      changeAttempt(state, event);
      return;
    case "repository.prepared":
      // A resumed night prepares again; its base stays what it was.
      if (state.repositories.has(event.data.repo)) return;
      state.repositories.set(event.data.repo, beginRepository(event.data));
      return;
    case "attempt.started":
      state.tasks.get(event.data.task)?.attempts.push(beginAttempt(event.data, event.at));
      state.undecided.delete(event.data.task);
      return;
    case "task.finished":
      finishTask(state, event.data, event.at);
      return;
    case "prepare.finished":
      if (event.data.of) state.attemptSets.push({ ...event.data, of: event.data.of });
      else changeRepository(state, event);
      return;
    case "image.ready":
    case "baseline.finished":
    case "delivery.finished":
    case "delivery.deferred":
      changeRepository(state, event);
      return;
    case "checkpoint.started":
    case "bisection.started":
    case "bisection.tried":
    case "bisection.finished":
    case "rollback.started":
    case "rollback.finished":
      changeCheckpoints(state, event);
      return;
    case "landing.finished":
      changeRepository(state, event);
      changeAttempt(state, event);
      return;
    case "capture.finished":
      changeAttempt(state, event);
      countCapture(state, event.data);
      return;
    case "grant.finished":
    case "egress.denied":
    case "sandbox.started":
    case "sandbox.finished":
    case "checks.finished":
    case "verify.started":
    case "verify.finished":
    case "replay.started":
    case "replay.finished":
    case "landing.started":
      changeAttempt(state, event);
      return;
    case "attempt.finished":
      changeAttempt(state, event);
      state.undecided.add(event.data.task);
      noteQuota(state, event.data, event.at);
      return;
    case "workspace.created":
    case "phase.promoted":
    case "task.requeued":
    case "night.listed":
    case "night.sealed":
    case "night.merged":
    case "workspace.repaired":
    case "prepare.started":
    case "grant.started":
    case "baseline.started":
    case "gateway.started":
    case "gateway.finished":
    case "capture.started":
    case "candidate.rebuilt":
    case "delivery.started":
      return;
  }
}

function countLeftovers(data: EventData<"leftovers.removed">): number {
  const { containers, volumes, networks, others, by } = data;
  if (by === "retention") return 0; // nobody left it: it was kept, and is old
  const more = Object.values(others ?? {}).reduce((sum, count) => sum + count, 0);
  return containers + volumes + networks + more;
}

function takeAccount(state: NightState, data: EventData<"account.taken">, at: string): void {
  if (data.of === undefined) {
    state.stores = { ...data.stores };
    state.captured.clear();
  }
  if (data.verdict !== "leaked") return;
  state.leaks.push({ at, of: data.of, residue: data.leaks, omitted: data.omitted });
  state.stray ??= data.leaks.find(mayRun) ?? null;
}

function countCapture(state: NightState, data: EventData<"capture.finished">): void {
  const repo = state.tasks.get(data.task)?.repo;
  if (repo !== undefined) state.captured.set(repo, (state.captured.get(repo) ?? 0) + data.bytes);
}

/** What was found used up meanwhile, and for longer, stays so. */
function endPause(state: NightState, agent: string): void {
  const until = state.pauses.get(agent)?.until ?? "";
  if (Date.parse(state.quotas.get(agent)?.until ?? "") <= Date.parse(until)) state.quotas.delete(agent);
  state.pauses.delete(agent);
}

function noteQuota(
  state: NightState,
  { task, attempt, outcome }: EventData<"attempt.finished">,
  at: string,
): void {
  const quota = usedQuota(task, outcome, at);
  const agent = findAttempt(state, { task, attempt })?.agent ?? "";
  if (quota) state.quotas.set(agent, quota);
}

function finishTask(state: NightState, data: EventData<"task.finished">, at: string): void {
  const task = state.tasks.get(data.task);
  if (!task) return;
  task.result = data.result;
  task.detail = data.detail;
  task.finishedAt = at;
  if (data.because !== undefined) task.because = data.because;
  state.finished.push(data.result);
  state.finishedTasks.push(task.id);
  state.undecided.delete(task.id);
}

/** Its landing was taken back: whether it lands again is open. */
function reopenTask(state: NightState, id: TaskId): void {
  const task = state.tasks.get(id);
  if (!task) return;
  delete task.result;
  delete task.detail;
  delete task.finishedAt;
  state.undecided.add(id);
}

function beginRepository(data: EventData<"repository.prepared">): RepositoryState {
  const { repo, path, base, baseRef, uncommitted } = data;
  return {
    repo,
    path,
    base,
    baseRef,
    uncommitted,
    tip: base,
    checkpoint: base,
    landings: [],
    fullRuns: 0,
    greenFull: new Set(),
  };
}

function applyToRepository(repository: RepositoryState, event: RepositoryEvent): void {
  switch (event.type) {
    case "image.ready":
      repository.image = event.data.image;
      return;
    case "prepare.finished":
      repository.prepared = event.data;
      return;
    case "baseline.finished":
      repository.baseline = event.data;
      return;
    case "landing.finished":
      repository.tip = event.data.commit;
      repository.landings = [...repository.landings, landingOf(event.data)];
      return;
    case "delivery.finished":
      repository.delivered = event.data.to;
      delete repository.deferred;
      delete repository.hasGoneBack;
      return;
    case "delivery.deferred":
      repository.deferred = event.data.reason;
  }
}

function landingOf({ task, attempt, token, commit, tip }: EventData<"landing.finished">): Landing {
  return { task, attempt, token, commit, tip };
}

function changeRepository(state: NightState, event: RepositoryEvent): void {
  const repository = state.repositories.get(event.data.repo);
  if (repository) applyToRepository(repository, event);
}

function changeCheckpoints(state: NightState, event: CheckpointEvent): void {
  const repository = state.repositories.get(event.data.repo);
  if (repository) applyToCheckpoints(repository, event);
}

function changeAttempt(state: NightState, event: AttemptEvent): void {
  const attempt = findAttempt(state, event.data);
  if (attempt) applyToAttempt(attempt, event);
}

export function findAttempt(
  state: NightState,
  ref: { readonly task: TaskId; readonly attempt: AttemptId },
): AttemptState | undefined {
  return state.tasks.get(ref.task)?.attempts.find((attempt) => attempt.attempt === ref.attempt);
}

/** The attempts that began and have no outcome: running ones, or those that a crash cut off. */
export function openAttempts(state: NightState): AttemptState[] {
  return [...state.tasks.values()].flatMap((task) => task.attempts.filter((attempt) => !attempt.outcome));
}

/** Whether `ref` is its task's current attempt: the last one, with that token, and not finished. */
export function isCurrent(state: NightState, ref: AttemptRef): boolean {
  const last = state.tasks.get(ref.task)?.attempts.at(-1);
  return last !== undefined && last.attempt === ref.attempt && last.token === ref.token && !last.outcome;
}

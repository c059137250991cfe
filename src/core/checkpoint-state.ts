import type { EventData, NightwardenEvent } from "./event.ts";
import type { AttemptId, ObjectId } from "./ids.ts";
import type { Landing, RepositoryState } from "./night-state.ts";
import type { Bisection } from "./next-bisection.ts";

/** A checkpoint that is red, and how far it is known why. */
export interface RedCheckpoint {
  readonly commit: ObjectId;
  /** The search for the landing that made it so, where it has begun. */
  bisection?: Bisection & { readonly answers: Map<ObjectId, boolean> };
  /** How the search ended; a culprit of null: none of the landings is to blame. */
  blame?: { readonly culprit: ObjectId | null; readonly detail: string };
}

/** Landings that a branch which went back does not have any more. */
export interface Revoking {
  /** The checkpoint that the branch is at. */
  readonly to: ObjectId;
  readonly culprit: ObjectId | null;
  /** How the full verification failed, in words. */
  readonly detail: string;
  /** All of them, oldest first. */
  readonly landings: readonly Landing[];
  /** Those of them that are not recorded as revoked yet. */
  readonly left: ReadonlySet<AttemptId>;
}

/** The events that tell of checkpoints, and of what follows a red one. */
export type CheckpointEvent = Extract<
  NightwardenEvent,
  {
    readonly type:
      | "checkpoint.started"
      | "checkpoint.finished"
      | "bisection.started"
      | "bisection.tried"
      | "bisection.finished"
      | "rollback.started"
      | "rollback.finished"
      | "rollback.failed"
      | "landing.revoked";
  }
>;

/** Adds one event to `repository`, in place. */
export function applyToCheckpoints(repository: RepositoryState, event: CheckpointEvent): void {
  switch (event.type) {
    case "checkpoint.started":
      repository.fullRuns += 1;
      repository.isVerifying = true;
      return;
    case "checkpoint.finished":
      delete repository.isVerifying;
      finishCheckpoint(repository, event.data);
      return;
    case "bisection.started": {
      const { good, commits } = event.data;
      if (repository.red) repository.red.bisection = { good, commits, answers: new Map() };
      return;
    }
    case "bisection.tried":
      repository.fullRuns += 1;
      repository.red?.bisection?.answers.set(event.data.commit, event.data.green);
      return;
    case "bisection.finished": {
      const { culprit, detail } = event.data;
      if (repository.red) repository.red.blame = { culprit, detail };
      return;
    }
    case "rollback.started":
      repository.goingBack = { from: event.data.from, to: event.data.to };
      return;
    case "rollback.finished":
      finishRollback(repository, event.data);
      return;
    case "rollback.failed":
      delete repository.goingBack;
      return;
    case "landing.revoked":
      finishRevocation(repository, event.data.attempt);
  }
}

function finishCheckpoint(
  repository: RepositoryState,
  { commit, key, result }: EventData<"checkpoint.finished">,
): void {
  if (result === "red") {
    repository.red = { commit };
    return;
  }
  delete repository.red;
  repository.greenFull.add(key);
  // Landings wait while it runs, but a journal is not to be trusted with that.
  const { landings } = repository;
  repository.landings = landings.slice(landings.findIndex((landing) => landing.commit === commit) + 1);
  repository.checkpoint = commit;
}

function finishRollback(repository: RepositoryState, { to }: EventData<"rollback.finished">): void {
  const { landings, red, delivered } = repository;
  delete repository.goingBack;
  delete repository.red;
  if (landings.some(({ commit }) => commit === delivered)) repository.hasGoneBack = true;
  repository.tip = to;
  // What was put off is not to be delivered any more.
  if (to === (delivered ?? repository.base)) delete repository.deferred;
  repository.landings = [];
  if (landings.length === 0) return;
  const left = new Set(landings.map(({ attempt }) => attempt));
  const { culprit, detail } = red?.blame ?? { culprit: null, detail: "" };
  repository.revoking = { to, culprit, detail, landings, left };
}

function finishRevocation(repository: RepositoryState, attempt: AttemptId): void {
  const { revoking } = repository;
  if (!revoking) return;
  const left = new Set(revoking.left);
  left.delete(attempt);
  if (left.size === 0) delete repository.revoking;
  else repository.revoking = { ...revoking, left };
}

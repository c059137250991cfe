import { nightBranch, type NightId, type ObjectId } from "./ids.ts";
import type { RepositoryState } from "./night-state.ts";
import { safeLine } from "./safe-text.ts";
import type { TaskSummary } from "./task-summary.ts";

/** One repository in a night's summary: what arrived there, and where. */
export interface RepositorySummary {
  readonly repo: string;
  readonly path: string;
  /** Where the results are, in the user's repository. */
  readonly branch: string;
  readonly base: ObjectId;
  readonly baseRef: string;
  /** The last landed commit; the base where nothing landed. */
  readonly tip: ObjectId;
  readonly landed: number;
  /** Whether `branch` is at `tip`. Also true where nothing landed and so nothing had to be delivered. */
  readonly delivered: boolean;
  /** Why not; null: it is delivered, or nothing was tried yet. */
  readonly deferred: string | null;
  /** Files with uncommitted changes, which the night left out. */
  readonly uncommitted: number;
  /** The last commit of the branch that passed the full verification, or the base; null: the night has no checkpoints. */
  readonly checkpoint: ObjectId | null;
  /** How many landings since no checkpoint covers; null: the night has none. */
  readonly uncovered: number | null;
}

export function summariseRepository(facts: {
  readonly night: NightId;
  readonly state: RepositoryState;
  readonly tasks: readonly TaskSummary[];
  readonly hasCheckpoints: boolean;
}): RepositorySummary {
  const { night, state, tasks, hasCheckpoints } = facts;
  return {
    repo: state.repo,
    path: safeLine(state.path, 4096),
    branch: nightBranch(night),
    base: state.base,
    baseRef: safeLine(state.baseRef),
    tip: state.tip,
    landed: tasks.filter((task) => task.repo === state.repo && task.commit).length,
    delivered: state.tip === (state.delivered ?? state.base),
    deferred: state.deferred === undefined ? null : safeLine(state.deferred),
    uncommitted: state.uncommitted,
    checkpoint: hasCheckpoints ? state.checkpoint : null,
    uncovered: hasCheckpoints ? state.landings.length : null,
  };
}

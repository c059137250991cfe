import type { EventData } from "./event.ts";
import type { AttemptId, ObjectId, TaskId } from "./ids.ts";
import type { NightState } from "./night-state.ts";
import { safeLine } from "./safe-text.ts";

/** What the full verifications of a night came to. All text is inert. */
export interface CheckpointSummary {
  /** Oldest first. */
  readonly checkpoints: readonly {
    readonly repo: string;
    readonly commit: ObjectId;
    readonly result: EventData<"checkpoint.finished">["result"];
  }[];
  /** Landings that red ones took back, oldest first. */
  readonly revoked: readonly {
    readonly task: TaskId;
    readonly attempt: AttemptId;
    readonly repo: string;
    readonly commit: ObjectId;
    readonly role: EventData<"landing.revoked">["role"];
    readonly why: string;
  }[];
}

export function summariseCheckpoints(state: NightState): CheckpointSummary {
  return {
    checkpoints: state.checkpoints.map(({ repo, commit, result }) => ({ repo, commit, result })),
    revoked: state.revocations.map(({ task, attempt, repo, commit, role, detail }) => ({
      task,
      attempt,
      repo,
      commit,
      role,
      why: safeLine(detail),
    })),
  };
}

import type { ObjectId } from "./ids.ts";
import { nextBisection } from "./next-bisection.ts";
import type { Landing, NightState, RepositoryState } from "./night-state.ts";
import type { Policy } from "./policy.ts";
import { revocationOf, type Revocation } from "./revocation-role.ts";

/** What is undone, with git alone. From here on nothing is interrupted. */
export type UndoingStep =
  | { readonly kind: "go-back"; readonly from: ObjectId; readonly to: ObjectId }
  | ({ readonly kind: "revoke"; readonly landing: Landing; readonly checkpoint: ObjectId } & Revocation);

/** What a checkpoint does next. */
export type CheckpointStep =
  /** The full verification of the branch's tip. */
  | { readonly kind: "verify"; readonly commit: ObjectId; readonly since: ObjectId }
  /** It is red, and so the landing that made it so is looked for. */
  | { readonly kind: "bisect"; readonly good: ObjectId; readonly commits: readonly ObjectId[] }
  | { readonly kind: "try"; readonly commit: ObjectId }
  /** The search is over. */
  | { readonly kind: "blame"; readonly culprit: ObjectId | null; readonly detail: string }
  | UndoingStep
  | { readonly kind: "done" };

/** The repository that a checkpoint has to look at now; undefined: none. `atEnd`: nothing else is left to be done tonight. */
export function dueCheckpoint(
  state: NightState,
  { checkpointEvery: every }: Pick<Policy, "checkpointEvery">,
  { atEnd }: { readonly atEnd: boolean },
): RepositoryState | undefined {
  return [...state.repositories.values()].find((repository) => {
    const step = nextCheckpoint(state, repository);
    if (step.kind === "done") return false;
    if (step.kind !== "verify") return true;
    return every !== undefined && (atEnd || repository.landings.length >= every);
  });
}

/** Why checkpoints end the night; undefined: they do not. */
export function checkpointEnd(
  state: NightState,
): { readonly end: "rollback-failed" | "infra"; readonly detail: string } | undefined {
  const [unmoved] = state.failedRollbacks;
  if (unmoved) {
    const detail = `${unmoved.repo} could not go back to its last checkpoint: ${unmoved.message}`;
    return { end: "rollback-failed", detail };
  }
  for (const { repo, red } of state.repositories.values()) {
    if (red?.blame?.culprit === null) return { end: "infra", detail: `${repo}: ${red.blame.detail}` };
  }
  return undefined;
}

/**
 * What follows in one repository from its state alone: the same journal gives the same step, so a checkpoint that a crash
 * cut off goes on where it was.
 */
export function nextCheckpoint(state: NightState, repository: RepositoryState): CheckpointStep {
  const undoing = nextUndoing(state, repository);
  if (undoing) return undoing;
  const { red, landings, tip, checkpoint } = repository;
  if (!red) {
    return landings.length === 0 ? { kind: "done" } : { kind: "verify", commit: tip, since: checkpoint };
  }
  if (red.blame) return { kind: "done" };
  if (!red.bisection) {
    return { kind: "bisect", good: checkpoint, commits: commitsUpTo(landings, red.commit) };
  }
  const step = nextBisection(red.bisection, red.bisection.answers);
  switch (step.kind) {
    case "try":
      return step;
    case "found":
      return { kind: "blame", culprit: step.culprit, detail: howItFailed(state, repository) };
    case "nobody": {
      const detail =
        "the full verification is red, and so it is on the last checkpoint by now: no landing is to blame";
      return { kind: "blame", culprit: null, detail };
    }
  }
}

/** The checkpoint that is being made, or was when the night crashed; undefined: none is. */
export function openCheckpoint(
  state: NightState,
): { readonly repo: string; readonly step: "verifying" | "bisecting" | "going-back" } | undefined {
  for (const { repo, goingBack, revoking, red, isVerifying } of state.repositories.values()) {
    if (goingBack || revoking) return { repo, step: "going-back" };
    if (red && !red.blame) return { repo, step: "bisecting" };
    if (isVerifying) return { repo, step: "verifying" };
  }
  return undefined;
}

/** What of a going back has still to be done; undefined: nothing, or it cannot be done. */
export function nextUndoing(state: NightState, repository: RepositoryState): UndoingStep | undefined {
  const { repo, goingBack, revoking, red, tip, checkpoint } = repository;
  if (state.failedRollbacks.some((failed) => failed.repo === repo)) return undefined;
  if (goingBack) return { kind: "go-back", ...goingBack };
  if (revoking) {
    const landing = revoking.landings.find(({ attempt }) => revoking.left.has(attempt));
    if (!landing) return undefined;
    const found = revoking.landings.find(({ commit }) => commit === revoking.culprit);
    const culprit = found && { landing: found, how: revoking.detail };
    const revocation = revocationOf(landing, culprit, state.tasks);
    return { kind: "revoke", landing, checkpoint: revoking.to, ...revocation };
  }
  const isFound = red?.blame !== undefined && red.blame.culprit !== null;
  return isFound ? { kind: "go-back", from: tip, to: checkpoint } : undefined;
}

/** Landings wait while a checkpoint runs, so the last is the red one; what would come after it is nobody's proof. */
function commitsUpTo(landings: readonly Landing[], red: ObjectId): ObjectId[] {
  const commits = landings.map(({ commit }) => commit);
  const end = commits.indexOf(red);
  return end === -1 ? commits : commits.slice(0, end + 1);
}

function howItFailed({ checkpoints }: NightState, { repo }: RepositoryState): string {
  const verdict = checkpoints.findLast((each) => each.repo === repo && each.result === "red")?.verdict;
  if (!verdict || verdict.failedCommand === null) return "the full verification is red";
  return `"${verdict.failedCommand}" ended with exit code ${verdict.exitCode ?? "unknown"}`;
}

import type { Repository } from "../contracts/repository.ts";
import { failed, type Outcome } from "../core/attempt.ts";
import { openAttempts, type AttemptState } from "../core/night-state.ts";
import { deliver, isUndelivered } from "./deliver.ts";
import type { NightRecord } from "./night-record.ts";
import { dropRefs, undoLandings } from "./undo-landings.ts";

interface Unsettled {
  readonly record: NightRecord;
  readonly repositories: ReadonlyMap<string, Repository>;
}

/**
 * Gives every attempt that was cut off its one outcome. A landing that had begun is asked of the branch: if the branch
 * is at the commit, it has landed, and only the words are missing; if not, nothing of it has. A branch that was to go
 * back does so, and what it lost is recorded. Then delivers what has not arrived. After a crash, and for a night that ends
 * by an error.
 */
export async function settleInterrupted(unsettled: Unsettled): Promise<void> {
  const { record, repositories } = unsettled;
  for (const attempt of openAttempts(record.state)) {
    const outcome = await outcomeAfterCrash(unsettled, attempt);
    const { task, attempt: id, token, key } = attempt;
    if (outcome.kind === "failed") await dropRefs(repositories, attempt.repo, attempt);
    await record.record({ type: "attempt.finished", data: { task, attempt: id, token, key, outcome } });
  }
  for (const repository of record.state.repositories.values()) {
    const { repo } = repository;
    if (!repositories.has(repo)) continue;
    await undoLandings(unsettled, repo);
    if (isUndelivered(repository)) await deliver(unsettled, repo);
  }
}

async function outcomeAfterCrash(
  { record, repositories }: Unsettled,
  attempt: AttemptState,
): Promise<Outcome> {
  if (attempt.landed !== undefined) return { kind: "landed", commit: attempt.landed };
  const { landing, task, attempt: id, token, repo } = attempt;
  if (landing) {
    // A repository that the configuration no longer has cannot be asked: nothing of it can be delivered either.
    const tip = await repositories.get(repo)?.tip(record.state.night);
    if (tip === landing.commit) {
      const { commit } = landing;
      await record.record({
        type: "landing.finished",
        data: { task, attempt: id, token, repo, commit, tip: landing.tip },
      });
      return { kind: "landed", commit };
    }
  }
  return failed("crashed", `it was cut off at the step "${attempt.step}"`);
}

import type { Outcome } from "../core/attempt.ts";
import { failed } from "../core/attempt.ts";
import { openAttempts, type AttemptState } from "../core/night-state.ts";
import { deliver } from "./deliver.ts";
import { repositoryOf, type Night } from "./night.ts";

/**
 * Gives every attempt that a crash cut off its one outcome. A landing that had begun is asked of the branch: if the
 * branch is at the commit, it has landed, and only the words are missing; if not, nothing of it has.
 */
export async function settleInterrupted(night: Night): Promise<void> {
  const { record } = night;
  for (const attempt of openAttempts(record.state)) {
    const outcome = await outcomeAfterCrash(night, attempt);
    const { task, attempt: id, token, key } = attempt;
    if (outcome.kind === "failed") await repositoryOf(night, attempt.repo).dropAttempt(attempt);
    await record.record({ type: "attempt.finished", data: { task, attempt: id, token, key, outcome } });
  }
  for (const repo of record.state.repositories.keys())
    await deliver({ record: night.record, repositories: night.deps.repositories }, repo);
}

async function outcomeAfterCrash(night: Night, attempt: AttemptState): Promise<Outcome> {
  if (attempt.landed !== undefined) return { kind: "landed", commit: attempt.landed };
  const { landing, task, attempt: id, token, repo } = attempt;
  if (landing) {
    const tip = await repositoryOf(night, repo).tip(night.record.state.night);
    if (tip === landing.commit) {
      const { commit } = landing;
      await night.record.record({
        type: "landing.finished",
        data: { task, attempt: id, token, repo, commit, tip: landing.tip },
      });
      return { kind: "landed", commit };
    }
  }
  return failed("crashed", `Nightwarden ended without a word at the step "${attempt.step}"`);
}

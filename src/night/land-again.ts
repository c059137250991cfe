import type { Outcome } from "../core/attempt.ts";
import { originOf, type Candidate } from "../core/landing-again.ts";
import type { Attempt } from "./attempt.ts";
import { changedDependencyFiles } from "./changed-dependency-files.ts";
import { dependenciesOfTip } from "./dependencies-of-tip.ts";
import { landAttempt } from "./land-attempt.ts";
import { followsManifests } from "../core/prepare-recipe.ts";
import { required } from "./night.ts";

/**
 * Lands a change again whose landing was taken back though nothing was wrong with it: made again on the tip, then checked,
 * verified and replayed there like any other. No agent runs. Where it does not fit or does not pass any more, that is the
 * task's own failure, and an agent may begin anew.
 */
export async function landAgain(attempt: Attempt, candidate: Candidate): Promise<Outcome> {
  const { night, task, base: tip } = attempt;
  const { commit, base } = candidate;
  night.stop.throwIfAborted();
  const state = required(night.record.state.tasks.get(task.id), `the state of task "${task.id}"`);
  const origin = required(originOf(state, candidate), `the attempt that made ${candidate.attempt}`);
  const capture = required(origin.capture, `what ${origin.attempt} captured`);
  const settings = night.order.prepare?.get(task.repo);
  const again: Attempt = {
    ...attempt,
    // What the task was granted is in the change, and was declared by us.
    start: origin.start ?? tip,
    dependencies: await dependenciesOfTip(attempt, task.repo, tip),
  };
  const facts = {
    ...capture,
    dependencyFiles: await changedDependencyFiles({ ...again, start: origin.start ?? base }, commit),
    isInstalledAnew: settings !== undefined && followsManifests(settings),
  };
  const unverified = { commit, base, key: undefined, facts, dependencies: undefined };
  return await night.landing.take(async () => await landAttempt(again, unverified));
}

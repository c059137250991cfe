import type { Attempt } from "./attempt.ts";
import { dependenciesOfCommit } from "./dependencies-of-commit.ts";
import { dependenciesOfTip, isAsBase } from "./dependencies-of-tip.ts";
import { grantDependencies } from "./grant-dependencies.ts";
import { dependenciesOf } from "./night.ts";

/**
 * What an attempt starts from: its base with what its task is granted, and the dependencies that the manifests there ask
 * for. Those are the night's, unless something has landed since, or is granted, that changes them.
 */
export async function startAttempt(attempt: Attempt): Promise<Pick<Attempt, "start" | "dependencies">> {
  const { night, task, base } = attempt;
  const { repo } = task;
  const ofNight = dependenciesOf(night, repo);
  const granted = task.grants.dependencies;
  if (!night.order.prepare?.has(repo)) return { start: base, dependencies: ofNight };
  if (granted.length > 0) {
    // What has landed tonight was written by attempts: only on the night's own base is all the rest a person's.
    const isTrusted = await isAsBase(night, repo, base);
    const start = await grantDependencies(attempt, granted);
    const wanted = { attempt, commit: start, source: "grant", isTrusted, before: [ofNight] } as const;
    return { start, dependencies: await dependenciesOfCommit(wanted) };
  }
  return { start: base, dependencies: await dependenciesOfTip(attempt, repo, base) };
}

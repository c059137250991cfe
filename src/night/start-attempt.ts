import { changedInputs } from "../core/prepare-recipe.ts";
import type { Attempt } from "./attempt.ts";
import { dependenciesOfCommit } from "./dependencies-of-commit.ts";
import { grantDependencies } from "./grant-dependencies.ts";
import { dependenciesOf, repositoryOf, repositoryStateOf } from "./night.ts";

/**
 * What an attempt starts from: its base with what its task is granted, and the dependencies that the manifests there ask
 * for. Those are the night's, unless something has landed since, or is granted, that changes them.
 */
export async function startAttempt(attempt: Attempt): Promise<Pick<Attempt, "start" | "dependencies">> {
  const { night, task, base } = attempt;
  const { repo } = task;
  const settings = night.order.prepare?.get(repo);
  const ofNight = dependenciesOf(night, repo);
  const granted = task.grants.dependencies;
  if (!settings) return { start: base, dependencies: ofNight };
  const nightBase = repositoryStateOf(night, repo).base;
  const repository = repositoryOf(night, repo);
  const isAsBase =
    base === nightBase ||
    changedInputs(settings, await repository.files(nightBase), await repository.files(base)).length === 0;
  const before = [ofNight];
  if (granted.length > 0) {
    const start = await grantDependencies(attempt, granted);
    // What has landed tonight was written by attempts: only on the night's own base is all the rest a person's.
    const wanted = { attempt, commit: start, source: "grant", isTrusted: isAsBase, before } as const;
    return { start, dependencies: await dependenciesOfCommit(wanted) };
  }
  if (isAsBase) return { start: base, dependencies: ofNight };
  const wanted = { attempt, commit: base, source: "tip", isTrusted: false, before } as const;
  return { start: base, dependencies: await dependenciesOfCommit(wanted) };
}

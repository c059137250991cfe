import type { ObjectId } from "../core/ids.ts";
import { changedInputs } from "../core/prepare-recipe.ts";
import type { Attempt } from "./attempt.ts";
import { repositoryOf } from "./night.ts";

/** The files that dependencies are installed from and that a candidate has changed: verify runs with those of the base. */
export async function changedDependencyFiles(attempt: Attempt, commit: ObjectId): Promise<string[]> {
  const { night, task, base } = attempt;
  const settings = night.order.prepare?.get(task.repo);
  if (!settings) return [];
  const repository = repositoryOf(night, task.repo);
  return changedInputs(settings, await repository.files(base), await repository.files(commit));
}

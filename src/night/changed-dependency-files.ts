import type { ObjectId } from "../core/ids.ts";
import { changedInputs } from "../core/prepare-recipe.ts";
import type { Attempt } from "./attempt.ts";
import { repositoryOf } from "./night.ts";

/** The files that dependencies are installed from and that a candidate has, and that are not as the agent found them. */
export async function changedDependencyFiles(attempt: Attempt, commit: ObjectId): Promise<string[]> {
  const { night, task, start } = attempt;
  const settings = night.order.prepare?.get(task.repo);
  if (!settings) return [];
  const repository = repositoryOf(night, task.repo);
  return changedInputs(settings, await repository.files(start), await repository.files(commit));
}

import type { DependencySet } from "../contracts/dependencies.ts";
import type { ObjectId } from "../core/ids.ts";
import { changedInputs } from "../core/prepare-recipe.ts";
import { dependenciesOfCommit } from "./dependencies-of-commit.ts";
import { dependenciesOf, repositoryOf, repositoryStateOf, type Night } from "./night.ts";

/** Whether a commit of the night's branch asks for the dependencies that the night's base asks for. */
export async function isAsBase(night: Night, repo: string, commit: ObjectId): Promise<boolean> {
  const settings = night.order.prepare?.get(repo);
  const { base } = repositoryStateOf(night, repo);
  if (!settings || commit === base) return true;
  const repository = repositoryOf(night, repo);
  return changedInputs(settings, await repository.files(base), await repository.files(commit)).length === 0;
}

/** The dependencies of a commit of the night's branch: the night's own, unless something has landed that changes them. */
export async function dependenciesOfTip(
  place: Pick<Parameters<typeof dependenciesOfCommit>[0]["attempt"], "night" | "ref" | "slot">,
  repo: string,
  commit: ObjectId,
): Promise<DependencySet | undefined> {
  const ofNight = dependenciesOf(place.night, repo);
  if (await isAsBase(place.night, repo, commit)) return ofNight;
  // What has landed tonight was written by attempts.
  const wanted = { commit, source: "tip", isTrusted: false, before: [ofNight] } as const;
  return await dependenciesOfCommit({ ...wanted, attempt: { ...place, task: { repo } } });
}

import type { DependencySet } from "../contracts/dependencies.ts";
import type { AttemptRef } from "../core/attempt.ts";
import type { AttemptId, ObjectId, TaskId } from "../core/ids.ts";
import { installSet, recordSet } from "./install-set.ts";
import type { Night } from "./night.ts";
import { contentsOf, prepareInputs } from "./prepare-inputs.ts";
import { usableSet } from "./usable-set.ts";

/** No attempt runs yet. */
const SLOT = 0;

/**
 * Installs what a night's base asks for, before any agent has written a byte, in a sandbox whose one way out leads to
 * the configured registries. Undefined where nothing has to be installed. What was installed before, from the same files
 * with the same image and commands, is used again. Throws `refused.prepare` where the commands fail.
 */
export async function prepareDependencies(options: {
  readonly night: Night;
  readonly repo: string;
  readonly commit: ObjectId;
}): Promise<DependencySet | undefined> {
  const { night, repo, commit } = options;
  const inputs = await prepareInputs(night, repo, commit);
  if (!inputs) return undefined;
  const known = await usableSet(night, inputs.key);
  if (known) {
    await recordSet(night, { repo, set: known, owner: undefined, result: "cached", durationMs: 0 });
    return known;
  }
  const attempt: AttemptRef = {
    task: "prepare" as TaskId,
    attempt: `prepare-${repo}.1` as AttemptId,
    token: night.deps.newToken(),
  };
  const files = await contentsOf(night, repo, inputs.files);
  const set = await installSet({ night, repo, inputs, files, attempt, slot: SLOT });
  night.sets.set(set.key, set);
  return set;
}

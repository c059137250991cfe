import type { DependencySet, SetFile } from "../contracts/dependencies.ts";
import type { RegistryAccess } from "../core/registry-access.ts";
import type { SetSource } from "../core/event-fields.ts";
import type { ObjectId } from "../core/ids.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import type { Task } from "../core/plan.ts";
import { followsManifests } from "../core/prepare-recipe.ts";
import { unsafeInput, type InstallInputs } from "../core/unsafe-input.ts";
import type { Attempt } from "./attempt.ts";
import { installSet, recordSet } from "./install-set.ts";
import { repositoryStateOf, required } from "./night.ts";
import { asUntrusted, contentsOf, prepareInputs } from "./prepare-inputs.ts";
import { usableSet } from "./usable-set.ts";

/**
 * The dependencies that a commit's own manifests and lock files ask for. A set that was made from the same files is used
 * again; else one is installed from these files alone. Where an attempt has written them (`isTrusted` is false), they
 * are read first, and refused if they could lead elsewhere than to the configured registries; no package runs a program
 * then. Throws `refused.prepare` where they are refused or cannot be installed.
 */
export async function dependenciesOfCommit(options: {
  readonly attempt: Pick<Attempt, "night" | "ref" | "slot"> & { readonly task: Pick<Task, "repo"> };
  readonly commit: ObjectId;
  readonly source: SetSource;
  readonly isTrusted: boolean;
  /** What was there before, the last first: used again without a word, and where the repository's own commands install. */
  readonly before: readonly (DependencySet | undefined)[];
}): Promise<DependencySet | undefined> {
  const { attempt, commit, source, isTrusted, before } = options;
  const { night, task, ref, slot } = attempt;
  const { repo } = task;
  const asBase = await prepareInputs(night, repo, commit);
  if (!asBase) return undefined;
  const untrusted = asUntrusted(night, repo, asBase);
  const keys = [asBase.key, untrusted.key];
  const same = before.find((set) => set !== undefined && keys.includes(set.key));
  if (same) return same;
  const owner = { of: ref, source };
  for (const key of keys) {
    const set = await usableSet(night, key);
    if (!set) continue;
    await recordSet(night, { repo, set, owner, result: "cached", durationMs: 0 });
    return set;
  }
  if (!isTrusted && !followsManifests(asBase.settings)) {
    if (source !== "grant") return before[0];
    const why =
      "a task that landed before has changed its manifests, and what prepare.commands run is not known";
    throw cannotInstall(`what the task is granted cannot be installed: ${why}`);
  }
  const inputs = isTrusted ? asBase : untrusted;
  const files = await contentsOf(night, repo, inputs.files);
  if (!isTrusted) await refuseUnsafe(attempt, files);
  const set = await installSet({ night, repo, inputs, files, attempt: ref, slot, owner });
  // An attempt's own is nobody else's until it has landed.
  if (source !== "candidate") night.sets.set(set.key, set);
  return set;
}

async function refuseUnsafe(
  { night, task: { repo } }: Pick<Attempt, "night"> & { readonly task: Pick<Task, "repo"> },
  files: readonly SetFile[],
): Promise<void> {
  const { base } = repositoryStateOf(night, repo);
  const ofBase = await prepareInputs(night, repo, base);
  const before = ofBase ? await contentsOf(night, repo, ofBase.files) : [];
  const preparation = required(night.deps.preparation, "what installs dependencies");
  const problem = unsafeInput({
    before: textsOf(before),
    after: textsOf(files),
    hosts: hostsOf(await preparation.access(night.stop)),
  });
  if (problem === undefined) return;
  throw cannotInstall(`what the attempt has written is not installed: ${problem}`);
}

function cannotInstall(message: string): NightwardenError {
  return new NightwardenError({
    code: "refused.prepare",
    message,
    hint: "A change of this kind needs a person.",
  });
}

function textsOf(files: readonly SetFile[]): InstallInputs {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return new Map(files.map(({ path, content }) => [path, decoder.decode(content)]));
}

function hostsOf({ registries }: RegistryAccess): string[] {
  return registries.flatMap(({ url, hosts }) => [new URL(url).host, ...hosts]);
}

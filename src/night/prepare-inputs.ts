import type { CommitFile } from "../contracts/repository.ts";
import type { SetFile } from "../contracts/dependencies.ts";
import type { ObjectId } from "../core/ids.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import {
  missingFiles,
  prepareKeyText,
  prepareRecipe,
  type PrepareRecipe,
  type PrepareSettings,
} from "../core/prepare-recipe.ts";
import { safeLine } from "../core/safe-text.ts";
import { imageOf, repositoryOf, type Night } from "./night.ts";

const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** What dependencies are installed from, and how. */
export interface PrepareInputs {
  readonly settings: PrepareSettings;
  readonly recipe: PrepareRecipe;
  /** What the commands read: those of the recipe. */
  readonly files: readonly CommitFile[];
  /** A set that was made from the same has the same key. */
  readonly key: string;
}

/** What a commit's dependencies are installed from; undefined: nothing has to be. Throws `refused.prepare`. */
export async function prepareInputs(
  night: Night,
  repo: string,
  commit: ObjectId,
): Promise<PrepareInputs | undefined> {
  const settings = night.order.prepare?.get(repo);
  if (!settings) return undefined;
  const all = await repositoryOf(night, repo).files(commit);
  const paths = all.map(({ path }) => path);
  const missing = missingFiles(settings, paths);
  if (missing.length > 0) {
    throw new NightwardenError({
      code: "refused.prepare",
      message: `"${repo}" has no ${missing.map((path) => safeLine(path, 200)).join(", ")} at ${commit.slice(0, 12)}`,
      hint: "Correct prepare.files in nightwarden.yaml: they are paths in the repository, at the commit that the night builds on.",
    });
  }
  const recipe = prepareRecipe(settings, paths);
  if (!recipe) return undefined;
  const files = all.filter(({ path }) => recipe.files.includes(path));
  return withKey(night, repo, { settings, recipe, files });
}

/** The same from files that an attempt has written: none of them can be run, and no package runs anything. */
export function asUntrusted(night: Night, repo: string, inputs: PrepareInputs): PrepareInputs {
  return withKey(night, repo, {
    settings: { ...inputs.settings, allowScripts: false },
    recipe: inputs.recipe,
    files: inputs.files.map((file) => ({ ...file, executable: false })),
  });
}

function withKey(night: Night, repo: string, inputs: Omit<PrepareInputs, "key">): PrepareInputs {
  const { recipe, files } = inputs;
  const { allowScripts } = inputs.settings;
  const text = prepareKeyText({ image: imageOf(night, repo), recipe, allowScripts, files });
  return { ...inputs, key: night.deps.digest(text) };
}

/** Such files with what is in them. */
export async function contentsOf(
  night: Night,
  repo: string,
  files: readonly CommitFile[],
): Promise<SetFile[]> {
  const contents = await repositoryOf(night, repo).contents(
    files.map(({ oid }) => oid),
    MAX_FILE_BYTES,
  );
  return files.map(({ path, executable }, at) => ({
    path,
    executable,
    content: contents[at] ?? Buffer.alloc(0),
  }));
}

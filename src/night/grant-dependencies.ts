import type { SetFile } from "../contracts/dependencies.ts";
import type { EventData } from "../core/event.ts";
import { grantsByManager } from "../core/grant-gap.ts";
import { NPM_MANIFEST, PIP_MANIFEST, withNpmGrants, withPipGrants } from "../core/granted-manifest.ts";
import type { ObjectId } from "../core/ids.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import type { PackageGrant } from "../core/package-grant.ts";
import { npmLock } from "../core/prepare-recipe.ts";
import type { Attempt } from "./attempt.ts";
import {
  aliased,
  installFailure,
  openInstaller,
  putInputs,
  runInstaller,
  verdictOf,
  type Installer,
  type InstallerRun,
} from "./installer.ts";
import { repositoryOf } from "./night.ts";
import { contentsOf, prepareInputs, type PrepareInputs } from "./prepare-inputs.ts";
import { withCleanUp } from "./with-clean-up.ts";

/** npm's own resolution of what the manifest now asks for; nothing is unpacked, and nothing of a package runs. */
const LOCK_COMMANDS = ["npm install --package-lock-only --ignore-scripts --no-audit --no-fund"];
const MAX_LOCK_BYTES = 64 * 1024 * 1024;

/**
 * Adds what the task is granted to the manifests and the lock file of the base, before any agent starts, and returns the
 * commit that the agent starts from. The manifest says exactly what was granted; the lock file is npm's own work, in a
 * sandbox that reaches the configured registries alone. Throws `refused.prepare` where it cannot be added.
 */
export async function grantDependencies(
  attempt: Attempt,
  dependencies: readonly string[],
): Promise<ObjectId> {
  const { night, task, ref, slot, base } = attempt;
  const { repo } = task;
  const inputs = await prepareInputs(night, repo, base);
  if (!inputs) throw cannot(repo, "nothing is installed for it any more");
  const { npm, pip } = grantsByManager(dependencies);
  const files = await contentsOf(night, repo, inputs.files);
  const manifests = withManifests(repo, files, { npm, pip });
  const lock = npm.length > 0 ? npmLock(files.map(({ path }) => path)) : undefined;
  const { settings } = inputs;
  const installer =
    lock === undefined ? undefined : await openInstaller({ night, repo, settings, attempt: ref, slot });
  await night.record.record({
    type: "grant.started",
    data: {
      ...ref,
      repo,
      dependencies: [...dependencies],
      commands: installer ? LOCK_COMMANDS : [],
      registries: installer?.access.registries.map(({ url }) => url) ?? [],
    },
  });
  const startedMs = night.deps.clock.monotonicMs();
  const finish = async (
    end: Pick<EventData<"grant.finished">, "result" | "commit" | "files" | "verdict">,
  ): Promise<void> => {
    const durationMs = Math.round(night.deps.clock.monotonicMs() - startedMs);
    await night.record.record({ type: "grant.finished", data: { ...ref, repo, ...end, durationMs } });
  };
  const locked =
    installer && lock !== undefined ? await lockOf(installer, inputs, manifests, lock) : undefined;
  if (locked && !locked.file) {
    await finish({ result: "failed", commit: null, files: [], verdict: verdictOf(locked.run) });
    throw installFailure(repo, locked.run);
  }
  const all = [...manifests.filter(({ path }) => path !== lock), ...(locked?.file ? [locked.file] : [])];
  const changed = all
    .filter(({ path, content }) => {
      const old = files.find((file) => file.path === path);
      return !old || !Buffer.from(old.content).equals(content);
    })
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const commit =
    changed.length === 0
      ? base
      : await repositoryOf(night, repo).commitStart({
          attempt: ref,
          base,
          message: `Granted to ${task.id}: ${dependencies.join(", ")}\n`,
          files: changed,
        });
  await finish({ result: "added", commit, files: changed.map(({ path }) => path), verdict: null });
  return commit;
}

function withManifests(
  repo: string,
  files: readonly SetFile[],
  { npm, pip }: { readonly npm: readonly PackageGrant[]; readonly pip: readonly PackageGrant[] },
): SetFile[] {
  const wanted = [...(npm.length > 0 ? [NPM_MANIFEST] : []), ...(pip.length > 0 ? [PIP_MANIFEST] : [])];
  for (const path of wanted)
    if (!files.some((file) => file.path === path)) throw cannot(repo, `there is no ${path} any more`);
  return files.map((file) => {
    if (!wanted.includes(file.path)) return file;
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(file.content);
    const written = file.path === NPM_MANIFEST ? withNpmGrants(text, npm) : withPipGrants(text, pip);
    if (written === undefined) throw cannot(repo, `its ${file.path} is no JSON object`);
    return { ...file, content: Buffer.from(written) };
  });
}

/** The lock file for these manifests; without `file`: npm has not made one. */
async function lockOf(
  installer: Installer,
  inputs: PrepareInputs,
  manifests: readonly SetFile[],
  lock: string,
): Promise<{ readonly run: InstallerRun; readonly file?: SetFile }> {
  const { preparation, attempt, slot, plan } = installer;
  const set = await preparation.dependencies.open({ attempt, slot });
  return await withCleanUp(
    async () => {
      await putInputs(installer, set, manifests);
      const run = await runInstaller(installer, set, { commands: LOCK_COMMANDS, path: inputs.recipe.path });
      const content = run.run.allPassed ? await set.read(lock, MAX_LOCK_BYTES) : undefined;
      if (!content) return { run };
      return { run, file: { path: lock, executable: false, content: aliased(content, plan, "outside") } };
    },
    async () => await set.close(),
  );
}

function cannot(repo: string, why: string): NightwardenError {
  const message = `what the task is granted cannot be added to "${repo}": ${why}`;
  return new NightwardenError({ code: "refused.prepare", message });
}

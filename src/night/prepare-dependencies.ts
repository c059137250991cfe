import type { DependencySet, OpenSet } from "../contracts/dependencies.ts";
import type { CommitFile, Repository } from "../contracts/repository.ts";
import type { SandboxRun } from "../contracts/sandbox.ts";
import type { AttemptRef } from "../core/attempt.ts";
import type { EgressDenial } from "../core/gateway-protocol.ts";
import type { AttemptId, ObjectId, TaskId } from "../core/ids.ts";
import type { Limits } from "../core/limits.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import {
  missingFiles,
  prepareKeyText,
  prepareRecipe,
  type PrepareRecipe,
  type PrepareSettings,
} from "../core/prepare-recipe.ts";
import {
  CA_FILE,
  PREPARE_FOLDER,
  registryPlan,
  withAliases,
  type RegistryPlan,
} from "../core/registry-access.ts";
import { safeBlock, safeLine } from "../core/safe-text.ts";
import { SandboxStop } from "../core/sandbox-stop.ts";
import { Tail } from "../core/tail.ts";
import type { Preparation } from "./deps.ts";
import { imageOf, repositoryOf, type Night } from "./night.ts";
import { runInSandbox } from "./run-in-sandbox.ts";
import { withCleanUp } from "./with-clean-up.ts";

/** No attempt runs yet. */
const SLOT = 0;
const TAIL_CHARS = 4000;
const MAX_FILE_BYTES = 64 * 1024 * 1024;
const MAX_TOLD_DENIALS = 5;

/**
 * Installs what a commit's manifests ask for, before any agent has written a byte, in a sandbox whose one way out leads to
 * the configured registries. Undefined where nothing has to be installed. What was installed before, from the same files
 * with the same image and commands, is used again. Throws `refused.prepare` where the commands fail.
 */
export async function prepareDependencies(options: {
  readonly night: Night;
  readonly repo: string;
  readonly commit: ObjectId;
  /** Sets that were settled, by their key. */
  readonly known: ReadonlyMap<string, DependencySet>;
}): Promise<DependencySet | undefined> {
  const { night, repo, commit } = options;
  const settings = night.order.prepare?.get(repo);
  if (!settings) return undefined;
  const repository = repositoryOf(night, repo);
  const files = await repository.files(commit);
  const recipe = recipeOf({ repo, settings, files, commit });
  if (!recipe) return undefined;
  const { preparation } = night.deps;
  if (!preparation) {
    throw new NightwardenError({
      code: "refused.prepare",
      message: `"${repo}" has dependencies to install, and this sandbox cannot install any`,
      hint: "Use the sandbox docker, or write prepare: none and bring the dependencies in the image.",
    });
  }
  const wanted = files.filter(({ path }) => recipe.files.includes(path));
  const { allowScripts } = settings;
  const key = night.deps.digest(
    prepareKeyText({ image: imageOf(night, repo), recipe, allowScripts, files: wanted }),
  );
  const known = options.known.get(key);
  if (known && (await preparation.dependencies.has(known.id))) {
    await night.record.record({
      type: "prepare.finished",
      data: { repo, ...dataOf(known), result: "cached", durationMs: 0, verdict: null },
    });
    return known;
  }
  return await install({ night, repo, repository, preparation, settings, recipe, wanted, key });
}

function recipeOf(options: {
  readonly repo: string;
  readonly settings: PrepareSettings;
  readonly files: readonly CommitFile[];
  readonly commit: ObjectId;
}): PrepareRecipe | undefined {
  const { repo, settings, commit } = options;
  const paths = options.files.map(({ path }) => path);
  const missing = missingFiles(settings, paths);
  if (missing.length === 0) return prepareRecipe(settings, paths);
  throw new NightwardenError({
    code: "refused.prepare",
    message: `"${repo}" has no ${missing.map((path) => safeLine(path, 200)).join(", ")} at ${commit.slice(0, 12)}`,
    hint: "Correct prepare.files in nightwarden.yaml: they are paths in the repository, at the commit that the night builds on.",
  });
}

interface Installation {
  readonly night: Night;
  readonly repo: string;
  readonly repository: Repository;
  readonly preparation: Preparation;
  readonly settings: PrepareSettings;
  readonly recipe: PrepareRecipe;
  /** What the commands read. */
  readonly wanted: readonly CommitFile[];
  readonly key: string;
}

async function install(installation: Installation): Promise<DependencySet> {
  const { night, repo, preparation, settings, recipe, key } = installation;
  const access = await preparation.access(night.stop);
  const plan = registryPlan(access, settings);
  await night.record.record({
    type: "prepare.started",
    data: {
      repo,
      key,
      files: [...recipe.files],
      commands: [...recipe.commands],
      registries: access.registries.map(({ url }) => url),
      scripts: settings.allowScripts,
    },
  });
  const attempt: AttemptRef = {
    task: "prepare" as TaskId,
    attempt: `prepare-${repo}.1` as AttemptId,
    token: night.deps.newToken(),
  };
  const startedMs = night.deps.clock.monotonicMs();
  const set = await preparation.dependencies.open({ attempt, slot: SLOT });
  return await withCleanUp(
    async () => {
      await putFiles(installation, set, plan, access.ca);
      const { run: ended, tail, denials } = await runCommands({ installation, set, plan, attempt });
      const size = ended.allPassed ? await set.settle([PREPARE_FOLDER, ...recipe.files]) : undefined;
      const run = size ? heldToLimits(ended, size, night.order.limits) : ended;
      const durationMs = Math.round(night.deps.clock.monotonicMs() - startedMs);
      const failedCommand = run.failedCommand === null ? null : (recipe.commands[run.failedCommand] ?? null);
      const verdict = {
        green: run.allPassed,
        failedCommand,
        exitCode: run.end.exitCode,
        end: run.end.reason,
        outOfMemory: run.end.outOfMemory,
        durationMs: run.end.durationMs,
        tail,
      };
      if (!size || !run.allPassed) {
        const data = { repo, key, set: null, path: [], inodes: 0, bytes: 0, durationMs, verdict };
        await night.record.record({ type: "prepare.finished", data: { ...data, result: "failed" } });
        throw failureOf({ repo, run, failedCommand, tail, denials });
      }
      const made: DependencySet = { id: set.id, key, path: recipe.path, ...size };
      // From here on it is a set: a crash before this line leaves nothing that anybody would use.
      await night.record.record({
        type: "prepare.finished",
        data: { repo, ...dataOf(made), result: "prepared", durationMs, verdict: null },
      });
      return made;
    },
    async () => await set.close(),
  );
}

async function putFiles(
  { repository, wanted }: Installation,
  set: OpenSet,
  plan: RegistryPlan,
  ca: string | null,
): Promise<void> {
  const contents = await repository.contents(
    wanted.map(({ oid }) => oid),
    MAX_FILE_BYTES,
  );
  await set.put([
    { path: `${PREPARE_FOLDER}/tmp/.keep`, executable: false, content: Buffer.alloc(0) },
    ...(ca === null ? [] : [{ path: CA_FILE, executable: false, content: Buffer.from(ca) }]),
    ...wanted.map(({ path, executable }, at) => ({
      path,
      executable,
      content: aliased(contents[at] ?? Buffer.alloc(0), plan),
    })),
  ]);
}

/** Only text has addresses in it; what is no text stays as it is. */
function aliased(content: Uint8Array, { aliases }: RegistryPlan): Uint8Array {
  if (aliases.length === 0) return content;
  const text = new TextDecoder().decode(content);
  const written = withAliases(text, aliases, "inside");
  return written === text ? content : new TextEncoder().encode(written);
}

async function runCommands(options: {
  readonly installation: Installation;
  readonly set: OpenSet;
  readonly plan: RegistryPlan;
  readonly attempt: AttemptRef;
}): Promise<{ readonly run: SandboxRun; readonly tail: string; readonly denials: readonly EgressDenial[] }> {
  const { set, plan, attempt } = options;
  const { night, repo, preparation, settings, recipe } = options.installation;
  const tail = new Tail(TAIL_CHARS);
  const denials: EgressDenial[] = [];
  const giveUp = new AbortController();
  let written: Promise<unknown> = Promise.resolve();
  const registry = await preparation.registries.open({
    attempt,
    config: plan.config,
    onDenied: (denial) => {
      if (denials.length < MAX_TOLD_DENIALS) denials.push(denial);
      const recording = night.record.record({ type: "egress.denied", data: { ...attempt, ...denial } });
      written = Promise.all([written, recording]);
      written.catch(() => undefined); // told when the gateway is closed
    },
    onDied: (message) => giveUp.abort(new SandboxStop("gateway-died", message)),
  });
  const run = await withCleanUp(
    async () =>
      await runInSandbox({
        night,
        attempt,
        role: "prepare",
        trees: set.trees,
        image: imageOf(night, repo),
        limits: night.order.limits,
        slot: SLOT,
        gateway: registry,
        giveUp: giveUp.signal,
        job: {
          commands: recipe.commands.map((command) => ["sh", "-c", command]),
          env: plan.env,
          path: recipe.path,
          stdin: "",
          wallClockMs: settings.timeMs,
        },
        onLine: ({ text }) => tail.push(text),
      }),
    async () => {
      await registry.close();
      await written;
    },
  );
  return { run, tail: tail.toString(), denials };
}

/** A short installation is over before its tree is looked at for the first time: what it has left is held to the caps, too. */
function heldToLimits(
  run: SandboxRun,
  { bytes, inodes }: Pick<DependencySet, "bytes" | "inodes">,
  limits: Pick<Limits, "disk" | "inodes">,
): SandboxRun {
  if (bytes > limits.disk)
    return { ...run, allPassed: false, end: { ...run.end, reason: "disk", seen: bytes } };
  if (inodes > limits.inodes)
    return { ...run, allPassed: false, end: { ...run.end, reason: "inodes", seen: inodes } };
  return run;
}

/** Why nothing could be installed. A stop, and what the machinery did, say nothing about the repository. */
function failureOf(facts: {
  readonly repo: string;
  readonly run: SandboxRun;
  readonly failedCommand: string | null;
  readonly tail: string;
  readonly denials: readonly EgressDenial[];
}): Error {
  const { repo, run, failedCommand, tail, denials } = facts;
  const { reason, exitCode } = run.end;
  if (reason === "stopped") return new DOMException("the night was asked to stop", "AbortError");
  if (reason === "lost" || reason === "gateway-died") {
    const message = `the container that installs the dependencies of "${repo}" was lost (${reason})`;
    return new NightwardenError({ code: "infra.engine", message });
  }
  const end = reason === "exited" ? `exit code ${exitCode ?? "unknown"}` : reason;
  const denied = denials
    .map(({ rule, target }) => `\n    refused: ${safeLine(target, 200)} (${rule})`)
    .join("");
  const shown = safeBlock(tail)
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
  return new NightwardenError({
    code: "refused.prepare",
    message: `the dependencies of "${repo}" cannot be installed: ${safeLine(failedCommand ?? "the commands", 200)} (${run.end.outOfMemory ? "out of memory" : end})${denied}\n${shown}`,
    hint:
      denials.length > 0
        ? "What is refused is no configured registry: see registries in nightwarden.yaml."
        : "Correct the manifests, the registries or prepare.commands; prepare: none installs nothing.",
  });
}

function dataOf({ id, key, path, inodes, bytes }: DependencySet) {
  return { set: id, key, path: [...path], inodes, bytes };
}

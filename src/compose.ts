import { createHash, randomBytes } from "node:crypto";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandAgent } from "./agents/command-agent.ts";
import type { Config, RepositoryConfig } from "./config/config.ts";
import type { LoadedWorkspace } from "./config/load-config.ts";
import type { Clock } from "./contracts/clock.ts";
import type { JournalStore } from "./contracts/journal.ts";
import type { Repository } from "./contracts/repository.ts";
import { NightwardenError } from "./core/nightwarden-error.ts";
import { programOf } from "./core/command-program.ts";
import type { NightId } from "./core/ids.ts";
import { replay } from "./core/night-state.ts";
import { findEngine, type Engine } from "./engine/find-engine.ts";
import { findGit } from "./git/find-git.ts";
import { findRepository } from "./git/find-repository.ts";
import { inspectRepository } from "./git/inspect-repository.ts";
import { openRepository } from "./git/open-repository.ts";
import { missingPrograms } from "./health/missing-programs.ts";
import { createImages, type EngineImages } from "./images/create-images.ts";
import { createJournalStore } from "./journal/journal-store.ts";
import { createOutputFiles } from "./journal/output-files.ts";
import { deliver } from "./night/deliver.ts";
import type { NightDeps } from "./night/deps.ts";
import { NightRecord } from "./night/night-record.ts";
import { DockerSandboxes } from "./sandbox/docker-sandbox.ts";
import { DockerTrees } from "./sandbox/docker-trees.ts";
import { sweep } from "./sandbox/sweep.ts";
import { acquireNightLock, readNightLock, type NightLock } from "./schedule/night-lock.ts";

/** Where Nightwarden itself is: the folder with docker/ and policies/. */
const PACKAGE_DIR = fileURLToPath(new URL("..", import.meta.url));

export const clock: Clock = { now: () => new Date(), monotonicMs: () => performance.now() };

/** Where a workspace keeps its state. */
export function stateDirOf(workspaceDir: string): string {
  return join(workspaceDir, ".nightwarden");
}

export function openJournals(workspaceDir: string, version: string): JournalStore {
  return createJournalStore({ stateDir: stateDirOf(workspaceDir), actor: "supervisor", version, clock });
}

export async function openRepositories(config: Config): Promise<Map<string, Repository>> {
  const stateDir = stateDirOf(config.workspaceDir);
  const opened = config.repositories.map(
    async ({ name, path }) => [name, await openRepository({ name, path, stateDir })] as const,
  );
  return new Map(await Promise.all(opened));
}

/** The engine, and the images that are built on it. */
export interface EngineParts {
  readonly engine: Engine;
  readonly images: EngineImages;
}

export async function openEngine(config: Config): Promise<EngineParts> {
  const engine = await findEngine({
    env: process.env,
    ...(config.engineHost === undefined ? {} : { configured: config.engineHost }),
  });
  const images = createImages({
    docker: engine.docker,
    arch: engine.arch,
    cacheDir: cacheDir(),
    packageDir: PACKAGE_DIR,
    repositories: new Map(
      config.repositories.map((repository) => [repository.name, imageSource(repository, config)]),
    ),
  });
  return { engine, images };
}

/** What one night is made of. Names every real adapter; nothing else does. */
export async function composeNight(options: {
  readonly workspace: LoadedWorkspace;
  readonly journals: JournalStore;
  readonly parts: EngineParts;
  readonly onProgress: (line: string) => void;
}): Promise<NightDeps> {
  const { config } = options.workspace;
  const { docker } = options.parts.engine;
  const workspaceId = await workspaceIdOf(options.journals);
  const collector = await options.parts.images.ensureCollector(options.onProgress);
  const trees = new DockerTrees({ docker, collectorImage: collector.id, workspace: workspaceId });
  return {
    clock,
    journals: options.journals,
    trees,
    sandboxes: new DockerSandboxes({ docker, trees, clock, workspace: workspaceId }),
    images: options.parts.images,
    outputs: createOutputFiles({ stateDir: stateDirOf(config.workspaceDir), clock }),
    repositories: await openRepositories(config),
    agents: new Map(config.agents.map((agent) => [agent.name, new CommandAgent(agent)])),
    sweep: async () => await sweep(docker, workspaceId),
    probe: async () => {
      await docker.ping();
    },
    newToken: () => randomBytes(16).toString("hex"),
    digest: (text) => createHash("sha256").update(text).digest("hex"),
    random: Math.random,
  };
}

/** The id that labels everything of this workspace on an engine; made with the workspace's first event. */
export async function workspaceIdOf(journals: JournalStore): Promise<string> {
  const existing = (await journals.read(null)).events[0];
  if (existing) return existing.workspace;
  const journal = await journals.open(null);
  await journal.close();
  const created = (await journals.read(null)).events[0];
  if (created) return created.workspace;
  throw new NightwardenError({
    code: "infra.journal",
    message: "the workspace's journal has no first event",
  });
}

/** Versions that a night records: what an old result was made with. */
export async function toolVersions(
  version: string,
  { engine }: EngineParts,
): Promise<Record<string, string>> {
  const git = await findGit();
  return { nightwarden: version, node: process.version, engine: engine.version, git: git.version };
}

export async function lockWorkspace(workspaceDir: string, command: string): Promise<NightLock> {
  return await acquireNightLock({ stateDir: stateDirOf(workspaceDir), command, clock });
}

/** The process that works in the workspace now, if one does. */
export async function readLock(workspaceDir: string): ReturnType<typeof readNightLock> {
  return await readNightLock(stateDirOf(workspaceDir));
}

/** The repository that a folder is in, for `init`. */
export async function findRepositoryAt(folder: string): ReturnType<typeof findRepository> {
  return await findRepository(folder);
}

/** One thing that `check` looked at. */
export interface CheckLine {
  readonly subject: string;
  readonly verdict: "ok" | "warning" | "refused";
  readonly message: string;
  readonly hint?: string;
}

export async function checkRepositories(config: Config): Promise<CheckLine[]> {
  const lines = config.repositories.map(async ({ name, path, base }) => {
    const subject = `repository ${name}`;
    const ref = base.kind === "ref" ? base.ref : "HEAD";
    const report = await inspectRepository({ path, ref });
    const { problems, warnings } = report;
    const found = report.base ? `${path}, ${report.base.ref} at ${report.base.commit.slice(0, 12)}` : path;
    return [
      ...problems.map(({ message, hint }): CheckLine => ({ subject, verdict: "refused", message, hint })),
      ...(problems.length === 0 ? [{ subject, verdict: "ok", message: found } as const] : []),
      ...warnings.map(({ message }): CheckLine => ({ subject, verdict: "warning", message })),
    ];
  });
  return (await Promise.all(lines)).flat();
}

/** Builds the images and looks for the programs of the verify commands in them. Starts no agent. */
export async function checkImages(options: {
  readonly workspace: LoadedWorkspace;
  readonly parts: EngineParts;
  readonly onProgress: (line: string) => void;
}): Promise<CheckLine[]> {
  const { workspace, parts, onProgress } = options;
  const { docker } = parts.engine;
  const workspaceId = `check-${randomBytes(8).toString("hex")}`;
  const collector = await parts.images.ensureCollector(onProgress);
  const trees = new DockerTrees({ docker, collectorImage: collector.id, workspace: workspaceId });
  const sandboxes = new DockerSandboxes({ docker, trees, clock, workspace: workspaceId });
  const lines: CheckLine[] = [];
  try {
    for (const { name } of workspace.config.repositories) {
      const subject = `image of ${name}`;
      const image = await parts.images.ensure(name, onProgress);
      lines.push({ subject, verdict: "ok", message: `${image.id.slice(7, 19)} from ${image.base}` });
      const commands = workspace.plan.tasks
        .filter((task) => task.repo === name)
        .flatMap((task) => task.verify);
      const missing = await missingPrograms({
        sandboxes,
        trees,
        image: image.id,
        limits: workspace.limits,
        programs: commands.flatMap((command) => programOf(command) ?? []),
        newToken: () => randomBytes(16).toString("hex"),
      });
      for (const program of missing) {
        const hint = "add it: packages, dockerfile or image in nightwarden.yaml";
        lines.push({
          subject,
          verdict: "refused",
          message: `a verify command starts "${program}", which is not in the image`,
          hint,
        });
      }
    }
  } finally {
    await sweep(docker, workspaceId);
  }
  return lines;
}

/** Tries again to bring a night's branches into the repositories. A repository without `reason` has its branch. */
export async function deliverNight(options: {
  readonly config: Config;
  readonly journals: JournalStore;
  readonly night: NightId;
}): Promise<{ readonly repo: string; readonly reason: string | undefined }[]> {
  const { events } = await options.journals.read(options.night);
  const state = replay(options.night, events);
  const repositories = await openRepositories(options.config);
  const record = new NightRecord(state, await options.journals.open(options.night));
  const results: { repo: string; reason: string | undefined }[] = [];
  try {
    for (const { repo, tip, base, delivered } of state.repositories.values()) {
      if (tip === base || tip === delivered) continue;
      await deliver({ record, repositories }, repo);
      results.push({ repo, reason: state.repositories.get(repo)?.deferred });
    }
  } finally {
    await record.close();
  }
  return results;
}

function imageSource(
  repository: RepositoryConfig,
  config: Config,
): {
  readonly image?: string;
  readonly dockerfile?: string;
  readonly packages?: readonly string[];
  readonly agentFiles?: string;
} {
  const { toolchain } = repository;
  const folders = [...new Set(config.agents.flatMap((agent) => agent.filesDir ?? []))];
  const agentFiles = folders[0] === undefined ? {} : { agentFiles: folders[0] };
  switch (toolchain.kind) {
    case "standard":
      return agentFiles;
    case "image":
      return { image: toolchain.image, ...agentFiles };
    case "dockerfile":
      return { dockerfile: toolchain.path, ...agentFiles };
    case "packages":
      return { packages: toolchain.packages, ...agentFiles };
  }
}

function cacheDir(): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "nightwarden");
}

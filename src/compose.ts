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
import type { CheckLine } from "./core/check-line.ts";
import { NightwardenError } from "./core/nightwarden-error.ts";
import { findEngine, type Engine } from "./engine/find-engine.ts";
import { findGit } from "./git/find-git.ts";
import { findRepository } from "./git/find-repository.ts";
import { inspectRepository } from "./git/inspect-repository.ts";
import { openRepository } from "./git/open-repository.ts";
import type { ImageCheckDeps } from "./health/check-images.ts";
import { createImages, type EngineImages } from "./images/create-images.ts";
import { createJournalStore } from "./journal/journal-store.ts";
import { createOutputFiles } from "./journal/output-files.ts";
import type { NightDeps } from "./night/deps.ts";
import { DockerSandboxes } from "./sandbox/docker-sandbox.ts";
import { DockerTrees } from "./sandbox/docker-trees.ts";
import { sweep } from "./sandbox/sweep.ts";
import { acquireNightLock, readNightLock, type NightLock } from "./schedule/night-lock.ts";

/** Where Nightwarden itself is: the folder with docker/ and policies/. */
const PACKAGE_DIR = fileURLToPath(new URL("..", import.meta.url));

export const clock: Clock = { now: () => new Date(), monotonicMs: () => performance.now() };

/** Where a workspace keeps its state. */
function stateDirOf(workspaceDir: string): string {
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
    buildPrefix: buildPrefix(config.workspaceDir),
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
    sweep: async () =>
      await sweep(docker, {
        owners: [workspaceId, checkLabel(config.workspaceDir)],
        namePrefix: buildPrefix(config.workspaceDir),
      }),
    probe: async () => {
      await docker.ping();
    },
    newToken,
    digest,
    random: Math.random,
  };
}

/** The id that labels everything of this workspace on an engine; made with the workspace's first event. */
async function workspaceIdOf(journals: JournalStore): Promise<string> {
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

/** What `check` needs of the engine: our own programs in containers of their own label. Call `close` when done. */
export async function composeCheck(options: {
  readonly parts: EngineParts;
  readonly workspaceDir: string;
  readonly onProgress: (line: string) => void;
}): Promise<ImageCheckDeps & { close(): Promise<void> }> {
  const { docker } = options.parts.engine;
  // Always the same for a folder, so that the next check removes what a killed one left.
  const workspace = checkLabel(options.workspaceDir);
  const left = { owners: [workspace] };
  await sweep(docker, left);
  const collector = await options.parts.images.ensureCollector(options.onProgress);
  const trees = new DockerTrees({ docker, collectorImage: collector.id, workspace });
  return {
    images: options.parts.images,
    trees,
    sandboxes: new DockerSandboxes({ docker, trees, clock, workspace }),
    newToken,
    close: async () => {
      await sweep(docker, left);
    },
  };
}

/** Labels what `check` has on the engine: there may be no workspace id yet. */
function checkLabel(workspaceDir: string): string {
  return `check-${digest(workspaceDir).slice(0, 16)}`;
}

function buildPrefix(workspaceDir: string): string {
  return `nightwarden-build-${digest(workspaceDir).slice(0, 16)}`;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function newToken(): string {
  return randomBytes(16).toString("hex");
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

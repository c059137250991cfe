import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AgentConfig, Config, RepositoryConfig } from "../config/config.ts";
import type { LoadedWorkspace } from "../config/load-config.ts";
import type { PinnedClient } from "../core/client.ts";
import { platformWords } from "../core/engine-platform.ts";
import { UNKNOWN_VERSION } from "../core/judge-version.ts";
import { findEngine, type Engine } from "../engine/find-engine.ts";
import { findGit } from "../git/find-git.ts";
import { readEngineFacts } from "../health/read-engine-facts.ts";
import { createImages, type EngineImages, type Toolchain } from "../images/create-images.ts";
import { clientAgentsOf } from "./agents.ts";
import { digest } from "./workspace.ts";

/** Where Nightwarden itself is: the folder with docker/ and policies/. */
export const PACKAGE_DIR = fileURLToPath(new URL("../..", import.meta.url));

/** The engine, and the images that are built on it. */
export interface EngineParts {
  readonly engine: Engine;
  readonly images: EngineImages;
}

/** Finds the engine, and what its images are to hold: the clients of agents that no task uses are left out. */
export async function openEngine(workspace: LoadedWorkspace): Promise<EngineParts> {
  const { config } = workspace;
  const used = usedAgents(workspace);
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
    withheld: secretVariables(config),
    repositories: new Map(
      config.repositories.map((repository) => [repository.name, imageSource(repository, used)]),
    ),
  });
  return { engine, images };
}

/** Versions that a night records: what an old result was made with. */
export async function toolVersions(
  version: string,
  engine: Engine | undefined,
): Promise<Record<string, string>> {
  const git = await findGit();
  if (!engine) {
    const platform = `${process.platform} ${process.arch}`;
    return { nightwarden: version, node: process.version, platform, git: git.version };
  }
  const { platform, runtime } = await readEngineFacts(engine);
  return {
    nightwarden: version,
    node: process.version,
    platform: platformWords(platform),
    engine: engine.version,
    [runtime?.name ?? "runc"]: runtime?.version ?? UNKNOWN_VERSION,
    git: git.version,
  };
}

/** The agents that a task uses, or may fall back on. */
export function usedAgents({ config, plan, policy }: LoadedWorkspace): AgentConfig[] {
  const names = new Set([...plan.tasks.map(({ agent }) => agent), ...policy.agentFallback]);
  return config.agents.filter(({ name }) => names.has(name));
}

export function buildPrefix(workspaceDir: string): string {
  return `nightwarden-build-${digest(workspaceDir).slice(0, 16)}`;
}

/** Names of the variables that hold secrets: what fetches packages has no use for them. */
export function secretVariables(config: Config): string[] {
  return clientAgentsOf(config).flatMap(({ credentials }) =>
    credentials.from === "env" ? [credentials.variable] : [],
  );
}

function imageSource(repository: RepositoryConfig, agents: readonly AgentConfig[]): Toolchain {
  const { toolchain } = repository;
  const parts = { clients: clientsOf(agents), agentFiles: agentFilesOf(agents) };
  switch (toolchain.kind) {
    case "standard":
      return parts;
    case "image":
      return { ...parts, image: toolchain.image };
    case "dockerfile":
      return { ...parts, dockerfile: toolchain.path };
    case "packages":
      return { ...parts, packages: toolchain.packages };
  }
}

/** Any of the agents may be asked to work on any repository. */
export function clientsOf(agents: readonly AgentConfig[]): PinnedClient[] {
  return agents.flatMap((agent) =>
    agent.kind === "command" ? [] : [{ name: agent.kind, version: agent.version }],
  );
}

/** The folder that agents bring along; undefined: none. */
export function agentFilesOf(agents: readonly AgentConfig[]): string | undefined {
  return agents.flatMap((agent) => (agent.kind === "command" ? (agent.filesDir ?? []) : []))[0];
}

export function cacheDir(): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "nightwarden");
}

import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Config, RepositoryConfig } from "../config/config.ts";
import type { PinnedClient } from "../core/client.ts";
import { findEngine, type Engine } from "../engine/find-engine.ts";
import { findGit } from "../git/find-git.ts";
import { createImages, type EngineImages, type Toolchain } from "../images/create-images.ts";
import { digest } from "./workspace.ts";

/** Where Nightwarden itself is: the folder with docker/ and policies/. */
const PACKAGE_DIR = fileURLToPath(new URL("../..", import.meta.url));

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

/** Versions that a night records: what an old result was made with. */
export async function toolVersions(
  version: string,
  { engine }: EngineParts,
): Promise<Record<string, string>> {
  const git = await findGit();
  return { nightwarden: version, node: process.version, engine: engine.version, git: git.version };
}

/** Labels what `check` and `doctor` have on the engine: there may be no workspace id yet. */
export function checkLabel(workspaceDir: string): string {
  return `check-${digest(workspaceDir).slice(0, 16)}`;
}

export function buildPrefix(workspaceDir: string): string {
  return `nightwarden-build-${digest(workspaceDir).slice(0, 16)}`;
}

function imageSource(repository: RepositoryConfig, config: Config): Toolchain {
  const { toolchain } = repository;
  const parts = { clients: clientsOf(config), agentFiles: agentFilesOf(config) };
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

/** Those of all agents: any of them may be asked to work on any repository. One version of each, as the configuration says. */
function clientsOf(config: Config): PinnedClient[] {
  const clients = new Map<string, PinnedClient>();
  for (const agent of config.agents)
    if (agent.kind !== "command") clients.set(agent.kind, { name: agent.kind, version: agent.version });
  return [...clients.values()];
}

function agentFilesOf(config: Config): string | undefined {
  return config.agents.flatMap((agent) => (agent.kind === "command" ? (agent.filesDir ?? []) : []))[0];
}

function cacheDir(): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "nightwarden");
}

import { resolve } from "node:path";
import type { CredentialSource } from "../core/credential-source.ts";
import { listPrice } from "../core/prices.ts";
import type { Price } from "../core/usage.ts";
import type { PrepareSettings } from "../core/prepare-recipe.ts";
import type { AgentConfig, Base, ClientAgentConfig, Config, RegistryConfig, Toolchain } from "./config.ts";
import type { ConfigFile } from "./schema.ts";

/** The configuration with every path absolute and every default filled in. `file` has been checked. */
export function resolveConfig(file: ConfigFile, workspaceDir: string): Config {
  const absolute = (path: string): string => resolve(workspaceDir, path);
  const agents = Object.entries(file.agents).map(([name, agent]): AgentConfig => {
    if (agent.kind !== "command") return resolveClient({ name, agent, network: file.network, absolute });
    const { kind, command, files, env } = agent;
    return { name, kind, command, filesDir: files === undefined ? undefined : absolute(files), env };
  });
  return {
    workspaceDir: resolve(workspaceDir),
    planPath: absolute(file.plan),
    repositories: Object.entries(file.repositories).map(([name, written]) => {
      const { path, base, verify, fullVerify = verify, tests, build = [], prepare, ...toolchain } = written;
      return {
        name,
        path: absolute(path),
        base: parseBase(base),
        toolchain: parseToolchain(toolchain, absolute),
        prepare: parsePrepare(prepare),
        build,
        verify,
        fullVerify,
        tests,
      };
    }),
    agents,
    defaultAgent: file.agent ?? agents[0]?.name ?? "",
    limits: file.limits,
    registries: file.registries?.map((registry) => parseRegistry(registry, absolute)),
    network: {
      caFile: file.network.caFile === undefined ? undefined : absolute(file.network.caFile),
      proxy: file.network.proxy,
    },
    sandbox: {
      kind: file.sandbox.kind,
      fallback: file.sandbox.fallback,
      memoryBudgetBytes: file.sandbox.memoryBudget,
      treeBound: file.sandbox.treeBound,
      versions: { strict: file.sandbox.strict, allowed: file.sandbox.allowVersions },
    },
    retention: file.retention,
    engineHost: file.engine.host,
  };
}

type AgentFile = ConfigFile["agents"][string];
type ClientFile = Exclude<AgentFile, { readonly kind: "command" }>;

function resolveClient(options: {
  readonly name: string;
  readonly agent: ClientFile;
  readonly network: ConfigFile["network"];
  readonly absolute: (path: string) => string;
}): ClientAgentConfig {
  const { name, agent, network, absolute } = options;
  const models = [...new Set([agent.model, ...agent.models])];
  const caFile = agent.upstream.caFile ?? network.caFile;
  return {
    name,
    kind: agent.kind,
    version: agent.version,
    model: agent.model,
    models,
    maxOutputTokens: agent.maxOutputTokens,
    credentials: parseCredentials(agent.credentials, absolute),
    upstream: {
      url: agent.upstream.url,
      caFile: caFile === undefined ? undefined : absolute(caFile),
      proxy: agent.upstream.proxy ?? network.proxy,
    },
    prices: Object.fromEntries(
      models.flatMap((model): [string, Price][] => {
        const price = Object.hasOwn(agent.prices, model) ? agent.prices[model] : listPrice(model);
        return price ? [[model, price]] : [];
      }),
    ),
    env: agent.env,
  };
}

/** One of the three is there: the schema sees to it. */
function parseCredentials(
  { env, file, command }: ClientFile["credentials"],
  absolute: (path: string) => string,
): CredentialSource {
  if (env !== undefined) return { from: "env", variable: env };
  if (file !== undefined) return { from: "file", path: absolute(file) };
  return { from: "command", command: command ?? [] };
}

const DETECTED: PrepareSettings = {
  commands: undefined,
  files: undefined,
  path: undefined,
  allowScripts: false,
  timeMs: 20 * 60_000,
};

function parsePrepare(written: ConfigFile["repositories"][string]["prepare"]): PrepareSettings | undefined {
  if (written === "none") return undefined;
  if (written === "auto") return DETECTED;
  const { commands, files, path, allowScripts, time: timeMs } = written;
  return { commands, files, path, allowScripts, timeMs };
}

function parseRegistry(
  written: NonNullable<ConfigFile["registries"]>[number],
  absolute: (path: string) => string,
): RegistryConfig {
  const { credential, user, ...registry } = written;
  return {
    ...registry,
    credential: credential && { source: parseCredentials(credential, absolute), user },
  };
}

function parseBase(base: string): Base {
  return base === "continue" ? { kind: "continue" } : { kind: "ref", ref: base };
}

function parseToolchain(
  file: Pick<ConfigFile["repositories"][string], "image" | "dockerfile" | "packages">,
  absolute: (path: string) => string,
): Toolchain {
  if (file.image !== undefined) return { kind: "image", image: file.image };
  if (file.dockerfile !== undefined) return { kind: "dockerfile", path: absolute(file.dockerfile) };
  if (file.packages !== undefined) return { kind: "packages", packages: file.packages };
  return { kind: "standard" };
}

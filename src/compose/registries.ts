import type { Config, RegistryConfig } from "../config/config.ts";
import type { Registry, RegistryAccess } from "../core/registry-access.ts";
import type { RegistryCredential } from "../core/registry-protocol.ts";
import { readRegistrySecret } from "../credentials/read-credential.ts";
import { hostNpmRegistry } from "../images/host-npm-registry.ts";
import type { Redaction } from "../journal/redaction.ts";
import { certificatesOf } from "./agents.ts";

/** Reads what an installation needs. What is secret of it is redacted from then on. `stop` ends a command that prints a secret. */
export async function readRegistryAccess(options: {
  readonly config: Config;
  readonly redaction: Redaction;
  readonly stop: AbortSignal;
}): Promise<RegistryAccess> {
  const { registries, network } = options.config;
  const read: Registry[] = [];
  for (const registry of registries ?? (await usualRegistries()))
    read.push({ ...registry, credential: await credentialOf(registry, options) });
  return {
    registries: read,
    ca: network.caFile === undefined ? null : await certificatesOf(network.caFile),
    proxy: network.proxy ?? null,
  };
}

async function usualRegistries(): Promise<RegistryConfig[]> {
  const common = { scopes: [], internal: false, credential: undefined };
  const npm = await hostNpmRegistry();
  const python = pythonIndexOf(process.env);
  return [
    ...(npm === undefined ? [] : [{ ...common, kind: "npm" as const, url: npm, hosts: [] }]),
    ...(python === undefined ? [] : [{ ...common, kind: "pip" as const, url: python, hosts: [] }]),
  ];
}

/** The index that pip's own variable names; undefined: none, or none that can be reached safely. */
function pythonIndexOf(env: NodeJS.ProcessEnv): string | undefined {
  const url = env["PIP_INDEX_URL"]?.replace(/\/+$/, "");
  return url?.startsWith("https://") && URL.canParse(url) && !url.includes("@") ? url : undefined;
}

async function credentialOf(
  { credential }: RegistryConfig,
  { config, redaction, stop }: Parameters<typeof readRegistryAccess>[0],
): Promise<RegistryCredential | null> {
  if (!credential) return null;
  const value = await readRegistrySecret({
    source: credential.source,
    workspaceDir: config.workspaceDir,
    env: process.env,
    stop,
  });
  redaction.add(value);
  if (credential.user !== undefined)
    redaction.add(Buffer.from(`${credential.user}:${value}`).toString("base64"));
  return { user: credential.user ?? null, value };
}

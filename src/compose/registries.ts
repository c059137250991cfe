import type { Config, RegistryConfig } from "../config/config.ts";
import { PYTHON_INDEX } from "../core/python-index.ts";
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
  return [
    ...(npm === undefined ? [] : [{ ...common, kind: "npm" as const, url: npm, hosts: [] }]),
    { ...common, kind: "pip", url: PYTHON_INDEX.url, hosts: PYTHON_INDEX.hosts },
  ];
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

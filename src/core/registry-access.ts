import { GATEWAY_PORT } from "./gateway-protocol.ts";
import { TREE_PATH } from "./sandbox-layout.ts";
import type { RegistryConfig, RegistryCredential } from "./registry-protocol.ts";

/** The package managers that are told where their registry is. */
export const REGISTRY_KINDS = ["npm", "pip"] as const;
export type RegistryKind = (typeof REGISTRY_KINDS)[number];

/** A registry from which dependencies are installed, the secret included. Made anew for each installation. */
export interface RegistryAccess {
  readonly registries: readonly Registry[];
  /** Certificates in PEM that are trusted in place of the well-known ones; null: the well-known ones. */
  readonly ca: string | null;
  /** An HTTP proxy, `http://host:port`, on the way; null: none. */
  readonly proxy: string | null;
}

export interface Registry {
  readonly kind: RegistryKind;
  /** `https://host[:port][/path]`, without a slash at the end. */
  readonly url: string;
  /** For npm: the scopes that come from here, such as `@company`. Empty: everything that no other registry is for. */
  readonly scopes: readonly string[];
  /** Further hosts from which its files come, each `host` or `host:port`. */
  readonly hosts: readonly string[];
  /** Its name may mean an address of a private network. */
  readonly internal: boolean;
  /** null: it asks for none. */
  readonly credential: RegistryCredential | null;
}

/** In the tree that dependencies are installed in, for what the package managers need meanwhile. Removed at the end. */
export const PREPARE_FOLDER = ".nightwarden-prepare";
export const CA_FILE = `${PREPARE_FOLDER}/ca.pem`;

/** Everything that follows from an access: what the gateway is told, what the container is told, and how lock files read there. */
export interface RegistryPlan {
  readonly config: Omit<RegistryConfig, "caps">;
  readonly env: Readonly<Record<string, string>>;
  /** The address of each registry with a credential, outside and in the container. */
  readonly aliases: readonly { readonly outside: string; readonly inside: string }[];
}

const GATEWAY = `http://127.0.0.1:${GATEWAY_PORT}`;

/**
 * A registry without a credential is reached by a tunnel, under its own address; one with a credential under a path of the
 * gateway, which adds it. So the container holds no credential, and no other way leads out of it.
 */
export function registryPlan(
  access: RegistryAccess,
  { allowScripts }: { readonly allowScripts: boolean },
): RegistryPlan {
  const { registries, ca, proxy } = access;
  const prefixOf = (registry: Registry): string => `/r${registries.indexOf(registry)}`;
  const insideOf = (registry: Registry): string => {
    const { pathname } = new URL(registry.url);
    return registry.credential === null
      ? registry.url
      : `${GATEWAY}${prefixOf(registry)}${pathname.replace(/\/$/, "")}`;
  };
  return {
    config: {
      tunnels: registries.flatMap((registry) => [
        ...(registry.credential === null ? [targetOf(registry.url, registry.internal)] : []),
        ...registry.hosts.map((host) => targetOf(`https://${host}`, registry.internal)),
      ]),
      upstreams: registries.flatMap((registry) =>
        registry.credential === null
          ? []
          : [{ prefix: prefixOf(registry), url: registry.url, credential: registry.credential, ca }],
      ),
      proxy,
    },
    env: {
      ...commonEnv(ca !== null),
      ...npmEnv(registries, insideOf, allowScripts),
      ...pipEnv(registries, insideOf, allowScripts),
    },
    aliases: registries.flatMap((registry) =>
      registry.credential === null ? [] : [{ outside: registry.url, inside: insideOf(registry) }],
    ),
  };
}

function targetOf(url: string, internal: boolean): RegistryConfig["tunnels"][number] {
  const { hostname, port } = new URL(url);
  return { host: hostname.toLowerCase().replace(/\.$/, ""), port: Number(port || 443), internal };
}

/** What most programs understand: where the way out is, whom to trust, and where there is room. */
function commonEnv(hasCa: boolean): Record<string, string> {
  const folder = `${TREE_PATH}/${PREPARE_FOLDER}`;
  const ca = `${TREE_PATH}/${CA_FILE}`;
  return {
    HTTPS_PROXY: GATEWAY,
    https_proxy: GATEWAY,
    HTTP_PROXY: GATEWAY,
    http_proxy: GATEWAY,
    NO_PROXY: "127.0.0.1,localhost",
    no_proxy: "127.0.0.1,localhost",
    TMPDIR: `${folder}/tmp`, // the memory of /tmp is too small for what is unpacked
    XDG_CACHE_HOME: `${folder}/cache`,
    ...(hasCa ? { SSL_CERT_FILE: ca, REQUESTS_CA_BUNDLE: ca, CURL_CA_BUNDLE: ca } : {}),
    ...(hasCa ? { npm_config_cafile: ca, NODE_EXTRA_CA_CERTS: ca, PIP_CERT: ca } : {}),
  };
}

type InsideOf = (registry: Registry) => string;

function npmEnv(
  registries: readonly Registry[],
  insideOf: InsideOf,
  allowScripts: boolean,
): Record<string, string> {
  const own = registries.filter(({ kind }) => kind === "npm");
  const main = own.find(({ scopes }) => scopes.length === 0);
  return {
    // Variables come before the repository's .npmrc: it cannot turn any of this off.
    npm_config_ignore_scripts: String(!allowScripts),
    npm_config_cache: `${TREE_PATH}/${PREPARE_FOLDER}/npm`,
    npm_config_https_proxy: GATEWAY,
    npm_config_proxy: GATEWAY,
    npm_config_noproxy: "127.0.0.1,localhost",
    npm_config_strict_ssl: "true",
    // By default it waits for a minute before the last of three tries, also for what is refused.
    npm_config_fetch_retry_mintimeout: "1000",
    npm_config_fetch_retry_maxtimeout: "5000",
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_update_notifier: "false",
    ...(main ? { npm_config_registry: `${insideOf(main)}/` } : {}),
    ...Object.fromEntries(
      own.flatMap((registry) =>
        registry.scopes.map((scope) => [`npm_config_${scope}:registry`, `${insideOf(registry)}/`] as const),
      ),
    ),
  };
}

function pipEnv(
  registries: readonly Registry[],
  insideOf: InsideOf,
  allowScripts: boolean,
): Record<string, string> {
  const [main, ...further] = registries.filter(({ kind }) => kind === "pip").map(insideOf);
  return {
    // A package that is not built yet is built by a program of its own.
    ...(allowScripts ? {} : { PIP_ONLY_BINARY: ":all:" }),
    PIP_NO_INPUT: "1",
    PIP_NO_CACHE_DIR: "1",
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
    PIP_CONFIG_FILE: "/dev/null",
    ...(main === undefined ? {} : { PIP_INDEX_URL: `${main}/` }),
    ...(further.length === 0 ? {} : { PIP_EXTRA_INDEX_URL: further.map((url) => `${url}/`).join(" ") }),
  };
}

/** A lock file or manifest as the container reads it: what it says about a registry with a credential leads to the gateway. */
export function withAliases(
  text: string,
  aliases: RegistryPlan["aliases"],
  to: "inside" | "outside",
): string {
  return aliases.reduce((written, alias) => {
    const [from, into] = to === "inside" ? [alias.outside, alias.inside] : [alias.inside, alias.outside];
    return written.replaceAll(`${from}/`, `${into}/`);
  }, text);
}

import { CLIENTS, PINNED_VERSIONS, type ClientName, type PinnedClient } from "../core/client.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import type { NodeArch } from "./node-arch.ts";

/** The package of npm's registry that a client's native program comes in, and what of it an image needs. */
export interface ClientPackage {
  readonly client: PinnedClient;
  readonly name: string;
  readonly version: string;
  /** Its folder that becomes the client's own in the image. Empty: the whole package. */
  readonly folder: string;
  /** The program's path below `folder`. */
  readonly program: string;
  /** Paths below `folder` that are of no use without a screen, a microphone or a network. */
  readonly leftOut: readonly string[];
}

/** No range and no tag: what these mean changes from day to day. No path and no address either. */
const EXACT_VERSION = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z]+(?:[.-][0-9A-Za-z]+)*)?$/;

/** Codex is linked statically, against musl: it needs nothing of the image. */
const CODEX_TARGET: Readonly<Record<NodeArch, string>> = {
  x64: "x86_64-unknown-linux-musl",
  arm64: "aarch64-unknown-linux-musl",
};

const PACKAGES: Readonly<
  Record<ClientName, (version: string, arch: NodeArch) => Omit<ClientPackage, "client">>
> = {
  claude: (version, arch) => ({
    name: `@anthropic-ai/claude-code-linux-${arch}`,
    version,
    folder: "",
    program: "claude",
    leftOut: [],
  }),
  // Each platform's files are a version of the one package. The program finds its `rg` and its other helpers by the
  // place where it lies itself, so that the folder stays as it is.
  codex: (version, arch) => ({
    name: "@openai/codex",
    version: `${version}-linux-${arch}`,
    folder: `vendor/${CODEX_TARGET[arch]}`,
    program: "bin/codex",
    leftOut: ["codex-resources/voice"],
  }),
};

/**
 * The packages of these clients, each once and always in the same order, whatever the order of the configuration.
 * Throws on a version that is not exact, and on two versions of one client: they would have the same path.
 */
export function clientPackages(clients: readonly PinnedClient[], arch: NodeArch): ClientPackage[] {
  return CLIENTS.flatMap((name) => {
    const versions = new Set(
      clients.filter((client) => client.name === name).map((client) => client.version),
    );
    const [version, another] = versions;
    if (version === undefined) return [];
    if (another !== undefined) {
      throw new NightwardenError({
        code: "usage.config",
        message: `an image can have one version of ${name}, and ${version} and ${another} are configured`,
        hint: `Give all agents with ${name} the same version.`,
      });
    }
    return [clientPackage({ name, version }, arch)];
  });
}

function clientPackage(client: PinnedClient, arch: NodeArch): ClientPackage {
  if (EXACT_VERSION.test(client.version)) {
    return { client, ...PACKAGES[client.name](client.version, arch) };
  }
  throw new NightwardenError({
    code: "refused.image",
    message: `${JSON.stringify(client.version)} is not an exact version of ${client.name}`,
    hint: hintOfVersion(client.name),
  });
}

/** What to do about a version that cannot be used. */
export function hintOfVersion(name: ClientName): string {
  return `Give the agent an exact version that exists: Nightwarden is tested with ${name} ${PINNED_VERSIONS[name]}.`;
}

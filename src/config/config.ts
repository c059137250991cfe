import type { SandboxKind } from "../core/choose-isolation.ts";
import type { ClientName } from "../core/client.ts";
import type { CredentialSource } from "../core/credential-source.ts";
import type { VersionRules } from "../core/judge-version.ts";
import type { LimitOverrides } from "../core/limits.ts";
import type { PrepareSettings } from "../core/prepare-recipe.ts";
import type { Registry } from "../core/registry-access.ts";
import type { WrittenTests } from "../core/test-command.ts";
import type { Retention } from "../core/retention.ts";
import type { Price } from "../core/usage.ts";

/** The validated configuration of a workspace: every path absolute, every default filled in. */
export interface Config {
  readonly workspaceDir: string;
  readonly planPath: string;
  /** At least one. */
  readonly repositories: readonly RepositoryConfig[];
  /** At least one. */
  readonly agents: readonly AgentConfig[];
  /** The name of the agent that does tasks which name none. */
  readonly defaultAgent: string;
  /** Lower than the policy's caps; what to use is `LoadedWorkspace.limits`. */
  readonly limits: LimitOverrides;
  /** Where dependencies are installed from; undefined: the usual ones. */
  readonly registries: readonly RegistryConfig[] | undefined;
  /** How registries are reached. */
  readonly network: { readonly caFile: string | undefined; readonly proxy: string | undefined };
  readonly sandbox: {
    readonly kind: SandboxKind;
    /** What `auto` takes where there is no engine; undefined: nothing. */
    readonly fallback: "user" | undefined;
    readonly versions: VersionRules;
    /** What all containers of a night may use at one time; undefined: what the engine's machine has, but for a reserve. */
    readonly memoryBudgetBytes: number | undefined;
    /** What bounds a tree on disk, beside the watch. */
    readonly treeBound: "auto" | "loop";
  };
  readonly retention: Retention;
  /** undefined: look for the engine. */
  readonly engineHost: string | undefined;
}

export interface RepositoryConfig {
  readonly name: string;
  readonly path: string;
  readonly base: Base;
  readonly toolchain: Toolchain;
  /** undefined: nothing is installed for it. */
  readonly prepare: PrepareSettings | undefined;
  /** Each for `sh -c`, before the agent and before verify. */
  readonly build: readonly string[];
  /** At least one command, each for `sh -c`. */
  readonly verify: readonly string[];
  /** At least one, each for `sh -c`, at checkpoints. */
  readonly fullVerify: readonly string[];
  /** How the tests are run that are compared; undefined: what `verify` tells. */
  readonly tests: WrittenTests | undefined;
}

export type RegistryConfig = Omit<Registry, "credential"> & {
  /** undefined: it asks for none. `user`: whose password it is; undefined: a Bearer token. */
  readonly credential: { readonly source: CredentialSource; readonly user: string | undefined } | undefined;
};

/** Where a night starts in a repository. */
export type Base =
  | { readonly kind: "ref"; readonly ref: string }
  /** On top of the last night that nobody merged. */
  | { readonly kind: "continue" };

/** What a repository brings for its sandboxes; our parts are put on top. */
export type Toolchain =
  | { readonly kind: "standard" }
  | { readonly kind: "image"; readonly image: string }
  | { readonly kind: "dockerfile"; readonly path: string }
  | { readonly kind: "packages"; readonly packages: readonly string[] };

export type AgentConfig = CommandAgentConfig | ClientAgentConfig;

interface CommandAgentConfig {
  readonly name: string;
  readonly kind: "command";
  readonly command: readonly string[];
  /** A folder whose content is at /opt/agent in the image. */
  readonly filesDir: string | undefined;
  readonly env: Readonly<Record<string, string>>;
}

/** An agent whose client Nightwarden puts into the image, and which reaches its model through a gateway. */
export interface ClientAgentConfig {
  readonly name: string;
  readonly kind: ClientName;
  /** Of the client, exact. */
  readonly version: string;
  readonly model: string;
  /** Every model that the gateway lets pass, `model` included. */
  readonly models: readonly string[];
  readonly maxOutputTokens: number;
  readonly credentials: CredentialSource;
  readonly upstream: UpstreamConfig;
  /** One for each of `models`. */
  readonly prices: Readonly<Record<string, Price>>;
  readonly env: Readonly<Record<string, string>>;
}

export interface UpstreamConfig {
  /** `https://host[:port][/prefix]`, without a slash at the end. */
  readonly url: string;
  /** Certificates in PEM to trust in place of the well-known ones. */
  readonly caFile: string | undefined;
  /** `http://host:port`. */
  readonly proxy: string | undefined;
}

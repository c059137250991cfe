import path from "node:path";
import { clientProgram, type ClientName, type PinnedClient } from "../core/client.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import { clientPackages, type ClientPackage } from "./client-package.ts";
import type { NodeArch } from "./node-arch.ts";
import { NpmStore } from "./npm-store.ts";

/**
 * The agents' clients for sandboxes without an image, at the same exact versions: unpacked in the user's cache, and used
 * from there. Nothing of them runs when they are fetched.
 */
export class HostClients {
  private readonly store: NpmStore;
  private readonly clients: readonly PinnedClient[];

  constructor(options: {
    readonly cacheDir: string;
    readonly packageDir: string;
    /** Names of variables that npm does not get. */
    readonly withheld: readonly string[];
    readonly clients: readonly PinnedClient[];
  }) {
    this.store = new NpmStore(options);
    this.clients = options.clients;
  }

  /** Fetches what is missing. Throws `refused.image` where a client cannot be had on this machine. */
  async ensure(onProgress: (line: string) => void): Promise<void> {
    for (const wanted of this.packages()) await this.store.client(wanted, onProgress);
  }

  /** Where a client's program is, or will be when it was fetched. */
  programOf(name: ClientName): string {
    const wanted = this.packages().find(({ client }) => client.name === name);
    if (!wanted) return clientProgram(name); // no task uses it
    return path.join(this.store.clientFolder(wanted), wanted.folder, wanted.program);
  }

  private packages(): ClientPackage[] {
    return this.clients.length === 0 ? [] : clientPackages(this.clients, hostArch());
  }
}

function hostArch(): NodeArch {
  const { platform, arch } = process;
  if (platform === "linux" && (arch === "x64" || arch === "arm64")) return arch;
  throw new NightwardenError({
    code: "refused.image",
    message: `Nightwarden has no clients for ${platform} on ${arch}, and a sandbox without an image needs one that runs here`,
    hint: "Use sandbox.kind docker, or an agent of kind command with a client of your own.",
  });
}

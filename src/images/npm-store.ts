import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import { hintOfVersion, type ClientPackage } from "./client-package.ts";
import { runHostScript } from "./host-script.ts";
import { nodeArchOf } from "./node-arch.ts";

const manifest = z.looseObject({ name: z.string(), version: z.string() });

/**
 * Packages of npm's registry that go into images, unpacked once in the user's cache. The host's npm fetches them, so
 * that the user's registry, proxy and certificates are used; nothing of them runs here.
 */
export class NpmStore {
  private readonly cacheDir: string;
  private readonly script: string;
  private readonly withheld: readonly string[];

  constructor(options: {
    readonly cacheDir: string;
    readonly packageDir: string;
    /** Names of variables that npm does not get. Absent: it gets all. */
    readonly withheld?: readonly string[];
  }) {
    this.cacheDir = options.cacheDir;
    this.withheld = options.withheld ?? [];
    this.script = path.join(options.packageDir, "docker", "fetch-npm-package.sh");
  }

  /** The file of Node for the engine's processor. */
  async node(version: string, arch: string, onProgress: (line: string) => void): Promise<string> {
    const nodeArch = nodeArchOf(arch);
    // The set-up keeps this machine's own Node without a platform in the folder's name.
    const isOwn = process.platform === "linux" && process.arch === nodeArch;
    const folder = path.join(this.cacheDir, isOwn ? `node-${version}` : `node-${version}-linux-${nodeArch}`);
    const paths = ["bin/node", "LICENSE"];
    await this.fetch({ name: `node-linux-${nodeArch}@${version}`, folder, paths, onProgress });
    return path.join(folder, "bin", "node");
  }

  /** The folder of npm itself. */
  async npm(version: string, onProgress: (line: string) => void): Promise<string> {
    const folder = path.join(this.cacheDir, `npm-${version}`);
    await this.fetch({ name: `npm@${version}`, folder, onProgress });
    return folder;
  }

  /** The folder of a client's package. Throws where the registry gave another version than the one asked for. */
  async client(wanted: ClientPackage, onProgress: (line: string) => void): Promise<string> {
    const { name, version } = wanted;
    const folder = this.clientFolder(wanted);
    const hint = hintOfVersion(wanted.client.name);
    await this.fetch({ name: `${name}@${version}`, folder, onProgress, hint });
    const found = manifest.parse(JSON.parse(await readFile(path.join(folder, "package.json"), "utf8")));
    if (found.name === name && found.version === version) return folder;
    // Nobody may find it in the cache and take it for what its folder's name says.
    await rm(folder, { recursive: true, force: true });
    throw new NightwardenError({
      code: "refused.image",
      message: `${name}@${version} was asked for, and npm's registry gave ${found.name}@${found.version}`,
      hint: `See which registry this machine's npm uses (npm config get registry), and what it has for ${name}.`,
    });
  }

  /** Where a client's package is when it was fetched. */
  clientFolder({ name, version }: ClientPackage): string {
    return path.join(this.cacheDir, `${name.replace(/^@/, "").replaceAll("/", "-")}-${version}`);
  }

  private async fetch(options: {
    /** With its version. */
    readonly name: string;
    readonly folder: string;
    /** What of the package is unpacked. Absent: all of it. */
    readonly paths?: readonly string[];
    readonly onProgress: (line: string) => void;
    readonly hint?: string;
  }): Promise<void> {
    const { name, folder, paths = [], onProgress } = options;
    if (existsSync(folder)) return;
    onProgress(`fetching ${name} with npm`);
    try {
      await runHostScript({
        script: this.script,
        args: [name, folder, ...paths],
        withheld: this.withheld,
        onProgress,
      });
    } catch (error) {
      throw new NightwardenError({
        code: "refused.image",
        message: `${name} could not be fetched: ${messageOf(error)}`,
        hint: options.hint ?? `See what "npm view ${name}" says on this machine.`,
        cause: error,
      });
    }
  }
}

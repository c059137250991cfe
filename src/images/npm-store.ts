import { existsSync } from "node:fs";
import path from "node:path";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import { runHostScript } from "./host-script.ts";

/** Node's own name for a processor, by Docker's. */
const NODE_ARCH: Readonly<Record<string, string>> = { amd64: "x64", arm64: "arm64" };

/**
 * Packages of npm's registry that go into images, unpacked once in the user's cache. The host's npm fetches them, so
 * that the user's registry, proxy and certificates are used; nothing of them runs here.
 */
export class NpmStore {
  private readonly cacheDir: string;
  private readonly script: string;

  constructor(options: { readonly cacheDir: string; readonly packageDir: string }) {
    this.cacheDir = options.cacheDir;
    this.script = path.join(options.packageDir, "docker", "fetch-npm-package.sh");
  }

  /** The file of Node for the engine's processor. */
  async node(version: string, arch: string, onProgress: (line: string) => void): Promise<string> {
    const nodeArch = NODE_ARCH[arch];
    if (!nodeArch) {
      throw new NightwardenError({
        code: "refused.image",
        message: `the engine runs on ${arch}: Nightwarden has images for ${Object.keys(NODE_ARCH).join(" and ")}`,
        hint: "Use an engine on one of these.",
      });
    }
    // The set-up keeps this machine's own Node without a platform in the folder's name.
    const isOwn = process.platform === "linux" && process.arch === nodeArch;
    const folder = path.join(this.cacheDir, isOwn ? `node-${version}` : `node-${version}-linux-${nodeArch}`);
    await this.fetch(`node-linux-${nodeArch}@${version}`, folder, ["bin/node", "LICENSE"], onProgress);
    return path.join(folder, "bin", "node");
  }

  /** The folder of npm itself. */
  async npm(version: string, onProgress: (line: string) => void): Promise<string> {
    const folder = path.join(this.cacheDir, `npm-${version}`);
    await this.fetch(`npm@${version}`, folder, [], onProgress);
    return folder;
  }

  private async fetch(
    name: string,
    folder: string,
    paths: readonly string[],
    onProgress: (line: string) => void,
  ): Promise<void> {
    if (existsSync(folder)) return;
    onProgress(`fetching ${name} with npm`);
    try {
      await runHostScript({ script: this.script, args: [name, folder, ...paths], onProgress });
    } catch (error) {
      throw new NightwardenError({
        code: "refused.image",
        message: `${name} could not be fetched: ${messageOf(error)}`,
        hint: `See what "npm view ${name}" says on this machine.`,
        cause: error,
      });
    }
  }
}

import { createHash } from "node:crypto";
import { readFile, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Images, ReadyImage } from "../../contracts/images.ts";
import { canonicalJson } from "../../core/canonical-json.ts";
import { hostPath } from "./host-program.ts";

/** What every sandbox uses, whatever its commands are. */
const ALWAYS = ["git", "node", "sh"];

/**
 * What takes an image's place where there is none: the programs of this machine. Its id stands for what is known of
 * them, so that a result of yesterday's tools is not taken for one of today's. It does not pin them.
 */
export class HostToolchain implements Images {
  private readonly programs: readonly string[];
  private readonly ensureClients: (onProgress: (line: string) => void) => Promise<void>;

  constructor(options: {
    /** Names of programs that verify commands and agents start. */
    readonly programs: readonly string[];
    /** Fetches what agents need beside the machine's own programs. */
    readonly ensureClients: (onProgress: (line: string) => void) => Promise<void>;
  }) {
    this.programs = options.programs;
    this.ensureClients = options.ensureClients;
  }

  /** The same for every repository. */
  async ensure(_: string, onProgress: (line: string) => void): Promise<ReadyImage> {
    await this.ensureClients(onProgress);
    const system = await systemName();
    const names = [...new Set([...ALWAYS, ...this.programs])].toSorted();
    const programs = await Promise.all(names.map(async (name) => [name, await fingerprint(name)]));
    const { platform, arch, version: node } = process;
    const known = { platform, arch, node, system, path: hostPath(), programs };
    const id = `sha256:${createHash("sha256").update(canonicalJson(known)).digest("hex")}`;
    return { id, base: `the programs of this machine (${system})`, built: false };
  }
}

/** Where a program is, and what changes when it does; null: it is not there. */
async function fingerprint(program: string): Promise<string | null> {
  for (const folder of hostPath().split(":")) {
    try {
      const file = await realpath(join(folder, program));
      const { size, mtimeMs } = await stat(file);
      return `${file} ${size} ${mtimeMs}`;
    } catch {
      continue; // it is not in this folder
    }
  }
  return null;
}

async function systemName(): Promise<string> {
  const release = await readFile("/etc/os-release", "utf8").catch(() => "");
  return /^PRETTY_NAME="?([^"\n]+)"?$/m.exec(release)?.[1] ?? process.platform;
}

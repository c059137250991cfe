import { createHash } from "node:crypto";
import type { Images, ReadyImage } from "../../contracts/images.ts";
import { canonicalJson } from "../../core/canonical-json.ts";
import { NightwardenError } from "../../core/nightwarden-error.ts";
import type { AgentFile, Launcher } from "./launcher.ts";

/**
 * What takes an image's place where there is no engine: the programs of the host itself. An id stands for what is known
 * of them, so that a result of another system is not taken for one of this. It does not pin them: see
 * docs/containment.md.
 */
export class HostImages implements Images {
  private readonly launcher: Launcher;
  private readonly owner: string;
  private readonly toolchain: Images;
  private readonly readAgentFiles: () => Promise<readonly AgentFile[]>;
  /** The kept files by image; null: the agents bring none. */
  private readonly files = new Map<string, string | null>();
  private ready: Promise<ReadyImage> | undefined;

  constructor(options: {
    readonly launcher: Launcher;
    readonly workspace: string;
    /** What is known of the host's programs. */
    readonly toolchain: Images;
    /** What agents bring along, for /opt/agent. */
    readonly readAgentFiles: () => Promise<readonly AgentFile[]>;
  }) {
    this.launcher = options.launcher;
    this.owner = options.workspace;
    this.toolchain = options.toolchain;
    this.readAgentFiles = options.readAgentFiles;
  }

  /** The same for every repository. */
  async ensure(repository: string, onProgress: (line: string) => void): Promise<ReadyImage> {
    this.ready ??= this.make(repository, onProgress);
    return await this.ready.catch((error: unknown) => {
      this.ready = undefined;
      throw error;
    });
  }

  /** The kept files that belong to an image of ours. */
  filesOf(image: string): string | null {
    const files = this.files.get(image);
    if (files !== undefined) return files;
    throw new NightwardenError({
      code: "refused.sandbox",
      message: `there is no image ${image} here: this sandbox has the host's own programs`,
      hint: "Use sandbox.kind: docker for images.",
    });
  }

  private async make(repository: string, onProgress: (line: string) => void): Promise<ReadyImage> {
    const [host, agentFiles] = await Promise.all([
      this.toolchain.ensure(repository, onProgress),
      this.readAgentFiles(),
    ]);
    const files = agentFiles.length === 0 ? null : await this.launcher.keepFiles(this.owner, agentFiles);
    const id = `sha256:${createHash("sha256")
      .update(canonicalJson({ user: 1, host: host.id, files }))
      .digest("hex")}`;
    this.files.set(id, files);
    return { id, base: host.base, built: false };
  }
}

import type Docker from "dockerode";
import type { AttemptRef } from "../../core/attempt.ts";
import { NightwardenError, messageOf } from "../../core/nightwarden-error.ts";
import type { Dependencies, OpenSet, SetFile } from "../../contracts/dependencies.ts";
import type { CollectorTrees } from "../collector-trees.ts";
import type { StandingSets } from "../unfinished-sets.ts";
import { LABEL_DEPENDENCIES } from "./container-spec.ts";
import type { DockerTrees } from "./docker-trees.ts";
import { isGone } from "./engine-container.ts";
import { removeVolume } from "./sweep.ts";

/** Sets of dependencies as engine volumes that outlive their night. */
export class DockerDependencies implements Dependencies {
  private readonly docker: Docker;
  private readonly trees: DockerTrees;
  private readonly workspace: string;

  constructor(options: { docker: Docker; trees: DockerTrees; workspace: string }) {
    this.docker = options.docker;
    this.trees = options.trees;
    this.workspace = options.workspace;
  }

  async open(options: { readonly attempt: AttemptRef; readonly slot: number }): Promise<OpenSet> {
    const { volume, trees } = await this.trees.openSet(options);
    return new DockerSet({ docker: this.docker, volume, trees });
  }

  async has(id: string): Promise<boolean> {
    try {
      const { Labels } = await this.docker.getVolume(id).inspect();
      return (Labels as Record<string, string> | null)?.[LABEL_DEPENDENCIES] === this.workspace;
    } catch (error) {
      if (isGone(error)) return false;
      const message = `the engine cannot say whether a set of dependencies is there: ${messageOf(error)}`;
      throw new NightwardenError({ code: "infra.engine", message, cause: error });
    }
  }

  async remove(id: string): Promise<void> {
    if (await this.has(id)) await removeVolume(this.docker, id);
  }

  async keep(ids: readonly string[]): Promise<void> {
    const { list, remove } = dockerSets(this.docker, this.workspace);
    for (const id of await list()) if (!ids.includes(id)) await remove(id);
  }
}

/** The volumes that bear the mark of a workspace's sets. */
export function dockerSets(docker: Docker, workspace: string): StandingSets {
  const filters = { label: [`${LABEL_DEPENDENCIES}=${workspace}`] };
  return {
    kind: "volume",
    list: async () => {
      try {
        return ((await docker.listVolumes({ filters })).Volumes ?? []).map(({ Name }) => Name);
      } catch (error) {
        const message = `the engine cannot say which sets of dependencies are there: ${messageOf(error)}`;
        throw new NightwardenError({ code: "infra.engine", message, cause: error });
      }
    },
    remove: async (id) => await removeVolume(docker, id),
  };
}

class DockerSet implements OpenSet {
  readonly id: string;
  readonly trees: CollectorTrees;
  private readonly docker: Docker;
  private isSettled = false;

  constructor(options: { docker: Docker; volume: string; trees: CollectorTrees }) {
    this.id = options.volume;
    this.trees = options.trees;
    this.docker = options.docker;
  }

  async put(files: readonly SetFile[]): Promise<void> {
    await this.trees.put("dependencies", files);
  }

  async read(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
    return await this.trees.read("dependencies", path, maxBytes);
  }

  async settle(remove: readonly string[]): Promise<{ inodes: number; bytes: number }> {
    const size = await this.trees.settle("dependencies", remove);
    this.isSettled = true;
    return size;
  }

  async close(): Promise<void> {
    await this.trees.close();
    if (!this.isSettled) await removeVolume(this.docker, this.id);
  }
}

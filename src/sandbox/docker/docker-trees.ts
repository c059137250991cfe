import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import type { AttemptRef } from "../../core/attempt.ts";
import type { TreeName } from "../../core/collector-protocol.ts";
import { messageOf, NightwardenError } from "../../core/nightwarden-error.ts";
import { slotUser, TREES_PATH } from "../../core/sandbox-layout.ts";
import type { OpenTrees, Trees } from "../../contracts/trees.ts";
import { CollectorTrees } from "../collector-trees.ts";
import {
  collectorSpec,
  LABEL_ATTEMPT,
  LABEL_DEPENDENCIES,
  LABEL_ROLE,
  LABEL_WORKSPACE,
} from "./container-spec.ts";
import { EngineContainer } from "./engine-container.ts";
import { removeVolume } from "./sweep.ts";
import { WATCH_ONLY, type TreeBound } from "./tree-bound.ts";

const TREE_NAMES = ["agent", "verify"] as const;

/** Trees as engine volumes, with one collector for the trees of an attempt. */
export class DockerTrees implements Trees {
  private readonly docker: Docker;
  private readonly image: string;
  private readonly workspace: string;
  private readonly volumes = new WeakMap<OpenTrees, Readonly<Partial<Record<TreeName, string>>>>();

  private readonly bound: TreeBound;

  /** `bound`: what makes a volume no larger than a tree may be; absent: the watch alone. */
  constructor(options: { docker: Docker; collectorImage: string; workspace: string; bound?: TreeBound }) {
    this.bound = options.bound ?? WATCH_ONLY;
    this.docker = options.docker;
    this.image = options.collectorImage;
    this.workspace = options.workspace;
  }

  async open(options: Parameters<Trees["open"]>[0]): Promise<OpenTrees> {
    const { dependencies } = options;
    const { attempt } = options.attempt;
    const labels = { [LABEL_WORKSPACE]: this.workspace, [LABEL_ATTEMPT]: attempt };
    const suffix = `${attempt}-${options.attempt.token.slice(0, 8)}-${randomBytes(3).toString("hex")}`;
    const volumeName = (tree: (typeof TREE_NAMES)[number]): string => `nightwarden-tree-${tree}-${suffix}`;
    const names = { agent: volumeName("agent"), verify: volumeName("verify") };
    try {
      await Promise.all(
        TREE_NAMES.map(async (tree) => {
          await this.docker.createVolume({
            Name: names[tree],
            Driver: "local",
            DriverOpts: options.bound ? await this.bound.driverOptions(names[tree], options.bound) : {},
            Labels: { ...labels, [LABEL_ROLE]: tree },
          });
        }),
      );
      const spec = collectorSpec({
        name: `nightwarden-collector-${suffix}`,
        image: this.image,
        labels: { ...labels, [LABEL_ROLE]: "collector" },
        trees: TREE_NAMES.map((tree) => ({ volume: names[tree], path: `${TREES_PATH}/${tree}` })),
        dependencies: dependencies?.id,
      });
      // Not waited for: a sandbox can start on the volumes meanwhile.
      const collector = EngineContainer.start(this.docker, spec);
      collector.catch(() => undefined);
      const open = new CollectorTrees({
        collector,
        user: slotUser(options.slot),
        ...(dependencies ? { dependencies } : {}),
        release: async () => await this.removeVolumes(Object.values(names)),
      });
      this.volumes.set(open, names);
      return open;
    } catch (error) {
      await this.removeVolumes(Object.values(names));
      if (error instanceof NightwardenError) throw error;
      const message = `the engine could not make the volumes of an attempt: ${messageOf(error)}`;
      throw new NightwardenError({ code: "infra.engine", message, cause: error });
    }
  }

  /** The volume that holds a tree: for the sandboxes of the same engine. */
  volumeOf(trees: OpenTrees, tree: TreeName): string {
    const name = this.volumes.get(trees)?.[tree];
    if (name === undefined) throw new TypeError("these trees were opened by another back end");
    return name;
  }

  /** Makes the empty volume of a set of dependencies, and its collector. */
  async openSet({ attempt, slot }: { readonly attempt: AttemptRef; readonly slot: number }): Promise<{
    readonly volume: string;
    readonly trees: CollectorTrees;
  }> {
    const volume = `nightwarden-dependencies-${randomBytes(12).toString("hex")}`;
    const labels = { [LABEL_ATTEMPT]: attempt.attempt, [LABEL_ROLE]: "prepare" };
    try {
      await this.docker.createVolume({
        Name: volume,
        Driver: "local",
        Labels: { ...labels, [LABEL_DEPENDENCIES]: this.workspace },
      });
    } catch (error) {
      const message = `the engine could not make the volume of a set of dependencies: ${messageOf(error)}`;
      throw new NightwardenError({ code: "infra.engine", message, cause: error });
    }
    const spec = collectorSpec({
      name: `nightwarden-collector-${attempt.attempt}-${randomBytes(6).toString("hex")}`,
      image: this.image,
      labels: { ...labels, [LABEL_WORKSPACE]: this.workspace, [LABEL_ROLE]: "collector" },
      trees: [{ volume, path: `${TREES_PATH}/dependencies` }],
    });
    const collector = EngineContainer.start(this.docker, spec);
    collector.catch(() => undefined);
    const trees = new CollectorTrees({ collector, user: slotUser(slot), release: async () => undefined });
    this.volumes.set(trees, { dependencies: volume });
    return { volume, trees };
  }

  private async removeVolumes(names: readonly string[]): Promise<void> {
    await Promise.all(
      names.map(async (name) => {
        await removeVolume(this.docker, name);
        await this.bound.release(name);
      }),
    );
  }
}

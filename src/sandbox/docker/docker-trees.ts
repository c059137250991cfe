import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import type { AttemptRef } from "../../core/attempt.ts";
import type { TreeName } from "../../core/collector-protocol.ts";
import { messageOf, NightwardenError } from "../../core/nightwarden-error.ts";
import { slotUser, TREES_PATH } from "../../core/sandbox-layout.ts";
import type { OpenTrees, Trees } from "../../contracts/trees.ts";
import { CollectorTrees } from "../collector-trees.ts";
import { collectorSpec, LABEL_ATTEMPT, LABEL_ROLE, LABEL_WORKSPACE } from "./container-spec.ts";
import { EngineContainer } from "./engine-container.ts";
import { removeVolume } from "./sweep.ts";

const TREE_NAMES: readonly TreeName[] = ["agent", "verify"];

/** Trees as engine volumes, with one collector for the trees of an attempt. */
export class DockerTrees implements Trees {
  private readonly docker: Docker;
  private readonly image: string;
  private readonly workspace: string;
  private readonly volumes = new WeakMap<OpenTrees, Readonly<Record<TreeName, string>>>();

  constructor(options: { docker: Docker; collectorImage: string; workspace: string }) {
    this.docker = options.docker;
    this.image = options.collectorImage;
    this.workspace = options.workspace;
  }

  async open(options: { readonly attempt: AttemptRef; readonly slot: number }): Promise<OpenTrees> {
    const { attempt } = options.attempt;
    const labels = { [LABEL_WORKSPACE]: this.workspace, [LABEL_ATTEMPT]: attempt };
    const suffix = `${attempt}-${options.attempt.token.slice(0, 8)}-${randomBytes(3).toString("hex")}`;
    const volumeName = (tree: TreeName): string => `nightwarden-tree-${tree}-${suffix}`;
    const names = { agent: volumeName("agent"), verify: volumeName("verify") };
    try {
      await Promise.all(
        TREE_NAMES.map(async (tree) => {
          await this.docker.createVolume({
            Name: names[tree],
            Driver: "local",
            Labels: { ...labels, [LABEL_ROLE]: tree },
          });
        }),
      );
      const spec = collectorSpec({
        name: `nightwarden-collector-${suffix}`,
        image: this.image,
        labels: { ...labels, [LABEL_ROLE]: "collector" },
        trees: TREE_NAMES.map((tree) => ({ volume: names[tree], path: `${TREES_PATH}/${tree}` })),
      });
      // Not waited for: a sandbox can start on the volumes meanwhile.
      const collector = EngineContainer.start(this.docker, spec);
      collector.catch(() => undefined);
      const open = new CollectorTrees({
        collector,
        user: slotUser(options.slot),
        release: async () => await removeVolumes(this.docker, Object.values(names)),
      });
      this.volumes.set(open, names);
      return open;
    } catch (error) {
      await removeVolumes(this.docker, Object.values(names));
      if (error instanceof NightwardenError) throw error;
      const message = `the engine could not make the volumes of an attempt: ${messageOf(error)}`;
      throw new NightwardenError({ code: "infra.engine", message, cause: error });
    }
  }

  /** The volume that holds a tree: for the sandboxes of the same engine. */
  volumeOf(trees: OpenTrees, tree: TreeName): string {
    const names = this.volumes.get(trees);
    if (!names) throw new TypeError("these trees were opened by another back end");
    return names[tree];
  }
}

async function removeVolumes(docker: Docker, names: readonly string[]): Promise<void> {
  await Promise.all(names.map(async (name) => await removeVolume(docker, name)));
}

import type { EngineParts } from "./engine.ts";
import { clock } from "./workspace.ts";
import { DockerDependencies } from "../sandbox/docker/docker-dependencies.ts";
import { DockerGateways } from "../sandbox/docker/docker-gateways.ts";
import { DockerSandboxes } from "../sandbox/docker/docker-sandbox.ts";
import { DockerTrees } from "../sandbox/docker/docker-trees.ts";

/** Everything that runs in containers, on one engine and under one label. */
export interface SandboxParts {
  readonly trees: DockerTrees;
  readonly gateways: DockerGateways;
  readonly sandboxes: DockerSandboxes;
  readonly dependencies: DockerDependencies;
}

export async function openSandboxes(options: {
  readonly parts: EngineParts;
  /** Labels all of it. */
  readonly workspace: string;
  readonly onProgress: (line: string) => void;
}): Promise<SandboxParts> {
  const { workspace } = options;
  const { docker } = options.parts.engine;
  const ownImage = await options.parts.images.ensureCollector(options.onProgress);
  const trees = new DockerTrees({ docker, collectorImage: ownImage.id, workspace });
  const gateways = new DockerGateways({ docker, image: ownImage.id, workspace });
  return {
    trees,
    gateways,
    sandboxes: new DockerSandboxes({ docker, trees, gateways, clock, workspace }),
    dependencies: new DockerDependencies({ docker, trees, workspace }),
  };
}

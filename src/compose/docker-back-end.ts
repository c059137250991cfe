import type { LoadedWorkspace } from "../config/load-config.ts";
import type { Registries } from "../contracts/registry.ts";
import { clientProgram } from "../core/client.ts";
import { DockerDependencies, dockerSets } from "../sandbox/docker/docker-dependencies.ts";
import { DockerGateways } from "../sandbox/docker/docker-gateways.ts";
import { DockerResidue } from "../sandbox/docker/docker-residue.ts";
import { DockerSandboxes } from "../sandbox/docker/docker-sandbox.ts";
import { DockerTrees } from "../sandbox/docker/docker-trees.ts";
import { ownersOf, sweep } from "../sandbox/docker/sweep.ts";
import type { BackEnd } from "./back-end.ts";
import { deadOwners } from "./check-owners.ts";
import { buildPrefix, openEngine } from "./engine.ts";
import { findTreeBound } from "./tree-bound.ts";
import { clock } from "./workspace.ts";

/** Containers on an engine. Rejects where there is none. */
export async function openDocker(workspace: LoadedWorkspace): Promise<BackEnd> {
  const { engine, images } = await openEngine(workspace);
  const { docker } = engine;
  const { workspaceDir } = workspace.config;
  const owners = async (prefix: string): Promise<string[]> => await ownersOf(docker, prefix);
  return {
    isolation: "docker",
    engine,
    images,
    missingProgram: {
      where: "in the image",
      hint: "add it: packages, dockerfile or image in nightwarden.yaml",
    },
    ensureOwnImage: async (onProgress) => await images.ensureCollector(onProgress),
    clientProgram,
    open: async ({ owner, onProgress }) => {
      const ownImage = await images.ensureCollector(onProgress);
      const bound = await findTreeBound({ engine, owner, config: workspace.config });
      const trees = new DockerTrees({ docker, collectorImage: ownImage.id, workspace: owner, bound });
      const gateways = new DockerGateways({ docker, image: ownImage.id, workspace: owner });
      const sandboxes = new DockerSandboxes({ docker, trees, gateways, clock, workspace: owner });
      const dependencies = new DockerDependencies({ docker, trees, workspace: owner });
      const registries: Registries = { open: async (request) => await gateways.openRegistry(request) };
      return {
        trees,
        gateways,
        sandboxes,
        installation: { dependencies, registries },
        treeBound: bound.words,
      };
    },
    residue: (owner) =>
      new DockerResidue({
        docker,
        workspace: owner,
        buildPrefix: buildPrefix(workspaceDir),
        otherOwners: async () => await deadOwners(workspaceDir, owners),
      }),
    sets: (owner) => dockerSets(docker, owner),
    ownersOf: owners,
    sweep: async (left) => void (await sweep(docker, { owners: left })),
    probe: async () => void (await docker.ping()),
  };
}

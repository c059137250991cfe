import type Docker from "dockerode";
import { LABEL_WORKSPACE } from "./container-spec.ts";
import { removeContainer } from "./engine-container.ts";

export interface Swept {
  readonly containers: number;
  readonly volumes: number;
}

/**
 * Removes every container and volume with the workspace's label. Only for the holder of the workspace's lock, while
 * nothing of its own runs: then whatever bears the label was left by a crash. What others made is never looked at.
 */
export async function sweep(docker: Docker, workspace: string): Promise<Swept> {
  const filters = { label: [`${LABEL_WORKSPACE}=${workspace}`] };
  const containers = await docker.listContainers({ all: true, filters });
  await Promise.all(containers.map(async ({ Id }) => await removeContainer(docker, Id)));
  const { Volumes } = await docker.listVolumes({ filters });
  const volumes = Volumes ?? [];
  await Promise.all(volumes.map(async ({ Name }) => await docker.getVolume(Name).remove()));
  return { containers: containers.length, volumes: volumes.length };
}

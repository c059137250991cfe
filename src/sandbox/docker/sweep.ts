import type Docker from "dockerode";
import { LABEL_WORKSPACE } from "./container-spec.ts";
import { isGone, removeContainer } from "./engine-container.ts";

export interface Swept {
  readonly containers: number;
  readonly volumes: number;
  readonly networks: number;
}

/**
 * Removes every container, volume and network with the label of one of `owners`, of which nothing may run. What others
 * made is never looked at. One that cannot be removed does not keep the others: the first error is thrown at the end.
 */
export async function sweep(
  docker: Docker,
  { owners }: { readonly owners: readonly string[] },
): Promise<Swept> {
  const byLabel = owners.map((owner) => ({ label: [`${LABEL_WORKSPACE}=${owner}`] }));
  const found = await Promise.all(
    byLabel.map(async (filters) => await docker.listContainers({ all: true, filters })),
  );
  const containers = found.flat();
  const gone = await Promise.allSettled(containers.map(async ({ Id }) => await removeContainer(docker, Id)));
  const listed = await Promise.all(byLabel.map(async (filters) => await docker.listVolumes({ filters })));
  const volumes = listed.flatMap(({ Volumes }) => Volumes ?? []);
  const freed = await Promise.allSettled(volumes.map(async ({ Name }) => await removeVolume(docker, Name)));
  const networks = (
    await Promise.all(byLabel.map(async (filters) => await docker.listNetworks({ filters })))
  ).flat();
  const cut = await Promise.allSettled(networks.map(async ({ Id }) => await removeNetwork(docker, Id)));
  for (const each of [...gone, ...freed, ...cut]) if (each.status === "rejected") throw each.reason;
  return { containers: containers.length, volumes: volumes.length, networks: networks.length };
}

/** The owners, by their labels, of everything on the engine whose owner begins with `prefix`. */
export async function ownersOf(docker: Docker, prefix: string): Promise<string[]> {
  const filters = { label: [LABEL_WORKSPACE] };
  const [containers, { Volumes }, networks] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listVolumes({ filters }),
    docker.listNetworks({ filters }),
  ]);
  const owners = [...containers, ...(Volumes ?? []), ...networks].map(
    (each) => each.Labels?.[LABEL_WORKSPACE] ?? "",
  );
  return [...new Set(owners)].filter((owner) => owner.startsWith(prefix));
}

/** Removes a network, by name or id. One that is gone already is fine. */
export async function removeNetwork(docker: Docker, id: string): Promise<void> {
  try {
    await docker.getNetwork(id).remove();
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** Removes a volume. One that is gone already is fine. */
export async function removeVolume(docker: Docker, name: string): Promise<void> {
  try {
    await docker.getVolume(name).remove();
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

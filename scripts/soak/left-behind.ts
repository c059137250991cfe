import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type Docker from "dockerode";
import type { NightState } from "../../src/core/night-state.ts";
import { LABEL_WORKSPACE } from "../../src/sandbox/docker/container-spec.ts";
import { hostTraces } from "../../src/sandbox/user/host-traces.ts";

/** What of a workspace's stands on an engine: everything there is asked for by the label. */
export async function leftInDocker(docker: Docker, workspace: string): Promise<string[]> {
  const filters = { label: [`${LABEL_WORKSPACE}=${workspace}`] };
  const containers = await docker.listContainers({ all: true, filters });
  const { Volumes } = await docker.listVolumes({ filters });
  const networks = await docker.listNetworks({ filters });
  return [
    ...containers.map(({ Names }) => `left behind: container ${Names.join()}`),
    ...(Volumes ?? []).map(({ Name }) => `left behind: volume ${Name}`),
    ...networks.map(({ Name }) => `left behind: network ${Name}`),
  ];
}

/** What stands of a night as users of their own: in the launcher's folder, and what the kernel knows of its attempts. */
export function leftOfLauncher(root: string, { tasks }: Pick<NightState, "tasks">): string[] {
  const folders = ["runs", "trees"].flatMap((kind) =>
    readdirSync(join(root, kind)).map((id) => `left behind: ${kind} ${id}`),
  );
  const mounts = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((place) => place.startsWith(`${root}/`));
  const marks = [...tasks.values()].flatMap(({ attempts }) => attempts.map(({ token }) => token.slice(0, 8)));
  const isOurs = (id: string): boolean => marks.some((mark) => id.includes(mark));
  return [
    ...folders,
    ...mounts.map((place) => `left behind: mount ${place}`),
    ...hostTraces()
      .filter(({ id }) => isOurs(id))
      .map(({ kind, name, id }) => `left behind: ${kind} ${name} of ${id}`),
    ...controlGroups()
      .filter(isOurs)
      .map((id) => `left behind: control group ${id}`),
  ];
}

/** The names of all that the launcher has, in either version's hierarchies. */
function controlGroups(): string[] {
  const root = "/sys/fs/cgroup";
  return ["", ...readdirSync(root)]
    .map((name) => join(root, name, "nightwarden"))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder));
}

import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { EventData } from "../../../src/core/event.ts";
import { LABEL_WORKSPACE, sandboxSpec } from "../../../src/sandbox/docker/container-spec.ts";
import { sweep } from "../../../src/sandbox/docker/sweep.ts";
import { dockerUnderTest, type DockerUnderTest } from "../../fixtures/docker-under-test.ts";
import { runPlainContainer } from "../../fixtures/plain-container.ts";
import { TEST_LIMITS } from "../../fixtures/test-limits.ts";
import type { BackEnd, BareOptions } from "./back-end.ts";

/** A slot that no attempt of the suite has. */
const ROOT_SLOT = 9;

/** `Privileged` asks for every capability by name, and an engine in a container does not have every one. */
const MIGHTY = {
  CapAdd: [
    "SYS_ADMIN",
    "SYS_PTRACE",
    "SYS_CHROOT",
    "SYS_RAWIO",
    "SYSLOG",
    "MKNOD",
    "NET_ADMIN",
    "NET_RAW",
    "DAC_READ_SEARCH",
  ],
  SecurityOpt: ["seccomp=unconfined", "apparmor=unconfined"],
  DeviceCgroupRules: ["a *:* rwm"],
  MaskedPaths: [],
  ReadonlyPaths: [],
};

export class DockerBackEnd implements BackEnd {
  readonly name = "docker";
  readonly under: DockerUnderTest;

  constructor(under: DockerUnderTest) {
    this.under = under;
  }

  static async open(name: string): Promise<DockerBackEnd> {
    return new DockerBackEnd(await dockerUnderTest(`hostile-${name}`));
  }

  /** Removes what bears this workspace's label. */
  async sweep(): ReturnType<typeof sweep> {
    await this.under.gateways.close().catch(() => undefined);
    return await sweep(this.under.docker, { owners: [this.under.workspace] });
  }

  async asRoot(command: readonly string[]): Promise<readonly string[]> {
    const { docker, image, workspace } = this.under;
    const volume = `nightwarden-root-${randomUUID()}`;
    await docker.createVolume({ Name: volume, Labels: { [LABEL_WORKSPACE]: workspace } });
    try {
      const { HostConfig } = sandboxSpec({
        name: volume,
        image,
        labels: {},
        tree: volume,
        gateway: undefined,
        slot: ROOT_SLOT,
        limits: TEST_LIMITS,
      });
      const env = ["HOME=/home/agent", "TMPDIR=/tmp"];
      return linesOf(
        await runPlainContainer({
          docker,
          image,
          command,
          env,
          user: "0:0",
          ...(HostConfig ? { hostConfig: HostConfig } : {}),
        }),
      );
    } finally {
      await docker.getVolume(volume).remove();
    }
  }

  async bare(command: readonly string[], options: BareOptions = {}): Promise<readonly string[]> {
    const { docker, image } = this.under;
    const { user, network = "none", sees = [], env = {}, isMighty, seesProcesses, hostConfig } = options;
    const printed = await runPlainContainer({
      docker,
      image,
      command,
      ...(user === undefined ? {} : { user }),
      env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
      hostConfig: {
        NetworkMode: network,
        Binds: sees.map((path) => `${path}:${path}`),
        ...(isMighty ? MIGHTY : {}),
        ...(seesProcesses ? { PidMode: "host" } : {}),
        ...hostConfig,
      },
    });
    return linesOf(printed);
  }

  markOf({ container }: EventData<"sandbox.started">): string {
    return container;
  }

  /** By control group and by mount: visible from outside, here. */
  residue(sandboxes: readonly string[]): readonly string[] {
    const isTheirs = (text: string): boolean => sandboxes.some((id) => text.includes(id));
    const processes = readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && isTheirs(read(`/proc/${name}/cgroup`)))
      .map((pid) => `process ${pid}: ${read(`/proc/${pid}/cmdline`).replaceAll("\0", " ")}`);
    const mounts = read("/proc/self/mountinfo")
      .split("\n")
      .filter(isTheirs)
      .map((line) => `mount ${line}`);
    return [...processes, ...mounts];
  }

  async close(): Promise<void> {
    await this.under.gateways.close();
  }
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

/** Empty where it has gone in between. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

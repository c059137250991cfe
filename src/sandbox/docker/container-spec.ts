import type { ContainerCreateOptions, HostConfig } from "dockerode";
import { GATEWAY_FOLDER } from "../../core/gateway-protocol.ts";
import type { Limits } from "../../core/limits.ts";
import {
  COLLECTOR_PATH,
  DEPENDENCIES_PATH,
  GATEWAY_PATH,
  GATEWAY_UID,
  HOME_PATH,
  NODE_PATH,
  REGISTRY_PATH,
  SHIM_PATH,
  slotUser,
  TREE_PATH,
  TREES_PATH,
} from "../../core/sandbox-layout.ts";
import { SECCOMP_PROFILE } from "./seccomp-profile.ts";

/**
 * What every container of Nightwarden may do: the page for a security review. Pure: it says what to ask of the engine;
 * `compare-container.ts` checks that the engine did it, and the shim looks again from the inside.
 *
 * The reasons are in docs/containment.md, field by field.
 */

/** Labels by which the next start finds what a crash left behind. Nothing without our workspace's label is touched. */
export const LABEL_WORKSPACE = "nightwarden.workspace";
export const LABEL_ATTEMPT = "nightwarden.attempt";
export const LABEL_ROLE = "nightwarden.role";
/** On the volume of a set of dependencies, in place of the workspace's label: it outlives its night. */
export const LABEL_DEPENDENCIES = "nightwarden.dependencies";

const MIB = 1024 * 1024;
export const COLLECTOR_MEMORY_BYTES = 1024 * MIB;
export const GATEWAY_MEMORY_BYTES = 512 * MIB;
const SHM_BYTES = 64 * MIB;

/**
 * Variables with which an image could change what our own programs load. Set to nothing in the container; a job's
 * commands get an environment made from scratch anyway.
 */
const SILENCED_ENV = ["LD_LIBRARY_PATH", "LD_PRELOAD", "NODE_EXTRA_CA_CERTS", "NODE_OPTIONS", "NODE_PATH"];

export interface VolumeMount {
  readonly volume: string;
  readonly path: string;
}

/** The container in which an agent, or a verify command, runs. */
export function sandboxSpec(options: {
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly tree: string;
  /** The volume with the gateway's socket; undefined: the sandbox has no way out at all. */
  readonly gateway: string | undefined;
  readonly slot: number;
  readonly limits: Limits;
}): ContainerCreateOptions {
  const { limits } = options;
  const { uid, gid } = slotUser(options.slot);
  return {
    ...common(options),
    User: `${uid}:${gid}`,
    WorkingDir: TREE_PATH,
    // No inspector at a signal: any program of the same user could send one.
    Entrypoint: [NODE_PATH, "--disable-sigusr1", SHIM_PATH],
    HostConfig: {
      ...confinement(),
      CapAdd: [],
      Memory: limits.memory,
      MemorySwap: limits.memory, // the same: no swap
      NanoCpus: Math.round(limits.cpus * 1e9),
      PidsLimit: limits.pids,
      Ulimits: ulimits({ openFiles: limits.openFiles, fileBytes: limits.fileSize }),
      Tmpfs: {
        "/tmp": `rw,nosuid,nodev,size=${limits.tmp},nr_inodes=200k,mode=1777`,
        [HOME_PATH]: `rw,nosuid,nodev,size=${limits.tmp},nr_inodes=100k,uid=${uid},gid=${gid},mode=0700`,
      },
      Mounts: [
        volumeMount({ volume: options.tree, path: TREE_PATH }),
        // Read-only: it can connect to the socket, and neither remove nor replace it.
        ...(options.gateway === undefined
          ? []
          : [volumeMount({ volume: options.gateway, path: GATEWAY_FOLDER, isReadOnly: true })]),
      ],
    },
  };
}

/** The container of the collector: trusted code on untrusted files. */
export function collectorSpec(options: {
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly trees: readonly VolumeMount[];
  /** The volume with installed dependencies; absent: the trees get none. */
  readonly dependencies?: string | undefined;
}): ContainerCreateOptions {
  return {
    ...common(options),
    User: "0:0",
    WorkingDir: "/",
    Entrypoint: [NODE_PATH, COLLECTOR_PATH, TREES_PATH],
    HostConfig: {
      ...confinement(),
      // Give a tree to the sandbox's user; become that user to write; read what the agent closed to others.
      CapAdd: ["CHOWN", "DAC_READ_SEARCH", "SETGID", "SETUID"],
      Memory: COLLECTOR_MEMORY_BYTES,
      MemorySwap: COLLECTOR_MEMORY_BYTES,
      NanoCpus: 2e9,
      PidsLimit: 64,
      Ulimits: ulimits({ openFiles: 1024, fileBytes: 16 * 1024 * MIB }),
      Tmpfs: { "/tmp": `rw,nosuid,nodev,noexec,size=${16 * MIB},mode=1777` },
      Mounts: [
        ...options.trees.map(volumeMount),
        // Read-only: what one attempt writes is not in what the next one gets.
        ...(options.dependencies === undefined
          ? []
          : [volumeMount({ volume: options.dependencies, path: DEPENDENCIES_PATH, isReadOnly: true })]),
      ],
    },
  };
}

/**
 * The container of a gateway: to the model API, trusted code that holds the key and reads what the agent sends; or to
 * package registries, while dependencies are installed. The only containers of ours with a network.
 */
export function gatewaySpec(options: {
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly network: string;
  readonly socket: string;
  /** Which of the two. Absent: to the model API. */
  readonly program?: "gateway" | "registry";
}): ContainerCreateOptions {
  return {
    ...common(options),
    User: `${GATEWAY_UID}:${GATEWAY_UID}`,
    WorkingDir: "/",
    Entrypoint: [
      NODE_PATH,
      "--disable-sigusr1",
      options.program === "registry" ? REGISTRY_PATH : GATEWAY_PATH,
    ],
    HostConfig: {
      ...confinement(),
      NetworkMode: options.network,
      CapAdd: [],
      Sysctls: { "net.ipv4.ip_forward": "0" },
      Memory: GATEWAY_MEMORY_BYTES,
      MemorySwap: GATEWAY_MEMORY_BYTES,
      NanoCpus: 2e9,
      PidsLimit: 64,
      Ulimits: ulimits({ openFiles: 4096, fileBytes: MIB }),
      Tmpfs: {},
      Mounts: [volumeMount({ volume: options.socket, path: GATEWAY_FOLDER })],
    },
  };
}

/** The volume of a gateway's socket: in memory, for one small file, and gone with the last container that has it. */
export function gatewayVolumeOptions(): Readonly<Record<string, string>> {
  return { type: "tmpfs", device: "tmpfs", o: `size=1m,mode=0755,uid=${GATEWAY_UID},gid=${GATEWAY_UID}` };
}

/** The bridge of the gateways: out to the model API, and not to each other. */
export function gatewayNetworkOptions(): Readonly<Record<string, string>> {
  return { "com.docker.network.bridge.enable_icc": "false" };
}

function common(options: {
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
}): ContainerCreateOptions {
  return {
    name: options.name,
    Image: options.image,
    Labels: { ...options.labels },
    Cmd: [],
    Env: SILENCED_ENV.map((name) => `${name}=`),
    Tty: false,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    StopSignal: "SIGKILL",
    Healthcheck: { Test: ["NONE"] },
  };
}

/** What no container of ours has a choice about. The engine's own types do not know the last field. */
function confinement(): HostConfig & { readonly CgroupnsMode: "private" } {
  return {
    NetworkMode: "none", // only `lo`: no DNS, no gateway, no metadata service, no neighbour
    Privileged: false,
    CapDrop: ["ALL"],
    SecurityOpt: ["no-new-privileges", `seccomp=${SECCOMP_PROFILE}`], // and the engine's own AppArmor profile
    ReadonlyRootfs: true,
    Init: true, // reaps the orphans that would count against the process limit
    IpcMode: "private",
    PidMode: "",
    UTSMode: "",
    CgroupnsMode: "private",
    UsernsMode: "",
    ShmSize: SHM_BYTES,
    OomKillDisable: false,
    OomScoreAdj: 500, // when the host runs out of memory, a sandbox goes before the supervisor
    CpuShares: 512,
    Devices: [],
    GroupAdd: [],
    ExtraHosts: [],
    PortBindings: {},
    PublishAllPorts: false,
    Binds: [],
    LogConfig: { Type: "none", Config: {} },
    RestartPolicy: { Name: "no" },
    AutoRemove: false, // how it ended is evidence; removing is a step of its own
  };
}

/** No limit on processes here: the kernel counts that one by user, over all containers. `PidsLimit` is per container. */
function ulimits(options: { readonly openFiles: number; readonly fileBytes: number }): HostConfig["Ulimits"] {
  const limit = (Name: string, value: number): { Name: string; Soft: number; Hard: number } => ({
    Name,
    Soft: value,
    Hard: value,
  });
  return [
    limit("nofile", options.openFiles),
    limit("fsize", options.fileBytes),
    limit("core", 0), // a core file would hold the prompt
    limit("memlock", 64 * 1024),
  ];
}

function volumeMount(
  mount: VolumeMount & { readonly isReadOnly?: true },
): NonNullable<HostConfig["Mounts"]>[number] {
  return {
    Type: "volume",
    Source: mount.volume,
    Target: mount.path,
    ReadOnly: mount.isReadOnly === true,
    VolumeOptions: { NoCopy: true, Labels: {}, DriverConfig: { Name: "", Options: {} } },
  };
}

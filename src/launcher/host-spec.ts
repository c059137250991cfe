import { GATEWAY_FOLDER } from "../core/gateway-protocol.ts";
import type { AttemptTree } from "../core/collector-protocol.ts";
import { HOST_GATEWAY_UID, hostSlotUser } from "../core/host-users.ts";
import type { LauncherLimits, LauncherRun } from "../core/launcher-protocol.ts";
import {
  AGENT_FILES_PATH,
  COLLECTOR_PATH,
  DEPENDENCIES_PATH,
  GATEWAY_PATH,
  HOME_PATH,
  NODE_PATH,
  PROGRAMS_PATH,
  REGISTRY_PATH,
  SHIM_PATH,
  TREE_PATH,
  TREES_PATH,
} from "../core/sandbox-layout.ts";
import type { GroupLimits } from "./control-group-plan.ts";

/**
 * What every program of the OS-user back end may do: the page for a security review, and the twin of the engine's
 * `container-spec.ts`. Pure: it says with which arguments bubblewrap and the programs around it are started; the shim
 * looks from the inside whether it came out so.
 *
 * The reasons are in docs/containment.md, field by field.
 */

const MIB = 1024 * 1024;
const COLLECTOR_MEMORY_BYTES = 1024 * MIB;
const GATEWAY_MEMORY_BYTES = 512 * MIB;
const SHM_BYTES = 64 * MIB;
const OOM_SCORE = 500;

/** Of our compiled programs: those that run in an enclosure, and what they import. */
export const PROGRAM_FOLDERS = ["collector", "core", "egress", "gateway", "registry", "shim"] as const;

/** What of /etc a program needs to start, to know the time and to check a certificate. No account, no secret. */
export const ETC_FILES = [
  "/etc/ld.so.cache",
  "/etc/ld.so.conf",
  "/etc/ld.so.conf.d",
  "/etc/alternatives",
  "/etc/localtime",
  "/etc/timezone",
  "/etc/protocols",
  "/etc/services",
  "/etc/mime.types",
  "/etc/ssl/certs",
  "/etc/ssl/openssl.cnf",
  "/etc/pki/tls/certs",
  "/etc/pki/ca-trust/extracted",
  "/etc/ca-certificates",
] as const;
/** What a gateway needs beside that to find the model API. */
export const NETWORK_FILES = ["/etc/resolv.conf", "/etc/hosts", "/etc/gai.conf"] as const;
/** Made first, since bubblewrap closes to others what it makes on the way to something else. */
const FOLDERS = [
  ["/etc", "/etc/ssl", "/etc/pki", "/etc/pki/tls", "/etc/pki/ca-trust"],
  [
    "/home",
    "/opt",
    "/opt/nightwarden",
    "/opt/nightwarden/bin",
    PROGRAMS_PATH,
    "/run",
    "/sys",
    "/sys/fs",
    "/sys/fs/cgroup",
  ],
  [TREES_PATH, DEPENDENCIES_PATH],
].flat();
/** Links of the root into /usr; where one is a folder of its own, it is shown. */
export const ROOT_LINKS = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"] as const;
/** What of /proc tells of the machine, or acts on it, whoever asks. */
export const MASKED_FILES = [
  "/proc/kcore",
  "/proc/keys",
  "/proc/kmsg",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/sysrq-trigger",
  "/proc/timer_list",
] as const;
export const MASKED_FOLDERS = ["/proc/acpi", "/proc/scsi"] as const;
export const READ_ONLY_PROC = ["/proc/sys", "/proc/fs", "/proc/driver"] as const;

const SANDBOX_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/nightwarden/bin";

/** What is so on this machine, looked up beforehand. */
export interface HostFacts {
  /** Each of `ROOT_LINKS` that exists; `target` null: it is a folder. */
  readonly rootLinks: readonly { readonly path: string; readonly target: string | null }[];
  /** Those of `ETC_FILES`, `NETWORK_FILES`, `MASKED_FILES` and `MASKED_FOLDERS` that exist, and of /proc. */
  readonly existing: ReadonlySet<string>;
}

/** The launcher's own paths for one run. */
export interface HostPlaces {
  readonly node: string;
  /** The folder with our compiled programs. */
  readonly programs: string;
  /** Files made for this run: who there is, and what the machine is called. */
  readonly passwd: string;
  readonly group: string;
  readonly hosts: string;
  readonly nsswitch: string;
  /** Mount points of this run's own file systems in memory. */
  readonly tmp: string;
  readonly home: string;
  /** The attempt's trees. */
  readonly trees: Readonly<Record<AttemptTree, string>> | null;
  /** The set of dependencies: to be copied from, or being made. */
  readonly set: string | null;
  /** The folder of the gateway's socket: its own, or that of the sandbox's gateway. */
  readonly socket: string | null;
  readonly files: string | null;
  /** Files in which a process joins the control group. */
  readonly joins: readonly string[];
  /** What of the control group is shown inside. */
  readonly shows: readonly { readonly from: string; readonly at: string }[];
}

/** A file system in memory. */
export interface MemoryMount {
  readonly at: string;
  readonly options: string;
}

/** Numbers of the files that bubblewrap is handed. */
export const FILTER_FD = 3;
export const INFO_FD = 4;

/** Whose the processes of a run are. The collector's are root's without nearly all of its powers, and the slot's. */
export function userOf(run: LauncherRun): number {
  if (run.role === "collector") return 0;
  return isGateway(run) ? HOST_GATEWAY_UID : hostSlotUser(run.slot).uid;
}

/** The two that have the host's network, each to lead to what its rules name. */
export function isGateway({ role }: Pick<LauncherRun, "role">): boolean {
  return role === "gateway" || role === "registry";
}

/** What the control group allows. */
export function groupLimitsOf(run: LauncherRun): GroupLimits {
  if (run.limits) return { memoryBytes: run.limits.memory, cpus: run.limits.cpus, pids: run.limits.pids };
  return {
    memoryBytes: run.role === "collector" ? COLLECTOR_MEMORY_BYTES : GATEWAY_MEMORY_BYTES,
    cpus: 2,
    pids: 64,
  };
}

/** Mounted before the start, each with a bound on bytes and on files. */
export function memoryMountsOf(run: LauncherRun, places: HostPlaces): MemoryMount[] {
  const common = "nosuid,nodev";
  if (!run.limits) {
    return run.role === "collector"
      ? [{ at: places.tmp, options: `${common},noexec,size=${16 * MIB},nr_inodes=10k,mode=1777` }]
      : [];
  }
  const { uid, gid } = hostSlotUser(run.slot);
  return [
    { at: places.tmp, options: `${common},size=${run.limits.tmp},nr_inodes=200k,mode=1777` },
    {
      at: places.home,
      options: `${common},size=${run.limits.tmp},nr_inodes=100k,uid=${uid},gid=${gid},mode=0700`,
    },
  ];
}

/**
 * Takes the control group's files up to `--`, joins each, and becomes the rest. A program that has not joined never
 * starts. It is the only script here, and none of its words comes from a request.
 */
const ENTER = [
  "set -e",
  `echo ${OOM_SCORE} >/proc/self/oom_score_adj`,
  'while [ "$1" != -- ]; do echo $$ >"$1"; shift; done',
  "shift",
  'exec "$@"',
].join("\n");

/** The whole command line, from the first program to the last. Run as root, with an environment of PATH alone. */
export function hostCommand(run: LauncherRun, places: HostPlaces, facts: HostFacts): string[] {
  return [
    // The launcher's death ends bubblewrap also before bubblewrap sees to that by itself.
    ["setpriv", "--pdeathsig", "KILL", "--"],
    ["sh", "-c", ENTER, "enter", ...places.joins, "--"],
    ["prlimit", ...resourceLimits(run), "--"],
    ["bwrap", ...enclosure(run, places, facts), "--"],
    ...program(run),
  ].flat();
}

/** No limit on processes here: the kernel counts that one by user. The control group's is per sandbox. */
function resourceLimits(run: LauncherRun): string[] {
  const { openFiles, fileSize } = fileLimitsOf(run);
  return [`--nofile=${openFiles}`, `--fsize=${fileSize}`, "--core=0", `--memlock=${64 * 1024}`];
}

function fileLimitsOf(run: LauncherRun): Pick<LauncherLimits, "openFiles" | "fileSize"> {
  if (run.limits) return run.limits;
  return run.role === "collector"
    ? { openFiles: 1024, fileSize: 16 * 1024 * MIB }
    : { openFiles: 4096, fileSize: MIB };
}

function enclosure(run: LauncherRun, places: HostPlaces, facts: HostFacts): string[] {
  const hasNetwork = isGateway(run);
  return [
    // Name spaces of its own. As root and without one for users: root outside is nobody's business inside.
    ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup", "--hostname", "nightwarden"],
    ...(hasNetwork ? [] : ["--unshare-net"]), // only `lo`: no DNS, no metadata service, no neighbour, no host
    "--die-with-parent",
    "--new-session",
    ["--seccomp", String(FILTER_FD), "--info-fd", String(INFO_FD)],
    ...(run.role === "collector" ? COLLECTOR_CAPABILITIES : []),
    ...root(places, facts, hasNetwork),
    ...own(run, places),
    // Last: what was put in place cannot be changed any more.
    ["--remount-ro", "/dev", "--remount-ro", "/"],
    ["--clearenv", "--setenv", "PATH", SANDBOX_PATH],
    ["--chdir", run.limits ? TREE_PATH : "/"],
  ].flat();
}

/** Give a tree to the sandbox's user; become that user to write; read what the agent closed to others. */
const COLLECTOR_CAPABILITIES = [
  "--cap-drop",
  "ALL",
  ...["CHOWN", "DAC_READ_SEARCH", "SETGID", "SETUID"].flatMap((name) => ["--cap-add", `CAP_${name}`]),
];

/** The root file system: programs of the host, to read and to run, and of its settings only what they need to start. */
function root(places: HostPlaces, facts: HostFacts, hasNetwork: boolean): string[] {
  const { existing } = facts;
  const readOnly = (from: string, at: string): string[] => ["--ro-bind", from, at];
  const settings: readonly string[] = hasNetwork ? [...ETC_FILES, ...NETWORK_FILES] : ETC_FILES;
  return [
    ...FOLDERS.flatMap((path) => ["--perms", "0755", "--dir", path]),
    ...readOnly("/usr", "/usr"),
    ...facts.rootLinks.flatMap(({ path, target }) =>
      target === null ? readOnly(path, path) : ["--symlink", target, path],
    ),
    ...settings.filter((path) => existing.has(path)).flatMap((path) => readOnly(path, path)),
    ...readOnly(places.passwd, "/etc/passwd"),
    ...readOnly(places.group, "/etc/group"),
    ...readOnly(places.nsswitch, "/etc/nsswitch.conf"),
    ...(hasNetwork ? [] : readOnly(places.hosts, "/etc/hosts")),
    ["--proc", "/proc"],
    ...READ_ONLY_PROC.filter((path) => existing.has(path)).flatMap((path) => readOnly(path, path)),
    ...MASKED_FILES.filter((path) => existing.has(path)).flatMap((path) => readOnly("/dev/null", path)),
    ...MASKED_FOLDERS.filter((path) => existing.has(path)).flatMap((path) => [
      ["--perms", "0555", "--size", "4096", "--tmpfs", path],
      ["--remount-ro", path],
    ]),
    ["--dev", "/dev"],
    ["--perms", "1777", "--size", String(SHM_BYTES), "--tmpfs", "/dev/shm"],
    ...readOnly(places.node, NODE_PATH),
    ...PROGRAM_FOLDERS.flatMap((name) => readOnly(`${places.programs}/${name}`, `${PROGRAMS_PATH}/${name}`)),
  ].flat();
}

/** What is this run's alone. */
function own(run: LauncherRun, places: HostPlaces): string[] {
  const bind = (from: string, at: string): string[] => ["--bind", from, at];
  const { trees, set } = places;
  const { tree, role } = run;
  const shows = places.shows.flatMap(({ from, at }) => ["--ro-bind", from, at]);
  switch (role) {
    case "collector":
      return [...collected(places), ...bind(places.tmp, "/tmp")];
    case "gateway":
    case "registry":
      if (places.socket === null) throw new RangeError("a gateway has a socket");
      return bind(places.socket, GATEWAY_FOLDER);
    case "agent":
    case "verify":
    case "prepare": {
      const worked = role === "prepare" ? set : trees && tree && trees[tree];
      if (worked === null) throw new RangeError("a sandbox has a tree, or a set");
      return [
        ...bind(worked, TREE_PATH),
        ...bind(places.tmp, "/tmp"),
        ...bind(places.home, HOME_PATH),
        ...(places.files === null ? [] : ["--ro-bind", places.files, AGENT_FILES_PATH]),
        // Read-only: it can connect to the socket, and neither remove nor replace it.
        ...(places.socket === null ? [] : ["--ro-bind", places.socket, GATEWAY_FOLDER]),
        ...shows,
      ];
    }
  }
}

/** What a collector fills and reads: an attempt's trees, with the set that they are given; or the set that is being made. */
function collected({ trees, set }: HostPlaces): string[] {
  if (trees) {
    return [
      ["--bind", trees.agent, `${TREES_PATH}/agent`],
      ["--bind", trees.verify, `${TREES_PATH}/verify`],
      ...(set === null ? [] : [["--ro-bind", set, DEPENDENCIES_PATH]]),
    ].flat();
  }
  if (set === null) throw new RangeError("a collector has trees, or a set");
  return ["--bind", set, `${TREES_PATH}/dependencies`];
}

/** Our program, as its user. bubblewrap stays root and the first of the process name space: its death ends all of it. */
function program(run: LauncherRun): string[] {
  // What it is told comes from whoever may start us: whose the trees are is not for them to say.
  if (run.role === "collector")
    return [
      NODE_PATH,
      PROGRAM_OF.collector,
      TREES_PATH,
      DEPENDENCIES_PATH,
      String(hostSlotUser(run.slot).uid),
    ];
  const uid = String(userOf(run));
  return [
    ["setpriv", "--reuid", uid, "--regid", uid, "--clear-groups", "--no-new-privs"],
    ["--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--"],
    // No inspector at a signal: any program of the same user could send one.
    [NODE_PATH, "--disable-sigusr1", PROGRAM_OF[run.role]],
  ].flat();
}

const PROGRAM_OF: Readonly<Record<LauncherRun["role"], string>> = {
  agent: SHIM_PATH,
  verify: SHIM_PATH,
  prepare: SHIM_PATH,
  collector: COLLECTOR_PATH,
  gateway: GATEWAY_PATH,
  registry: REGISTRY_PATH,
};

/** Who there is, for programs that ask: root, whose the root file system is, and the one that they are. */
export function passwdOf(run: LauncherRun): string {
  const uid = userOf(run);
  const home = run.limits ? HOME_PATH : "/";
  const lines = ["root:x:0:0:root:/nonexistent:/usr/sbin/nologin"];
  if (uid !== 0) lines.push(`agent:x:${uid}:${uid}:agent:${home}:/bin/sh`);
  return `${[...lines, "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin"].join("\n")}\n`;
}

export function groupOf(run: LauncherRun): string {
  const uid = userOf(run);
  return `${["root:x:0:", ...(uid === 0 ? [] : [`agent:x:${uid}:`]), "nogroup:x:65534:"].join("\n")}\n`;
}

export const HOSTS = "127.0.0.1 localhost nightwarden\n::1 localhost\n";
export const NSSWITCH = "passwd: files\ngroup: files\nhosts: files dns\n";

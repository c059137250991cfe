/**
 * Control groups, as a plan: which folders are made, what is written into them, where the kernel tells what it did. Pure;
 * `control-group.ts` carries it out. Both versions: in version 1 each controller has a hierarchy of its own.
 */

/** Where the control groups of this machine are. */
export type ControlGroupLayout =
  | {
      readonly version: 1;
      readonly memory: string;
      readonly pids: string;
      readonly cpu: string;
      /** Not everywhere; without it a kill is repeated until nothing is left. */
      readonly freezer: string | null;
    }
  | { readonly version: 2; readonly root: string };

/** Everything of Nightwarden is below one group. */
const PARENT = "nightwarden";
const PERIOD_US = 100_000;
const NEEDED = ["memory", "pids", "cpu"] as const;

export interface GroupLimits {
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly pids: number;
}

export interface GroupWrite {
  readonly file: string;
  readonly value: string;
  /** The kernel may have been built without it. */
  readonly optional?: true;
}

export interface GroupPlan {
  /** In this order; each may exist, but for those in `own`. */
  readonly folders: readonly string[];
  /** Those that are this group's alone, and are removed with it. */
  readonly own: readonly string[];
  /** In this order, when all folders are there. */
  readonly writes: readonly GroupWrite[];
  /** A process that writes its number into each of them is in the group. */
  readonly joins: readonly string[];
  /** What the sandbox sees of it, read-only. */
  readonly shows: readonly { readonly from: string; readonly at: string }[];
  /** Holds the count that `killsIn` reads. */
  readonly kills: string;
  /** What tells whether its memory ever reached `bytes`: a count of hits, and the most that there was. */
  readonly reached: { readonly hits: string; readonly peak: string | null; readonly bytes: number };
  /** Lists its processes. */
  readonly processes: string;
  /** Ends all of them at once; null: each has to be killed. */
  readonly kill: string | null;
  readonly freezer: { readonly file: string; readonly frozen: string; readonly thawed: string } | null;
}

/**
 * Reads /proc/mounts. `controllers` is what a version 2 hierarchy's `cgroup.controllers` says, by its mount point.
 * The error is for a person.
 */
export function findControlGroups(
  mounts: string,
  controllers: (root: string) => string,
): ControlGroupLayout | { readonly problem: string } {
  const entries = mounts.split("\n").map((line) => line.split(" "));
  const byController = new Map<string, string>();
  const unified: string[] = [];
  for (const [, point = "", type, options = ""] of entries) {
    if (type === "cgroup2") unified.push(point);
    if (type !== "cgroup") continue;
    for (const option of options.split(",")) if (!byController.has(option)) byController.set(option, point);
  }
  const [memory, pids, cpu] = NEEDED.map((name) => byController.get(name));
  if (memory !== undefined && pids !== undefined && cpu !== undefined)
    return { version: 1, memory, pids, cpu, freezer: byController.get("freezer") ?? null };
  for (const root of unified) {
    const present = controllers(root).trim().split(/\s+/);
    if (NEEDED.every((name) => present.includes(name))) return { version: 2, root };
  }
  const missing = NEEDED.filter((name) => !byController.has(name));
  return { problem: `no control group limits ${missing.join(", ")} on this machine` };
}

export function planGroup(layout: ControlGroupLayout, id: string, limits: GroupLimits): GroupPlan {
  return layout.version === 1 ? planVersion1(layout, id, limits) : planVersion2(layout, id, limits);
}

function planVersion1(
  layout: Extract<ControlGroupLayout, { version: 1 }>,
  id: string,
  limits: GroupLimits,
): GroupPlan {
  const { freezer } = layout;
  const points = [
    ...new Set([layout.memory, layout.pids, layout.cpu, ...(freezer === null ? [] : [freezer])]),
  ];
  const own = points.map((point) => `${point}/${PARENT}/${id}`);
  const at = (point: string): string => `${point}/${PARENT}/${id}`;
  const memory = String(limits.memoryBytes);
  return {
    folders: [...points.map((point) => `${point}/${PARENT}`), ...own],
    own,
    writes: [
      { file: `${at(layout.memory)}/memory.limit_in_bytes`, value: memory },
      // Memory and swap together: the same, so that there is no swap.
      { file: `${at(layout.memory)}/memory.memsw.limit_in_bytes`, value: memory, optional: true },
      { file: `${at(layout.pids)}/pids.max`, value: String(limits.pids) },
      { file: `${at(layout.cpu)}/cpu.cfs_period_us`, value: String(PERIOD_US) },
      { file: `${at(layout.cpu)}/cpu.cfs_quota_us`, value: String(quotaUs(limits.cpus)) },
      { file: `${at(layout.cpu)}/cpu.shares`, value: "512", optional: true },
    ],
    joins: own.map((folder) => `${folder}/cgroup.procs`),
    shows: [
      { from: at(layout.memory), at: "/sys/fs/cgroup/memory" },
      { from: at(layout.pids), at: "/sys/fs/cgroup/pids" },
      { from: at(layout.cpu), at: "/sys/fs/cgroup/cpu" },
    ],
    kills: `${at(layout.memory)}/memory.oom_control`,
    reached: {
      hits: `${at(layout.memory)}/memory.failcnt`,
      peak: `${at(layout.memory)}/memory.max_usage_in_bytes`,
      bytes: limits.memoryBytes,
    },
    processes: `${at(layout.pids)}/cgroup.procs`,
    kill: null,
    freezer:
      freezer === null ? null : { file: `${at(freezer)}/freezer.state`, frozen: "FROZEN", thawed: "THAWED" },
  };
}

function planVersion2(
  { root }: Extract<ControlGroupLayout, { version: 2 }>,
  id: string,
  limits: GroupLimits,
): GroupPlan {
  const parent = `${root}/${PARENT}`;
  const own = `${parent}/${id}`;
  const enable = "+memory +pids +cpu";
  return {
    folders: [parent, own],
    own: [own],
    writes: [
      { file: `${root}/cgroup.subtree_control`, value: enable },
      { file: `${parent}/cgroup.subtree_control`, value: enable },
      { file: `${own}/memory.max`, value: String(limits.memoryBytes) },
      { file: `${own}/memory.swap.max`, value: "0", optional: true },
      { file: `${own}/pids.max`, value: String(limits.pids) },
      { file: `${own}/cpu.max`, value: `${quotaUs(limits.cpus)} ${PERIOD_US}` },
      { file: `${own}/cpu.weight`, value: "50", optional: true },
    ],
    joins: [`${own}/cgroup.procs`],
    shows: [{ from: own, at: "/sys/fs/cgroup" }],
    kills: `${own}/memory.events`,
    reached: { hits: `${own}/memory.events`, peak: null, bytes: limits.memoryBytes },
    processes: `${own}/cgroup.procs`,
    kill: `${own}/cgroup.kill`,
    freezer: { file: `${own}/cgroup.freeze`, frozen: "1", thawed: "0" },
  };
}

/** A share of the period; the kernel takes no less than a millisecond. */
function quotaUs(cpus: number): number {
  return Math.max(1000, Math.round(cpus * PERIOD_US));
}

/** How many processes the kernel has killed for memory, from `memory.oom_control` or `memory.events`. */
export function killsIn(text: string): number {
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
}

/** The largest page that is asked for at once: where it does not fit, the limit was reached. */
const LARGEST_PAGE_BYTES = 2 * 1024 * 1024;

/**
 * Whether the group's own limit was ever reached, from `memory.failcnt` or `memory.events` and, in version 1, from the most
 * that it used: there the count stays at 0 where memory and swap together are limited too. null: nothing says it.
 */
export function limitReachedIn(text: {
  readonly hits: string;
  readonly peak: string | null;
  readonly bytes: number;
}): boolean | null {
  const count = /^max (\d+)$/m.exec(text.hits)?.[1] ?? /^(\d+)\s*$/.exec(text.hits)?.[1];
  const peak = /^(\d+)\s*$/.exec(text.peak ?? "")?.[1];
  if (Number(count ?? 0) > 0) return true;
  if (peak !== undefined) return Number(peak) > text.bytes - LARGEST_PAGE_BYTES;
  return count === undefined ? null : false;
}

import { describe, expect, it } from "vitest";
import {
  findControlGroups,
  killsIn,
  limitReachedIn,
  planGroup,
} from "../../src/launcher/control-group-plan.ts";

const LIMITS = { memoryBytes: 512 * 2 ** 20, cpus: 1.5, pids: 128 };

/** As Debian 12 with systemd and one hierarchy shows it; written by hand from the form that the kernel documents. */
const VERSION_2_MOUNTS = [
  "sysfs /sys sysfs rw,nosuid,nodev,noexec,relatime 0 0",
  "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime,nsdelegate,memory_recursiveprot 0 0",
  "",
].join("\n");
const VERSION_2_CONTROLLERS = "cpuset cpu io memory hugetlb pids rdma misc\n";
/** Written by hand: what the kernel tells of a group in which it has killed. */
const VERSION_2_EVENTS = "low 0\nhigh 0\nmax 158\noom 2\noom_kill 2\noom_group_kill 0\n";
const VERSION_1_OOM_CONTROL = "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n";
/** Written by hand: a machine where systemd joins two controllers, and has an empty second hierarchy. */
const HYBRID_MOUNTS = [
  "tmpfs /sys/fs/cgroup tmpfs ro,nosuid,nodev,noexec,size=4096k,nr_inodes=1024,mode=755 0 0",
  "cgroup2 /sys/fs/cgroup/unified cgroup2 rw,nosuid,nodev,noexec,relatime,nsdelegate 0 0",
  "cgroup /sys/fs/cgroup/systemd cgroup rw,nosuid,nodev,noexec,relatime,xattr,name=systemd 0 0",
  "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,nosuid,nodev,noexec,relatime,cpu,cpuacct 0 0",
  "cgroup /sys/fs/cgroup/memory cgroup rw,nosuid,nodev,noexec,relatime,memory 0 0",
  "cgroup /sys/fs/cgroup/pids cgroup rw,nosuid,nodev,noexec,relatime,pids 0 0",
].join("\n");

describe("control groups", () => {
  it("finds version 2 where its hierarchy has the controllers", () => {
    expect(findControlGroups(VERSION_2_MOUNTS, () => VERSION_2_CONTROLLERS)).toEqual({
      version: 2,
      root: "/sys/fs/cgroup",
    });
  });

  it("finds version 1 on a machine with both, where the second has no controllers", () => {
    expect(findControlGroups(HYBRID_MOUNTS, () => "\n")).toEqual({
      version: 1,
      memory: "/sys/fs/cgroup/memory",
      pids: "/sys/fs/cgroup/pids",
      cpu: "/sys/fs/cgroup/cpu,cpuacct",
      freezer: null,
    });
  });

  it("names what is missing where a limit cannot be set", () => {
    const none = findControlGroups("proc /proc proc rw 0 0\n", () => "");
    expect(none).toEqual({ problem: "no control group limits memory, pids, cpu on this machine" });
    expect(findControlGroups(VERSION_2_MOUNTS, () => "cpu pids\n")).toHaveProperty("problem");
  });

  it("plans every limit in version 2, without swap, and one file that ends all", () => {
    const plan = planGroup({ version: 2, root: "/sys/fs/cgroup" }, "agent-1", LIMITS);
    const own = "/sys/fs/cgroup/nightwarden/agent-1";
    expect(plan.own).toEqual([own]);
    expect(Object.fromEntries(plan.writes.map(({ file, value }) => [file, value]))).toMatchObject({
      [`${own}/memory.max`]: "536870912",
      [`${own}/memory.swap.max`]: "0",
      [`${own}/pids.max`]: "128",
      [`${own}/cpu.max`]: "150000 100000",
    });
    // Controllers have to be handed down before the group below can have limits.
    expect(plan.writes.map(({ file }) => file).slice(0, 2)).toEqual([
      "/sys/fs/cgroup/cgroup.subtree_control",
      "/sys/fs/cgroup/nightwarden/cgroup.subtree_control",
    ]);
    expect(plan).toMatchObject({
      joins: [`${own}/cgroup.procs`],
      kill: `${own}/cgroup.kill`,
      kills: `${own}/memory.events`,
      shows: [{ from: own, at: "/sys/fs/cgroup" }],
    });
  });

  it("plans the same in version 1, in each hierarchy once, with memory and swap together", () => {
    const layout = {
      version: 1,
      memory: "/c/memory",
      pids: "/c/pids",
      cpu: "/c/memory",
      freezer: "/c/freezer",
    } as const;
    const plan = planGroup(layout, "agent-1", LIMITS);
    expect(plan.own).toEqual([
      "/c/memory/nightwarden/agent-1",
      "/c/pids/nightwarden/agent-1",
      "/c/freezer/nightwarden/agent-1",
    ]);
    expect(plan.joins).toEqual(plan.own.map((folder) => `${folder}/cgroup.procs`));
    const values = Object.fromEntries(plan.writes.map(({ file, value }) => [file.split("/").at(-1), value]));
    expect(values).toMatchObject({
      "memory.limit_in_bytes": "536870912",
      "memory.memsw.limit_in_bytes": "536870912",
      "pids.max": "128",
      "cpu.cfs_quota_us": "150000",
    });
    expect(plan.kill).toBeNull();
    expect(plan.freezer).toMatchObject({ frozen: "FROZEN", thawed: "THAWED" });
  });

  it("reads the kernel's count of kills in both versions", () => {
    expect(killsIn(VERSION_2_EVENTS)).toBe(2);
    expect(killsIn(VERSION_1_OOM_CONTROL)).toBe(1);
    expect(killsIn("low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n")).toBe(0);
    expect(killsIn("oom_kill_disable 0\nunder_oom 0\n")).toBe(0);
  });

  it("reads whether a limit was reached in both versions", () => {
    const bytes = 64 * 2 ** 20;
    expect(limitReachedIn({ hits: VERSION_2_EVENTS, peak: null, bytes })).toBe(true);
    expect(limitReachedIn({ hits: "low 0\nhigh 0\nmax 0\noom 0\n", peak: null, bytes })).toBe(false);
    expect(limitReachedIn({ hits: "17\n", peak: "0\n", bytes })).toBe(true);
    // Recorded on 6.18 with a limit on memory and swap together: a kill, and no hit counted.
    expect(limitReachedIn({ hits: "0\n", peak: "67108864\n", bytes })).toBe(true);
    expect(limitReachedIn({ hits: "0\n", peak: "30000000\n", bytes })).toBe(false);
    expect(limitReachedIn({ hits: "nothing\n", peak: null, bytes })).toBeNull();
  });
});

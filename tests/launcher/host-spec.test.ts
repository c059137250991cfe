import { describe, expect, it } from "vitest";
import type { LauncherRole, LauncherRun } from "../../src/core/launcher-protocol.ts";
import {
  groupLimitsOf,
  hostCommand,
  memoryMountsOf,
  passwdOf,
  type HostFacts,
  type HostPlaces,
} from "../../src/launcher/host-spec.ts";

const FACTS: HostFacts = {
  rootLinks: [
    { path: "/bin", target: "usr/bin" },
    { path: "/lib64", target: null },
  ],
  existing: new Set(["/etc/ld.so.cache", "/etc/resolv.conf", "/proc/kcore", "/proc/sys", "/proc/scsi"]),
};
const PLACES: HostPlaces = {
  node: "/own/node",
  programs: "/own/dist",
  passwd: "/state/run/passwd",
  group: "/state/run/group",
  hosts: "/state/run/hosts",
  nsswitch: "/state/run/nsswitch.conf",
  tmp: "/state/run/tmp",
  home: "/state/run/home",
  trees: { agent: "/state/trees/agent", verify: "/state/trees/verify" },
  set: null,
  socket: "/state/gateway/socket",
  files: "/state/files",
  joins: ["/c/memory/x/cgroup.procs", "/c/pids/x/cgroup.procs"],
  shows: [{ from: "/c/memory/x", at: "/sys/fs/cgroup/memory" }],
};
const LIMITS = { memory: 2 ** 29, cpus: 1.5, pids: 64, openFiles: 1024, fileSize: 2 ** 20, tmp: 2 ** 21 };

function runOf(role: LauncherRole): LauncherRun {
  const isOnTree = role === "agent" || role === "verify";
  const isSandbox = isOnTree || role === "prepare";
  return {
    op: "run",
    owner: "owner",
    id: "id",
    attempt: "fix.1",
    role,
    slot: 3,
    trees: isOnTree || role === "collector" ? "trees" : null,
    tree: isOnTree ? role : null,
    set: role === "prepare" ? "set" : null,
    gateway: role === "agent" ? "gateway" : null,
    files: null,
    limits: isSandbox ? LIMITS : null,
  };
}

function command(role: LauncherRole, places: Partial<HostPlaces> = {}): string[] {
  const set = role === "prepare" ? "/state/sets/x/dependencies" : null;
  return hostCommand(runOf(role), { ...PLACES, set, ...places }, FACTS);
}

/** The pairs (or single paths) behind each use of an option. */
function after(words: readonly string[], option: string, count: number): string[] {
  return words.flatMap((word, at) =>
    word === option ? [words.slice(at + 1, at + 1 + count).join(" ")] : [],
  );
}

const ROLES = ["agent", "verify", "prepare", "collector", "gateway", "registry"] as const;
const GATEWAYS: readonly LauncherRole[] = ["gateway", "registry"];

describe("what the launcher starts", () => {
  it.each(ROLES)("a program of the role %s joins its control group before it is anything", (role) => {
    const words = command(role);
    expect(words.slice(0, 6)).toEqual(["setpriv", "--pdeathsig", "KILL", "--", "sh", "-c"]);
    const script = words[6] ?? "";
    // It stops at the first write that fails, so that nothing runs outside of the group.
    expect(script.startsWith("set -e\n")).toBe(true);
    expect(words.slice(7, 11)).toEqual(["enter", ...PLACES.joins, "--"]);
    expect(words.indexOf("prlimit")).toBe(11);
    expect(words.indexOf("bwrap")).toBeGreaterThan(11);
  });

  it.each(ROLES)("a program of the role %s has name spaces, a filter, and a read-only root", (role) => {
    const words = command(role);
    for (const option of ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup"])
      expect(words).toContain(option);
    expect(words).toContain("--die-with-parent");
    expect(words).toContain("--new-session");
    expect(after(words, "--seccomp", 1)).toEqual(["3"]);
    expect(after(words, "--remount-ro", 1).slice(-2)).toEqual(["/dev", "/"]);
    expect(words).toContain("--clearenv");
    // Nothing is mounted behind what is closed last.
    expect(words.lastIndexOf("--bind")).toBeLessThan(words.lastIndexOf("--remount-ro"));
    expect(words.lastIndexOf("--ro-bind")).toBeLessThan(words.lastIndexOf("--remount-ro"));
    expect(words.lastIndexOf("--tmpfs")).toBeLessThan(words.lastIndexOf("--remount-ro"));
  });

  it("only the two gateways have the host's network, and what of /etc that takes", () => {
    for (const role of ROLES) {
      expect([role, command(role).includes("--unshare-net")]).toEqual([role, !GATEWAYS.includes(role)]);
      expect([
        role,
        after(command(role), "--ro-bind", 2).includes("/etc/resolv.conf /etc/resolv.conf"),
      ]).toEqual([role, GATEWAYS.includes(role)]);
    }
  });

  it("a sandbox writes to its tree, /tmp and HOME alone, and sees the gateway's socket read-only", () => {
    expect(after(command("agent"), "--bind", 2)).toEqual([
      "/state/trees/agent /task",
      "/state/run/tmp /tmp",
      "/state/run/home /home/agent",
    ]);
    expect(after(command("verify", { socket: null }), "--bind", 2)[0]).toBe("/state/trees/verify /task");
    expect(after(command("agent"), "--ro-bind", 2)).toContain("/state/gateway/socket /run/gateway");
    expect(command("verify", { socket: null })).not.toContain("/run/gateway");
    for (const role of GATEWAYS)
      expect(after(command(role), "--bind", 2)).toEqual(["/state/gateway/socket /run/gateway"]);
  });

  it("an installation writes to its set, and sees no tree; an attempt's collector reads the set, and never writes it", () => {
    const set = "/state/sets/x/dependencies";
    expect(after(command("prepare"), "--bind", 2)[0]).toBe(`${set} /task`);
    expect(command("prepare").join(" ")).not.toContain("/state/trees");
    expect(after(command("collector", { set }), "--ro-bind", 2)).toContain(`${set} /dependencies`);
    expect(after(command("collector", { set }), "--bind", 2).join(" ")).not.toContain(set);
    expect(after(command("collector", { set, trees: null }), "--bind", 2)[0]).toBe(
      `${set} /trees/dependencies`,
    );
    for (const role of ["agent", "verify"] as const)
      expect(command(role, { set }).join(" ")).not.toContain(set);
    expect(() => command("collector", { trees: null })).toThrow("a set");
  });

  it("each role has its program", () => {
    const programs = ROLES.map((role) => command(role).findLast((word) => word.endsWith("main.js")));
    expect(programs.map((path) => path?.replace("/opt/nightwarden/lib/", ""))).toEqual([
      "shim/main.js",
      "shim/main.js",
      "shim/main.js",
      "collector/main.js",
      "gateway/main.js",
      "registry/main.js",
    ]);
  });

  it("of the host only /usr, the links to it and a few files of /etc are shown", () => {
    const shown = after(command("agent"), "--ro-bind", 2).map((pair) => pair.split(" ")[0] ?? "");
    const ofHost = shown.filter((path) => !/^\/(own|state|c|dev|proc)\//.test(path));
    expect(ofHost).toEqual(["/usr", "/lib64", "/etc/ld.so.cache"]);
    expect(after(command("agent"), "--symlink", 2)).toEqual(["usr/bin /bin"]);
    expect(after(command("agent"), "--ro-bind", 2)).toContain("/dev/null /proc/kcore");
    expect(after(command("agent"), "--ro-bind", 2)).toContain("/proc/sys /proc/sys");
  });

  it.each(["agent", "verify", "prepare", "gateway", "registry"] as const)(
    "%s becomes a user without any privilege, inside",
    (role) => {
      const words = command(role);
      const inside = words.slice(words.lastIndexOf("setpriv"));
      const uid = GATEWAYS.includes(role) ? "71000" : "70004";
      const identity = `setpriv --reuid ${uid} --regid ${uid} --clear-groups --no-new-privs`;
      expect(inside.join(" ").startsWith(`${identity} --bounding-set=-all --inh-caps=-all`)).toBe(true);
      expect(inside).toContain("--ambient-caps=-all");
      expect(inside).toContain("--disable-sigusr1");
    },
  );

  it("a collector keeps four capabilities", () => {
    const words = command("collector");
    expect(after(words, "--cap-drop", 1)).toEqual(["ALL"]);
    expect(after(words, "--cap-add", 1)).toEqual([
      "CAP_CHOWN",
      "CAP_DAC_READ_SEARCH",
      "CAP_SETGID",
      "CAP_SETUID",
    ]);
    expect(command("agent")).not.toContain("--cap-add");
  });

  it("a collector is told by the launcher, and by nobody else, whose the trees are", () => {
    expect(command("collector").slice(-3)).toEqual(["/trees", "/dependencies", "70004"]);
  });

  it("limits are the request's for a sandbox, and constants for our programs", () => {
    expect(command("agent")).toContain("--fsize=1048576");
    expect(command("agent")).toContain("--nofile=1024");
    for (const role of ROLES) expect(command(role)).toContain("--core=0");
    expect(groupLimitsOf(runOf("agent"))).toEqual({ memoryBytes: 2 ** 29, cpus: 1.5, pids: 64 });
    expect(groupLimitsOf(runOf("gateway"))).toEqual({ memoryBytes: 2 ** 29, cpus: 2, pids: 64 });
    expect(memoryMountsOf(runOf("agent"), PLACES)).toEqual([
      { at: "/state/run/tmp", options: "nosuid,nodev,size=2097152,nr_inodes=200k,mode=1777" },
      {
        at: "/state/run/home",
        options: "nosuid,nodev,size=2097152,nr_inodes=100k,uid=70004,gid=70004,mode=0700",
      },
    ]);
  });

  it("a program that asks who it is gets an answer that names no user of the host", () => {
    expect(passwdOf(runOf("agent"))).toMatch(/^agent:x:70004:70004:agent:\/home\/agent:\/bin\/sh$/m);
    expect(passwdOf(runOf("collector"))).not.toContain("agent");
  });
});

import type { ContainerCreateOptions, ContainerInspectInfo } from "dockerode";
import { describe, expect, it } from "vitest";
import type { SelfCheck } from "../../src/core/event-fields.ts";
import { slotUser } from "../../src/core/sandbox-layout.ts";
import { containerDifferences } from "../../src/sandbox/docker/compare-container.ts";
import { collectorSpec, gatewaySpec, sandboxSpec } from "../../src/sandbox/docker/container-spec.ts";
import { selfCheckDifferences } from "../../src/sandbox/self-check-differences.ts";
import { TEST_LIMITS as LIMITS } from "../fixtures/test-limits.ts";
import { SECCOMP_PROFILE } from "../../src/sandbox/docker/seccomp-profile.ts";

const sandbox = sandboxSpec({
  name: "n",
  image: "sha256:1",
  labels: { a: "b" },
  tree: "volume",
  gateway: undefined,
  slot: 2,
  limits: LIMITS,
});
const withGateway = sandboxSpec({
  name: "n",
  image: "sha256:1",
  labels: {},
  tree: "volume",
  gateway: "socket",
  slot: 2,
  limits: LIMITS,
});
const gateway = gatewaySpec({
  name: "n",
  image: "sha256:1",
  labels: {},
  network: "gateways",
  socket: "socket",
});
const collector = collectorSpec({
  name: "n",
  image: "sha256:1",
  labels: {},
  trees: [{ volume: "volume", path: "/trees/agent" }],
});

/** What an engine that did everything as asked would answer. */
function faithful(spec: ContainerCreateOptions): ContainerInspectInfo {
  const info = {
    Image: spec.Image,
    Config: {
      User: spec.User,
      WorkingDir: spec.WorkingDir,
      Entrypoint: spec.Entrypoint,
      Cmd: null,
      Tty: false,
      OpenStdin: true,
      StopSignal: spec.StopSignal,
      Healthcheck: spec.Healthcheck,
      Env: ["PATH=/bin", ...(spec.Env ?? [])],
      Labels: spec.Labels,
    },
    HostConfig: { ...spec.HostConfig, MaskedPaths: ["/proc/kcore"], ReadonlyPaths: ["/proc/sys"] },
    NetworkSettings: { Networks: { [spec.HostConfig?.NetworkMode ?? ""]: {} } },
    Mounts: (spec.HostConfig?.Mounts ?? []).map((mount) => ({
      Type: "volume",
      Name: mount.Source,
      Destination: mount.Target,
      RW: mount.ReadOnly !== true,
    })),
    AppArmorProfile: "docker-default",
  };
  return structuredClone(info) as unknown as ContainerInspectInfo;
}

/** Another value than `value`, of a kind that an engine might answer. */
function weakened(value: unknown): unknown {
  if (typeof value === "boolean") return !value;
  if (typeof value === "number") return value + 1;
  if (typeof value === "string") return `${value}x`;
  if (Array.isArray(value)) return value.length > 0 ? [] : ["x"];
  if (typeof value === "object" && value !== null && Object.keys(value).length > 0) return {};
  return { x: "x" };
}

describe("what is asked of the engine", () => {
  it("gives the agent no network, no capability, no privilege, no writable root and no host folder", () => {
    expect(sandbox.HostConfig).toMatchObject({
      NetworkMode: "none",
      CapDrop: ["ALL"],
      CapAdd: [],
      Privileged: false,
      ReadonlyRootfs: true,
      SecurityOpt: ["no-new-privileges", `seccomp=${SECCOMP_PROFILE}`],
      IpcMode: "private",
      PidMode: "",
      Binds: [],
      Devices: [],
      Memory: LIMITS.memory,
      MemorySwap: LIMITS.memory,
      PidsLimit: LIMITS.pids,
      NanoCpus: 2e9,
    });
    expect(sandbox.HostConfig?.Mounts?.map((mount) => mount.Type)).toEqual(["volume"]);
  });

  it("never runs the agent as root, nor as the same user as a neighbour", () => {
    const users = [0, 1, 2].map(
      (slot) =>
        sandboxSpec({
          name: "n",
          image: "i",
          labels: {},
          tree: "v",
          gateway: undefined,
          slot,
          limits: LIMITS,
        }).User,
    );
    expect(new Set(users).size).toBe(3);
    for (const user of users) expect(user).toMatch(/^640\d\d:640\d\d$/);
  });

  it("gives an agent with a gateway its socket, read-only, and still no network", () => {
    expect(withGateway.HostConfig?.NetworkMode).toBe("none");
    expect(withGateway.HostConfig?.Mounts?.map(({ Target, ReadOnly }) => [Target, ReadOnly])).toEqual([
      ["/task", false],
      ["/run/gateway", true],
    ]);
  });

  it("gives the gateway a network and nothing else: no capability, no writable root, no file but its socket", () => {
    expect(gateway.HostConfig).toMatchObject({
      NetworkMode: "gateways",
      CapDrop: ["ALL"],
      CapAdd: [],
      ReadonlyRootfs: true,
      SecurityOpt: ["no-new-privileges", `seccomp=${SECCOMP_PROFILE}`],
      Sysctls: { "net.ipv4.ip_forward": "0" },
      PortBindings: {},
      LogConfig: { Type: "none", Config: {} },
    });
    expect(gateway.User).toBe("65000:65000");
    expect(gateway.HostConfig?.Mounts?.map(({ Target, ReadOnly }) => [Target, ReadOnly])).toEqual([
      ["/run/gateway", false],
    ]);
  });

  it("gives the collector four capabilities, each for one thing, and no network either", () => {
    expect(collector.HostConfig).toMatchObject({
      NetworkMode: "none",
      CapDrop: ["ALL"],
      ReadonlyRootfs: true,
      Privileged: false,
      CapAdd: ["CHOWN", "DAC_READ_SEARCH", "SETGID", "SETUID"],
    });
  });
});

describe("comparing what was made with what was asked", () => {
  it("finds nothing where the engine did as asked", () => {
    expect(containerDifferences(sandbox, ["PATH=/bin"], faithful(sandbox))).toEqual([]);
    expect(containerDifferences(collector, ["PATH=/bin"], faithful(collector))).toEqual([]);
    expect(containerDifferences(gateway, ["PATH=/bin"], faithful(gateway))).toEqual([]);
    expect(containerDifferences(withGateway, ["PATH=/bin"], faithful(withGateway))).toEqual([]);
  });

  it.each(Object.keys(sandbox.HostConfig ?? {}).filter((field) => field !== "RestartPolicy"))(
    "finds an engine that answers another HostConfig.%s",
    (field) => {
      const info = faithful(sandbox);
      const hostConfig = info.HostConfig as unknown as Record<string, unknown>;
      hostConfig[field] = weakened(hostConfig[field]);
      const differences = containerDifferences(sandbox, ["PATH=/bin"], info);
      expect(differences.join()).toContain(`HostConfig.${field}`);
    },
  );

  it("shows of a long value where the two part: one call more in the filter of system calls", () => {
    const info = faithful(sandbox);
    const options = info.HostConfig.SecurityOpt as string[];
    info.HostConfig.SecurityOpt = options.map((option) => option.replace('"write"', '"write","ptracer"'));
    const [difference = ""] = containerDifferences(sandbox, ["PATH=/bin"], info);
    expect(difference).toMatch(/^HostConfig.SecurityOpt: .*ptracer/);
    expect(difference.length).toBeLessThan(500);
  });

  it("finds a gateway on a network that was not asked for, and a socket that an agent could replace", () => {
    const elsewhere = faithful(gateway);
    Object.assign(elsewhere.NetworkSettings.Networks, { bridge: {} });
    expect(containerDifferences(gateway, ["PATH=/bin"], elsewhere).join()).toContain("Networks");
    const writable = faithful(withGateway);
    for (const mount of writable.Mounts) mount.RW = true;
    expect(containerDifferences(withGateway, ["PATH=/bin"], writable).join()).toContain("Mounts");
  });

  it.each([
    ["another image", (info: ContainerInspectInfo) => (info.Image = "sha256:2"), "Image"],
    ["a user", (info: ContainerInspectInfo) => (info.Config.User = "0:0"), "Config.User"],
    [
      "an environment variable",
      (info: ContainerInspectInfo) => info.Config.Env.push("HTTP_PROXY=http://host"),
      "Config.Env",
    ],
    [
      "an entry point",
      (info: ContainerInspectInfo) => (info.Config.Entrypoint = ["/bin/sh"]),
      "Config.Entrypoint",
    ],
    [
      "a network",
      (info: ContainerInspectInfo) => Object.assign(info.NetworkSettings.Networks, { bridge: {} }),
      "Networks",
    ],
    [
      "a mount",
      (info: ContainerInspectInfo) =>
        info.Mounts.push({ Type: "bind", Source: "/", Destination: "/host", RW: true } as never),
      "Mounts",
    ],
    [
      "unmasked paths",
      (info: ContainerInspectInfo) => Object.assign(info.HostConfig, { MaskedPaths: [] }),
      "MaskedPaths",
    ],
    [
      "no AppArmor profile",
      (info: ContainerInspectInfo) => Object.assign(info, { AppArmorProfile: "unconfined" }),
      "AppArmor",
    ],
    [
      "an automatic restart",
      (info: ContainerInspectInfo) => Object.assign(info.HostConfig, { RestartPolicy: { Name: "always" } }),
      "RestartPolicy",
    ],
    [
      "another workspace's label",
      (info: ContainerInspectInfo) => Object.assign(info.Config.Labels, { a: "c" }),
      "Labels",
    ],
  ])("finds an engine that adds or changes %s", (_, change, field) => {
    const info = faithful(sandbox);
    change(info);
    expect(containerDifferences(sandbox, ["PATH=/bin"], info).join()).toContain(field);
  });
});

describe("comparing the inside with what was asked", () => {
  const good: SelfCheck = {
    uid: 64_003,
    gid: 64_003,
    interfaces: ["lo"],
    capabilities: "0000",
    boundingCapabilities: "0000",
    noNewPrivileges: true,
    seccomp: 2,
    rootReadOnly: true,
    memoryBytes: LIMITS.memory,
    pids: LIMITS.pids,
  };

  it("finds nothing in a sandbox that is as it should be, also where the kernel rounds memory to pages", () => {
    expect(selfCheckDifferences(good, slotUser(2), LIMITS)).toEqual([]);
    expect(selfCheckDifferences({ ...good, memoryBytes: LIMITS.memory - 4096 }, slotUser(2), LIMITS)).toEqual(
      [],
    );
  });

  it.each([
    ["root", { uid: 0 }],
    ["a neighbour's user", { uid: 64_001, gid: 64_001 }],
    ["a network card", { interfaces: ["lo", "eth0"] }],
    ["a capability", { capabilities: "0000000000000400" }],
    ["a capability that could be gained", { boundingCapabilities: "00000000a80425fb" }],
    ["privileges that could be gained", { noNewPrivileges: false }],
    ["no seccomp filter", { seccomp: 0 }],
    ["a writable root", { rootReadOnly: false }],
    ["more memory", { memoryBytes: 2 ** 32 }],
    ["no memory limit", { memoryBytes: null }],
    ["more processes", { pids: 4096 }],
  ])("finds %s", (_, change) => {
    expect(selfCheckDifferences({ ...good, ...change }, slotUser(2), LIMITS)).toHaveLength(1);
  });
});

import { describe, expect, it } from "vitest";
import {
  enginePlatform,
  platformWords,
  type EngineAnswers,
  type EnginePlatform,
} from "../../src/core/engine-platform.ts";
import {
  engineVersionFacts,
  runtimeVersionFact,
  type EngineVersions,
} from "../../src/core/engine-versions.ts";

const NOTHING: EngineAnswers = {
  machine: "",
  operatingSystem: "",
  kernel: "",
  securityOptions: [],
  product: "",
  components: [],
};

/** The answers of the engine of these tests, as they were recorded. */
const DEBIAN: EngineAnswers = {
  machine: "vm",
  operatingSystem: "Debian GNU/Linux 12 (bookworm)",
  kernel: "6.18.44-fc-v657",
  securityOptions: ["name=seccomp,profile=default"],
  product: "",
  components: [
    { name: "Engine", version: "20.10.24+dfsg1" },
    { name: "containerd", version: "1.6.20~ds1" },
    { name: "runc", version: "1.1.5+ds1" },
    { name: "docker-init", version: "0.19.0" },
  ],
};

const DOCKER_COMPONENTS = [
  { name: "Engine", version: "29.7.2" },
  { name: "runc", version: "1.3.6" },
];

/**
 * Nothing but the first was recorded here. The others are put together from what people show of `docker version` and
 * `docker info` in public reports, and from Podman's own source: see docs/platforms.md.
 */
const CASES: readonly (readonly [string, EngineAnswers, EnginePlatform, string])[] = [
  [
    "Docker Engine on Debian (recorded)",
    DEBIAN,
    { kind: "docker-engine", version: null, rootless: false, wsl: false },
    "Docker Engine",
  ],
  [
    "Docker Engine of Docker's own packages (documented)",
    { ...DEBIAN, product: "Docker Engine - Community", components: DOCKER_COMPONENTS },
    { kind: "docker-engine", version: null, rootless: false, wsl: false },
    "Docker Engine",
  ],
  [
    "rootless Docker Engine (documented)",
    { ...DEBIAN, securityOptions: ["name=seccomp,profile=builtin", "name=rootless", "name=cgroupns"] },
    { kind: "docker-engine", version: null, rootless: true, wsl: false },
    "Docker Engine, rootless, not tested",
  ],
  [
    "Docker Engine in WSL (documented)",
    { ...DEBIAN, kernel: "5.15.167.4-microsoft-standard-WSL2" },
    { kind: "docker-engine", version: null, rootless: false, wsl: true },
    "Docker Engine, in WSL, not tested",
  ],
  [
    "Docker Desktop on a Mac (documented)",
    {
      ...NOTHING,
      machine: "docker-desktop",
      operatingSystem: "Docker Desktop",
      kernel: "6.12.76-linuxkit",
      product: "Docker Desktop 4.86.0 (236216)",
      components: DOCKER_COMPONENTS,
    },
    { kind: "docker-desktop", version: "4.86.0", rootless: false, wsl: false },
    "Docker Desktop 4.86.0, not tested",
  ],
  [
    "Docker Desktop on Windows, which does not say its version (documented)",
    {
      ...NOTHING,
      machine: "docker-desktop",
      operatingSystem: "Docker Desktop",
      kernel: "6.6.87.2-microsoft-standard-WSL2",
      components: DOCKER_COMPONENTS,
    },
    { kind: "docker-desktop", version: null, rootless: false, wsl: true },
    "Docker Desktop, in WSL, not tested",
  ],
  [
    "Podman as an ordinary user (from its source)",
    {
      ...NOTHING,
      machine: "laptop",
      operatingSystem: "fedora",
      kernel: "6.5.12-300.fc39.x86_64",
      securityOptions: ["name=seccomp,profile=default", "name=rootless"],
      product: "linux/amd64/fedora-39",
      components: [
        { name: "Podman Engine", version: "4.9.3" },
        { name: "Conmon", version: "conmon version 2.1.8, commit: " },
        { name: "OCI Runtime (crun)", version: "crun version 1.14.4\ncommit: a220ca66" },
      ],
    },
    { kind: "podman", version: "4.9.3", rootless: true, wsl: false },
    "Podman 4.9.3, rootless, not tested",
  ],
  [
    "Colima (documented)",
    {
      ...DEBIAN,
      machine: "colima",
      operatingSystem: "Ubuntu 24.04.1 LTS",
      product: "Docker Engine - Community",
    },
    { kind: "colima", version: null, rootless: false, wsl: false },
    "Colima, not tested",
  ],
  [
    "Colima under a profile of one's own (documented)",
    { ...DEBIAN, machine: "colima-night" },
    { kind: "colima", version: null, rootless: false, wsl: false },
    "Colima, not tested",
  ],
  [
    "Rancher Desktop on a Mac (documented)",
    { ...DEBIAN, machine: "lima-rancher-desktop", operatingSystem: "Alpine Linux v3.18" },
    { kind: "rancher-desktop", version: null, rootless: false, wsl: false },
    "Rancher Desktop, not tested",
  ],
  [
    "Rancher Desktop on Windows (documented)",
    {
      ...DEBIAN,
      machine: "DESKTOP-1",
      operatingSystem: "Rancher Desktop WSL Distribution",
      kernel: "5.15.90.1-microsoft-standard-WSL2",
    },
    { kind: "rancher-desktop", version: null, rootless: false, wsl: true },
    "Rancher Desktop, in WSL, not tested",
  ],
  [
    "an engine that says nothing",
    NOTHING,
    { kind: "unknown", version: null, rootless: false, wsl: false },
    "an engine of an unknown make, not tested",
  ],
];

describe("an engine is recognised:", () => {
  it.each(CASES)("%s", (_, answers, platform, words) => {
    expect(enginePlatform(answers)).toEqual(platform);
    expect(platformWords(platform)).toBe(words);
  });

  it.each([
    ["a machine that is called almost so", { ...DEBIAN, machine: "colimator" }],
    ["a profile that mentions it", { ...DEBIAN, securityOptions: ["name=seccomp,profile=rootless"] }],
    ["a product that mentions it", { ...DEBIAN, product: "Not Docker Desktop 4.1" }],
  ])("not by %s", (_, answers) => {
    expect(enginePlatform(answers)).toEqual({
      kind: "docker-engine",
      version: null,
      rootless: false,
      wsl: false,
    });
  });
});

describe("whose versions are judged", () => {
  const engine: EngineVersions = {
    version: "29.7.2",
    platform: enginePlatform(DEBIAN),
    runtime: { name: "runc", version: "1.3.6" },
  };

  it("is the engine's and its runtime's", () => {
    expect(engineVersionFacts(engine)).toEqual([{ component: "engine", version: "29.7.2" }]);
    expect(engineVersionFacts({ ...engine, version: "" })).toEqual([{ component: "engine", version: null }]);
    expect(runtimeVersionFact(engine)).toEqual({ component: "runc", version: "1.3.6" });
    expect(runtimeVersionFact({ ...engine, runtime: null })).toEqual({ component: "runc", version: null });
  });

  it("is the product's too where Docker Desktop brings the engine, also where it does not say it", () => {
    const platform: EnginePlatform = { kind: "docker-desktop", version: null, rootless: false, wsl: true };
    expect(engineVersionFacts({ ...engine, platform })).toEqual([
      { component: "docker-desktop", version: null },
      { component: "engine", version: "29.7.2" },
    ]);
  });

  it("is never Docker's where it is not Docker: Podman 5 is no old Docker Engine", () => {
    const platform: EnginePlatform = { kind: "podman", version: "5.2.1", rootless: true, wsl: false };
    expect(engineVersionFacts({ ...engine, version: "5.2.1", platform })).toEqual([
      { component: "engine", version: null, instead: "Podman 5.2.1" },
    ]);
    expect(runtimeVersionFact({ ...engine, runtime: { name: "crun", version: "1.14.4" } })).toEqual({
      component: "runc",
      version: null,
      instead: "crun 1.14.4",
    });
  });
});

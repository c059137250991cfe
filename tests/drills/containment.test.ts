import { randomUUID } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Gateways } from "../../src/contracts/gateway.ts";
import type { Sandbox, Sandboxes } from "../../src/contracts/sandbox.ts";
import type { OpenTrees, Trees } from "../../src/contracts/trees.ts";
import { CANARY_IDS, type CanaryResult } from "../../src/core/canary.ts";
import type { Isolation } from "../../src/core/policy.ts";
import { runCanaries } from "../../src/drills/containment/run-canaries.ts";
import { processesNamed } from "../../src/drills/containment/processes-named.ts";
import { dockerUnderTest, type DockerUnderTest } from "../fixtures/docker-under-test.ts";
import { TEST_LIMITS } from "../fixtures/test-limits.ts";
import { WeakenedSandboxes, type Weakness } from "./weakened-sandboxes.ts";

vi.setConfig({ testTimeout: 180_000 });

let under: DockerUnderTest;
/** Of these tests alone: others drill at the same time. */
const folder = mkdtempSync(join(tmpdir(), "nw-drills-"));
const tokens: string[] = [];
const { TMPDIR } = process.env;
beforeAll(async () => {
  chmodSync(folder, 0o755);
  process.env["TMPDIR"] = folder;
  under = await dockerUnderTest("canaries");
});
afterAll(async () => {
  if (TMPDIR === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = TMPDIR;
  await under.gateways.close();
  expect(await under.leftovers()).toEqual([]);
  expect(readdirSync(folder)).toEqual([]);
  expect(await processesLeft()).toEqual([]);
  rmSync(folder, { recursive: true });
});

async function processesLeft(): Promise<number[]> {
  expect(tokens.length).toBeGreaterThan(0);
  const named = tokens.map(async (token) => await processesNamed(`nightwarden-drill-${token.slice(0, 12)}`));
  return (await Promise.all(named)).flat();
}

function newToken(): string {
  const token = randomUUID().replaceAll("-", "");
  tokens.push(token);
  return token;
}

async function drill(
  parts: {
    readonly sandboxes?: Sandboxes;
    readonly gateways?: Gateways;
    readonly trees?: Trees;
    readonly isolation?: Isolation;
  } = {},
): Promise<CanaryResult[]> {
  const { isolation = "docker", ...replaced } = parts;
  return await runCanaries({
    parts: { ...under, newToken, ...replaced },
    isolation,
    image: under.image,
    limits: TEST_LIMITS,
    signal: new AbortController().signal,
  });
}

function having(verdict: CanaryResult["verdict"], results: readonly CanaryResult[]): string[] {
  return results.filter((each) => each.verdict === verdict).map(({ canary }) => canary);
}

describe("the canaries in a real sandbox", () => {
  it("are all held, each with a control that succeeded and a reason for each refusal", async () => {
    const results = await drill();
    expect(results.filter(({ verdict }) => verdict !== "held")).toEqual([]);
    expect(results.map(({ canary }) => canary)).toEqual(CANARY_IDS);
    const details = Object.fromEntries(results.map(({ canary, detail }) => [canary, detail]));
    expect(details).toMatchObject({
      interfaces: "interfaces lo",
      pids: expect.stringMatching(/then EAGAIN|ended at the cap pids/) as string,
      memory: expect.stringMatching(/SIGKILL|ended at the cap memory/) as string,
      survivor: "it was seen, and ended with the sandbox",
      "outside-write": expect.stringContaining("/etc: EROFS") as string,
      gateway: expect.stringContaining("GET /v1/files: 403") as string,
    });
  });

  it("are not asked where the isolation does not promise it", async () => {
    const results = await drill({ isolation: "worktree" });
    expect(having("held", results)).toEqual(["environment", "survivor"]);
    expect(having("not-promised", results)).toHaveLength(CANARY_IDS.length - 2);
  });
});

const bind = (source: string, target: string) => ({ source, target, isReadOnly: true });

describe("a sandbox that lacks a guard", () => {
  it.each<[string, () => Weakness, string[]]>([
    [
      "has a network",
      () => ({ hostConfig: { NetworkMode: "bridge" } }),
      ["host-service", "host-resolver", "route", "interfaces"],
    ],
    ["keeps its capabilities", () => ({ hostConfig: { CapDrop: [] } }), ["privileges"]],
    ["may gain privileges", () => ({ hostConfig: { SecurityOpt: [] } }), ["privileges"]],
    [
      "runs as root",
      // Without this privilege, root could not even enter the tree.
      () => ({ user: "0:0", hostConfig: { CapAdd: ["DAC_OVERRIDE"] } }),
      ["privileges"],
    ],
    ["has a root that can be written", () => ({ hostConfig: { ReadonlyRootfs: false } }), ["outside-write"]],
    ["has a folder of the host", () => ({ binds: [bind(folder, "/deep/in/host")] }), ["host-file"]],
    [
      "has the engine's socket",
      () => {
        const { socketPath } = under.docker.modem as unknown as { socketPath: string };
        return { binds: [bind(socketPath, "/var/run/docker.sock")] };
      },
      ["sockets"],
    ],
    [
      "sees the host's processes",
      () => ({
        // The engine adds the second by itself.
        hostConfig: { PidMode: "host", SecurityOpt: ["no-new-privileges", "label=disable"] },
      }),
      ["host-processes"],
    ],
    [
      "inherits a variable",
      () => ({ inherits: ["NIGHTWARDEN_DRILL"] }),
      ["environment", "other-environments"],
    ],
    ["has no cap on processes", () => ({ hostConfig: { PidsLimit: undefined } }), ["pids"]],
    ["has no cap on memory", () => ({ hostConfig: { Memory: 0, MemorySwap: 0 } }), ["memory"]],
  ])("%s: exactly its canaries survive, and all others are held", async (_, weakness, expected) => {
    const results = await drill({ sandboxes: new WeakenedSandboxes(under, weakness()) });
    expect(results.filter(({ verdict }) => verdict === "inconclusive")).toEqual([]);
    expect(having("survived", results)).toEqual(expected);
  });

  it("has a gateway that lets another model pass", async () => {
    const gateways: Gateways = {
      open: async (request) => {
        const access = { ...request.access, models: [...request.access.models, "another-model"] };
        return await under.gateways.open({ ...request, access });
      },
    };
    expect(having("survived", await drill({ gateways }))).toEqual(["gateway"]);
  });

  it("whose processes outlive it", async () => {
    const left: (() => Promise<void>)[] = [];
    const trees: Trees = {
      open: async (options) => {
        const open = await under.trees.open(options);
        const close = open.close.bind(open);
        left.push(close);
        // The same object: the back end knows it by that.
        return Object.assign<OpenTrees, Partial<OpenTrees>>(open, { close: async () => Promise.resolve() });
      },
    };
    const gateways: Gateways = {
      open: async (request) => {
        const open = await under.gateways.open(request);
        left.push(async () => await open.close());
        return open;
      },
    };
    const sandboxes: Sandboxes = {
      start: async (request) => {
        const sandbox = await under.sandboxes.start(request);
        left.unshift(async () => await sandbox.destroy());
        return leaky(sandbox);
      },
    };
    try {
      // Of an isolation that promises no caps: reaching one would end the sandbox, and with it what is left.
      const results = await drill({ sandboxes, trees, gateways, isolation: "worktree" });
      expect(having("survived", results)).toEqual(["survivor"]);
      // What the drill could end itself is ended all the same.
      expect(await processesLeft()).toEqual([]);
    } finally {
      for (const each of left) await each();
    }
  });
});

/** A sandbox that says that it has ended, and goes on. */
function leaky(sandbox: Sandbox): Sandbox {
  return {
    ...sandbox,
    id: sandbox.id,
    selfCheck: sandbox.selfCheck,
    run: async (job, signal) => {
      const commands = [...job.commands, ["sh", "-c", "echo all asked; sleep 60"]];
      return await new Promise((resolve, reject) => {
        const onLine: typeof job.onLine = (line) => {
          job.onLine(line);
          if (line.text !== "all asked") return;
          const end = { exitCode: 0, reason: "exited", outOfMemory: false } as const;
          const counts = { durationMs: 0, outputBytes: 0, droppedBytes: 0 };
          resolve({ end: { ...end, ...counts }, failedCommand: null, missingProgram: null, allPassed: true });
        };
        sandbox.run({ ...job, commands, onLine }, signal).catch(reject);
      });
    },
    destroy: async () => Promise.resolve(),
  };
}

describe("a control that does not succeed", () => {
  it("makes its canary inconclusive: a host without the programs that the probe starts", async () => {
    const { PATH } = process.env;
    process.env["PATH"] = "/nonexistent";
    try {
      const results = await drill();
      expect(having("inconclusive", results)).toEqual(["pids", "survivor"]);
      expect(having("held", results)).toHaveLength(CANARY_IDS.length - 2);
    } finally {
      process.env["PATH"] = PATH;
    }
  });
});

it("a drill that is stopped throws the reason and leaves nothing", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const sandboxes: Sandboxes = {
    start: async (request) => {
      const sandbox = await under.sandboxes.start(request);
      controller.abort(reason);
      return sandbox;
    },
  };
  const running = runCanaries({
    parts: { ...under, sandboxes, newToken },
    isolation: "docker",
    image: under.image,
    limits: TEST_LIMITS,
    signal: controller.signal,
  });
  await expect(running).rejects.toBe(reason);
});

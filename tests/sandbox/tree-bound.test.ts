import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { SandboxRun } from "../../src/contracts/sandbox.ts";
import { DockerSandboxes } from "../../src/sandbox/docker/docker-sandbox.ts";
import { DockerTrees } from "../../src/sandbox/docker/docker-trees.ts";
import { LoopBound } from "../../src/sandbox/docker/loop-bound.ts";
import { LoopResidue } from "../../src/sandbox/docker/loop-residue.ts";
import { probeQuota, WATCH_ONLY, type TreeBound } from "../../src/sandbox/docker/tree-bound.ts";
import { systemClock } from "../../src/lib/system-clock.ts";
import { newAttempt, treeSourceOf } from "../contract/sandboxes.ts";
import { dockerUnderTest, type DockerUnderTest } from "../fixtures/docker-under-test.ts";
import { baseRepository } from "../fixtures/hostile-attempt.ts";
import { TEST_LIMITS } from "../fixtures/test-limits.ts";

const MIB = 2 ** 20;
const ENGINE_HERE = "unix:///var/run/docker.sock";

let under: DockerUnderTest;
let repository: ReturnType<typeof baseRepository>;
beforeAll(async () => {
  under = await dockerUnderTest("tree-bound");
  repository = baseRepository();
});
afterAll(async () => {
  repository.dispose();
  expect(await under.leftovers()).toEqual([]);
});

describe("a volume driver that may take a size", () => {
  /** An engine whose driver does so with a size. */
  function engineThat(takes: "takes it" | "says no" | "drops it"): { docker: Docker; volumes: Set<string> } {
    const volumes = new Set<string>();
    const docker = {
      createVolume: async ({ Name }: { Name: string }) => {
        if (takes === "says no") throw new Error("quota size requested but no quota support");
        return await Promise.resolve(volumes.add(Name));
      },
      getVolume: (name: string) => ({
        inspect: async () =>
          await Promise.resolve({ Options: takes === "takes it" ? { size: "16777216" } : null }),
        remove: async () => await Promise.resolve(volumes.delete(name)),
      }),
    };
    return { docker: docker as unknown as Docker, volumes };
  }

  it.each([
    ["takes it", /bounded by the volume driver/, { size: String(Math.ceil(1.1 * 100 * MIB) + 64 * MIB) }],
    ["says no", /are watched; .* no bound/, {}],
    ["drops it", /are watched; .* no bound/, {}],
  ] as const)("%s: it is asked once, and nothing of that is left", async (takes, words, options) => {
    const { docker, volumes } = engineThat(takes);
    const bound = await probeQuota(docker, "w");
    expect(bound.words).toMatch(words);
    expect(await bound.driverOptions("v", { bytes: 100 * MIB, inodes: 10 })).toEqual(options);
    expect([...volumes]).toEqual([]);
  });

  it("of the real engine answers, and leaves no volume", async () => {
    expect((await probeQuota(under.docker, under.workspace)).words).toMatch(/^trees are watched/);
    expect(await under.leftovers()).toEqual([]);
  });
});

describe.skipIf(process.getuid?.() !== 0)("trees in file systems of their own", () => {
  let folder: string;
  let loop: LoopBound;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "nw-loop-"));
    loop = await LoopBound.open({ folder, engineHost: ENGINE_HERE });
  });
  afterEach(() => {
    const left = [...readdirSync(folder), ...devices()];
    rmSync(folder, { recursive: true, force: true });
    expect(left).toEqual([]);
  });

  const devices = (): string[] =>
    execFileSync("sh", ["-c", "losetup -n -O BACK-FILE"])
      .toString()
      .split("\n")
      .filter((line) => line.includes(folder));

  /** What a program says in a tree that nobody watches. */
  async function say(bound: TreeBound, script: string): Promise<{ run: SandboxRun; lines: string[] }> {
    const { docker, workspace, collectorImage, gateways, image } = under;
    const trees = new DockerTrees({ docker, collectorImage, workspace, bound });
    const sandboxes = new DockerSandboxes({ docker, trees, gateways, clock: systemClock, workspace });
    const attempt = newAttempt();
    const open = await trees.open({ attempt, slot: 0, bound: { bytes: 16 * MIB, inodes: 500 } });
    try {
      await open.fill("agent", treeSourceOf(repository.path));
      const limits = { ...TEST_LIMITS, fileSize: 2 ** 30 };
      const sandbox = await sandboxes.start({
        attempt,
        role: "agent",
        image,
        trees: open,
        tree: "agent",
        limits,
        slot: 0,
      });
      const lines: string[] = [];
      const run = await sandbox.run(
        {
          commands: [["sh", "-c", script]],
          env: {},
          stdin: "",
          wallClockMs: 60_000,
          outputBytes: 2 ** 20,
          onLine: ({ text }) => lines.push(text),
        },
        new AbortController().signal,
      );
      await sandbox.destroy();
      return { run, lines };
    } finally {
      await open.close();
    }
  }

  const FILL =
    "dd if=/dev/zero of=x bs=1M count=200 2>/dev/null && echo all || echo refused; stat -c %s x; ls -A";
  const MANY = "mkdir d; i=0; while [ $i -lt 6000 ] && echo > d/$i; do i=$((i+1)); done 2>/dev/null; echo $i";

  it("bytes end at the file system's end, where a volume takes them all; the tree is what it was filled with", async () => {
    const { lines } = await say(loop, FILL);
    expect(lines[0]).toBe("refused");
    expect(Number(lines[1])).toBeLessThan(100 * MIB);
    expect(lines.slice(2)).toEqual([".git", "a.txt", "b.txt", "x"]);
    expect((await say(WATCH_ONLY, FILL)).lines.slice(0, 2)).toEqual(["all", String(200 * MIB)]);
  });

  it("inodes, too", async () => {
    expect(Number((await say(loop, MANY)).lines.at(-1))).toBeLessThan(3000);
    expect(Number((await say(WATCH_ONLY, MANY)).lines.at(-1))).toBe(6000);
  });

  it("what a killed process left of them is counted by its attempt, and removed", async () => {
    const { attempt, token } = newAttempt();
    const name = `nightwarden-tree-agent-${attempt}-${token.slice(0, 8)}-0a1b2c`;
    await loop.driverOptions(name, { bytes: 16 * MIB, inodes: 500 });
    expect(devices()).toHaveLength(1);
    const place = new LoopResidue({ folder, bound: async () => await Promise.resolve(loop) });
    const ref = { task: "task", attempt, token } as never;
    const { residue } = await place.count({ kind: "attempt", attempt: ref, repo: "app" });
    expect(residue).toMatchObject([{ kind: "loop-device", name, attempt }]);
    const other = { task: "task", attempt: "another.1", token } as never;
    expect((await place.count({ kind: "attempt", attempt: other, repo: "app" })).residue).toEqual([]);
    expect((await place.count({ kind: "workspace" })).residue).toHaveLength(1);
    expect(await place.remove(residue)).toEqual([]);
    expect((await place.count({ kind: "workspace" })).residue).toEqual([]);
  });

  it("are refused where the engine is elsewhere", async () => {
    await expect(LoopBound.open({ folder, engineHost: "tcp://10.0.0.1:2376" })).rejects.toMatchObject({
      code: "refused.sandbox",
      message: expect.stringContaining("not on this machine") as string,
    });
  });
});

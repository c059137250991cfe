import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ProbeFinding } from "../../src/core/probe.ts";
import { clockProbe } from "../../src/health/clock-probe.ts";
import { diskProbe } from "../../src/health/disk-probe.ts";
import { engineClockProbe } from "../../src/health/engine-clock-probe.ts";
import { engineProbe } from "../../src/health/engine-probe.ts";
import { memoryProbe } from "../../src/health/memory-probe.ts";
import type { Probe } from "../../src/health/probe.ts";
import { readEngineFacts, type FoundEngine } from "../../src/health/read-engine-facts.ts";
import { engine } from "../fixtures/cli-engine.ts";
import { temporaryFolder } from "../fixtures/git-repository.ts";

const GIB = 2 ** 30;
const ENGINE = engineProbe({ describeEngine: async () => await Promise.reject(new Error("not asked here")) });

async function ask(probe: Probe): Promise<ProbeFinding> {
  const { signal } = new AbortController();
  return await probe.run({ signal, stop: signal });
}

describe("the workspace's disk", () => {
  it("is measured at the next folder above that exists, before the first night has made one", async () => {
    const asked: string[] = [];
    const freeBytes = async (folder: string): Promise<number> => {
      asked.push(folder);
      return await Promise.resolve(GIB);
    };
    expect(await ask(diskProbe({ folder: "/w/.nightwarden", freeBytes }))).toMatchObject({
      verdict: "warning",
    });
    expect(asked).toEqual(["/w/.nightwarden"]);
    const { message } = await ask(diskProbe({ folder: join(temporaryFolder(), "not", "yet") }));
    expect(message).toMatch(/^[\d.]+ (?:GiB|MiB|KiB|B) free where the workspace keeps its state/);
  });

  it("that cannot be asked is refused, with the folder", async () => {
    const folder = join("/dev/null", "below-a-file");
    await expect(ask(diskProbe({ folder }))).rejects.toMatchObject({
      code: "refused.probe",
      hint: `See that ${folder} can be reached.`,
    });
  });
});

describe("memory", () => {
  const probe = (memoryBytes: number | null): Probe =>
    memoryProbe({
      limits: { memory: 2 * GIB },
      parallel: 1,
      describeEngine: async () => await Promise.resolve({ memoryBytes }),
      engine: ENGINE,
      machine: () => ({ totalBytes: 16 * GIB, availableBytes: GIB / 2 }),
    });

  it("is this machine's, as far as it is free, where the engine runs here", async () => {
    expect(await ask(probe(16 * GIB))).toMatchObject({ verdict: "refused" });
  });

  it("is the engine's where that has a machine of its own", async () => {
    expect(await ask(probe(8 * GIB))).toEqual({
      verdict: "ok",
      message: "8 GiB of memory on the engine's machine",
    });
    expect(await ask(probe(null))).toMatchObject({ verdict: "warning" });
  });
});

describe("clocks", () => {
  const now = new Date("2026-11-20T22:00:00.000Z");
  const clock = { now: () => now, monotonicMs: () => 5000 };

  it("are compared with themselves since the start, and with the journal", async () => {
    const probe = (options: { readonly startedAgoMs: number; readonly lastEventMs?: number }): Probe =>
      clockProbe({
        clock,
        started: { wallMs: now.getTime() - options.startedAgoMs, monotonicMs: 0 },
        lastEventMs: async () => await Promise.resolve(options.lastEventMs),
      });
    expect(await ask(probe({ startedAgoMs: 5000 }))).toMatchObject({ verdict: "ok" });
    expect(await ask(probe({ startedAgoMs: 3_600_000 }))).toMatchObject({ verdict: "warning" });
    const lastEventMs = now.getTime() + 60_000;
    expect(await ask(probe({ startedAgoMs: 5000, lastEventMs }))).toMatchObject({ verdict: "warning" });
  });

  it.each([
    [0, "ok"],
    [-60_000, "warning"],
    [3_600_000, "refused"],
    [null, "warning"],
  ] as const)("of an engine that is %s ms ahead are %s", async (aheadMs, verdict) => {
    const timeMs = aheadMs === null ? null : now.getTime() + aheadMs;
    const describeEngine = async () => await Promise.resolve({ timeMs });
    expect(await ask(engineClockProbe({ clock, describeEngine, engine: ENGINE }))).toMatchObject({ verdict });
  });
});

describe("what an engine says about itself", () => {
  const found = (info: unknown, version: unknown): FoundEngine => ({
    host: "unix:///run/engine.sock",
    version: "29.1.0",
    apiVersion: "1.52",
    cgroupVersion: "2",
    docker: {
      info: async () => await Promise.resolve(info),
      version: async () => await Promise.resolve(version),
    },
  });
  const nothing = { storageDriver: null, runtime: null, timeMs: null, memoryBytes: null };

  it("is taken as far as it says it", async () => {
    expect(await readEngineFacts(found({}, {}))).toMatchObject(nothing);
    expect(await readEngineFacts(found({ SystemTime: "soon" }, { Components: null }))).toMatchObject(nothing);
    const info = {
      DefaultRuntime: "crun",
      Driver: "overlay2",
      SystemTime: "1970-01-01T00:00:01.5Z",
      MemTotal: 7,
    };
    expect(
      await readEngineFacts(found(info, { Components: [{ Name: "crun", Version: "1.2" }] })),
    ).toMatchObject({
      storageDriver: "overlay2",
      runtime: { name: "crun", version: "1.2" },
      timeMs: 1500,
      memoryBytes: 7,
    });
  });

  it.each<[string, object, object, unknown]>([
    [
      "a component",
      { DefaultRuntime: "runc", RuncCommit: { ID: "1.1.5-1+deb12u1" } },
      { Components: [{ Name: "runc", Version: "1.1.5" }] },
      { name: "runc", version: "1.1.5" },
    ],
    [
      "a component under containerd's name",
      { DefaultRuntime: "io.containerd.runc.v2" },
      { Components: [{ Name: "runc", Version: "1.3.6" }] },
      { name: "runc", version: "1.3.6" },
    ],
    [
      "what it knows of its commit",
      { DefaultRuntime: "runc", RuncCommit: { ID: "v1.3.6-0-g491b69ba" } },
      {},
      { name: "runc", version: "v1.3.6-0-g491b69ba" },
    ],
    [
      "not by a commit alone",
      { DefaultRuntime: "runc", RuncCommit: { ID: "ff819c7e9184c13b7c2607fe6c30ae19403a7aff" } },
      {},
      { name: "runc", version: null },
    ],
    [
      "not by the version of another runtime",
      { DefaultRuntime: "runsc", RuncCommit: { ID: "v1.3.6" } },
      { Components: [{ Name: "runc", Version: "1.3.6" }] },
      { name: "runsc", version: null },
    ],
    [
      "Podman's way of writing it",
      { DefaultRuntime: "crun" },
      { Components: [{ Name: "OCI Runtime (crun)", Version: "crun version 1.14.4\ncommit: a220ca66" }] },
      { name: "crun", version: "1.14.4" },
    ],
  ])("tells what starts containers by %s", async (_, info, version, runtime) => {
    expect(await readEngineFacts(found(info, version))).toMatchObject({ runtime });
  });

  it("is refused where it is nothing of the kind", async () => {
    await expect(readEngineFacts(found("<html>", {}))).rejects.toMatchObject({ code: "infra.engine" });
  });

  it("is complete on the real engine of these tests, whose clock is ours", async () => {
    const facts = await readEngineFacts(await engine());
    expect(facts.runtime).toEqual({ name: "runc", version: expect.stringMatching(/^\d+\.\d+/) as string });
    expect(facts.platform).toMatchObject({ kind: "docker-engine", rootless: false });
    expect(facts.storageDriver).toMatch(/\w/);
    expect(facts.memoryBytes).toBeGreaterThan(2 ** 28);
    expect(Math.abs((facts.timeMs ?? 0) - Date.now())).toBeLessThan(30_000);
  });
});

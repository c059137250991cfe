import { describe, expect, it } from "vitest";
import { GIB, MIB } from "../../src/core/byte-size.ts";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../src/core/duration.ts";
import { judgeClientVersion } from "../../src/core/judge-client-version.ts";
import { judgeClock, judgeEngineClock, type ClockFacts } from "../../src/core/judge-clock.ts";
import { ENGINE_DISK, judgeDisk, WORKSPACE_DISK } from "../../src/core/judge-disk.ts";
import { judgeEngine, type EngineFacts } from "../../src/core/judge-engine.ts";
import { judgeMemory, type MemoryFacts } from "../../src/core/judge-memory.ts";
import { lastProbeValues, probeFacts, type ProbeFinding, type ProbeResult } from "../../src/core/probe.ts";

/** What every finding promises, whatever it is about. */
function sound(finding: ProbeFinding): ProbeFinding {
  expect(finding.message).toMatch(/\S/);
  if (finding.verdict !== "ok") expect(finding.hint).toMatch(/\S/);
  return finding;
}

describe("free disk", () => {
  it.each([
    [WORKSPACE_DISK, 2 * GIB, "ok", "2 GiB free"],
    [WORKSPACE_DISK, 2 * GIB - 1, "warning", "2 GiB are advised"],
    [WORKSPACE_DISK, 512 * MIB, "warning", "512 MiB free"],
    [WORKSPACE_DISK, 512 * MIB - 1, "refused", "512 MiB are needed"],
    [WORKSPACE_DISK, 0, "refused", "0 B free"],
    [ENGINE_DISK, 5 * GIB, "ok", "where the engine keeps its data"],
    [ENGINE_DISK, 4 * GIB, "warning", "5 GiB are advised"],
    [ENGINE_DISK, GIB - 1, "refused", "1 GiB are needed"],
  ] as const)("%o with %d bytes: %s", (need, freeBytes, verdict, words) => {
    const finding = sound(judgeDisk(need, freeBytes));
    expect(finding.verdict).toBe(verdict);
    expect(finding.message).toContain(words);
  });
});

describe("memory", () => {
  // One sandbox of 2 GiB, its gateway and the reserve: 2.5 GiB. A small one: 1 GiB.
  const facts = { availableBytes: null, engineBytes: null, sandboxBytes: 2 * GIB, parallel: 1 };
  it.each<[string, Partial<MemoryFacts>, ProbeFinding["verdict"], string]>([
    ["enough for the whole limit", { availableBytes: 2.5 * GIB }, "ok", "2.5 GiB of memory available"],
    ["less than the limit", { availableBytes: 2.5 * GIB - 1 }, "warning", "needs 2.5 GiB"],
    ["enough for a small sandbox", { availableBytes: GIB }, "warning", "needs 2.5 GiB"],
    ["too little even for that", { availableBytes: GIB - 1 }, "refused", "even a small sandbox needs 1 GiB"],
    ["two at a time", { availableBytes: 4 * GIB, parallel: 2 }, "warning", "needs 4.8 GiB"],
    ["a limit below a small sandbox", { availableBytes: GIB, sandboxBytes: 256 * MIB }, "ok", "1 GiB"],
    ["another machine's", { engineBytes: 8 * GIB }, "ok", "8 GiB of memory on the engine's machine"],
    [
      "what is available counts, not what there is",
      { availableBytes: 1, engineBytes: GIB },
      "refused",
      "1 B",
    ],
    ["nobody knows", {}, "warning", "neither this machine nor the engine"],
  ])("%s: %o is %s", (_, changes, verdict, words) => {
    const finding = sound(judgeMemory({ ...facts, ...changes }));
    expect(finding.verdict).toBe(verdict);
    expect(finding.message).toContain(words);
  });
});

describe("this machine's clock", () => {
  const nowMs = Date.parse("2026-11-20T22:00:00.000Z");
  const facts: ClockFacts = { nowMs, wallElapsedMs: 1000, monotonicElapsedMs: 1000, lastEventMs: null };
  it.each<[string, Partial<ClockFacts>, ProbeFinding["verdict"], string]>([
    ["an ordinary evening", {}, "ok", "it is 2026-11-20T22:00:00.000Z"],
    ["never set", { nowMs: 0 }, "refused", "1970-01-01T00:00:00.000Z, which cannot be"],
    ["before this program", { nowMs: Date.parse("2025-12-31T23:59:59Z") }, "refused", "cannot be"],
    ["the far future", { nowMs: Date.parse("2100-01-01T00:00:00Z") }, "refused", "cannot be"],
    ["a small step", { wallElapsedMs: 6000 }, "ok", ""],
    ["moved on", { wallElapsedMs: 6001 + HOUR_MS }, "warning", "moved by 1h since"],
    ["moved back", { wallElapsedMs: -HOUR_MS }, "warning", "moved by 1h since"],
    ["a journal from yesterday", { lastEventMs: nowMs - 24 * HOUR_MS }, "ok", ""],
    ["a journal of this moment", { lastEventMs: nowMs + SECOND_MS }, "ok", ""],
    ["a journal from the future", { lastEventMs: nowMs + HOUR_MS }, "warning", "last event is 1h later"],
  ])("%s: %o is %s", (_, changes, verdict, words) => {
    const finding = sound(judgeClock({ ...facts, ...changes }));
    expect(finding.verdict).toBe(verdict);
    expect(finding.message).toContain(words);
  });

  it.each([
    [0, "ok", "0ms apart"],
    [30 * SECOND_MS, "ok", "30s apart"],
    [30 * SECOND_MS + 1, "warning", "30s before"],
    [-31 * SECOND_MS, "warning", "31s behind"],
    [5 * MINUTE_MS, "warning", "5m before"],
    [5 * MINUTE_MS + 1, "refused", "5m before"],
    [-2 * HOUR_MS, "refused", "2h behind"],
  ] as const)("an engine that is %d ms ahead is %s", (aheadMs, verdict, words) => {
    const finding = sound(judgeEngineClock(nowMs, nowMs + aheadMs));
    expect(finding.verdict).toBe(verdict);
    expect(finding.message).toContain(words);
  });
});

describe("an engine", () => {
  const facts: EngineFacts = {
    host: "unix:///var/run/docker.sock",
    version: "29.1.0",
    apiVersion: "1.52",
    storageDriver: "overlay2",
    cgroupVersion: "2",
    platform: { kind: "docker-engine", version: null, rootless: false, wsl: false },
    runtime: { name: "runc", version: "1.3.0" },
    timeMs: null,
    memoryBytes: null,
  };
  it.each<[string, Partial<EngineFacts>, ProbeFinding["verdict"], string]>([
    [
      "is told with all that it says",
      {},
      "ok",
      "Docker Engine, version 29.1.0, API 1.52, runc 1.3.0, overlay2, control groups v2",
    ],
    ["may have old control groups", { cgroupVersion: "1" }, "ok", "control groups v1"],
    ["without a version is none", { version: "" }, "refused", "does not say which engine it is"],
    ["without an API version is none", { apiVersion: "" }, "refused", "does not say"],
    [
      "whose runtime has no version is told so",
      { runtime: { name: "runc", version: null } },
      "ok",
      "runc of an unknown version",
    ],
    ["without a runtime is strange", { runtime: null }, "warning", "does not name its runtime"],
    ["without control groups is strange", { cgroupVersion: "unknown" }, "warning", "control groups"],
    ["that copies images is slow", { storageDriver: "vfs" }, "warning", "vfs copies whole images"],
  ])("%s", (_, changes, verdict, words) => {
    const finding = sound(judgeEngine({ ...facts, ...changes }));
    expect(finding.verdict).toBe(verdict);
    expect(finding.message).toContain(words);
  });
});

describe("a client's version", () => {
  it.each([
    ["of the first night", "2.0.0", "2.0.0", undefined, "warn", "ok"],
    ["as in the last night", "2.0.0", "2.0.0", "2.0.0", "refuse", "ok"],
    ["that has changed, where that is said", "2.0.0", "2.0.0", "1.0.0", "warn", "warning"],
    ["that has changed, where that is refused", "2.0.0", "2.0.0", "1.0.0", "refuse", "refused"],
    ["that is not the configured one", "2.0.0", "1.0.0", "1.0.0", "warn", "refused"],
    ["that nobody understands", "2.0.0", undefined, "2.0.0", "warn", "refused"],
  ] as const)(
    "%s: wanted %s, found %s, last %s, policy %s is %s",
    (_, wanted, found, previous, policy, verdict) => {
      const finding = sound(judgeClientVersion({ wanted, found, previous }, { clientChange: policy }));
      expect(finding.verdict).toBe(verdict);
      if (previous === "1.0.0" && found === wanted) {
        expect(finding.message).toBe("version 2.0.0; the last night had 1.0.0");
        expect(finding.hint).toContain("version: 1.0.0");
      }
    },
  );

  it("that was refused is not accepted by being tried again", () => {
    const night = (verdict: "ok" | "refused", value: string) =>
      ({ probe: "client", subject: "claude", verdict, value }) as const;
    const nights = [night("ok", "1.0.0"), night("refused", "2.0.0")];
    expect(lastProbeValues(nights)).toEqual(new Map([["client claude", "1.0.0"]]));
    // Control: one that was accepted counts.
    expect(lastProbeValues([...nights, night("ok", "2.0.0")]).get("client claude")).toBe("2.0.0");
  });
});

describe("the record of a night", () => {
  it("holds what was asked, and nothing about what was not", () => {
    const ok = { probe: "git", subject: "git", verdict: "ok", message: "fine", durationMs: 3 } as const;
    const results: ProbeResult[] = [
      ok,
      { probe: "image", subject: "app", verdict: "not-run", message: "not run: no engine", durationMs: 0 },
    ];
    expect(probeFacts(results)).toEqual([ok]);
  });
});

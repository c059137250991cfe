import { describe, expect, it } from "vitest";
import type { EnclosedProgram, ProgramEnd } from "../../src/sandbox/enclosed-program.ts";
import { MemoryWatch, type MemoryVerdict } from "../../src/sandbox/memory-watch.ts";

interface Scene {
  /** Whether the enclosure's own limit was reached, as it says. */
  readonly own: boolean | null | "engine gone";
  /** Kills that this machine's kernel counts while the program runs. */
  readonly hostKills: number | null;
  readonly told: readonly ("enclosure" | "shim")[];
  readonly end?: Partial<ProgramEnd>;
}

async function judge(scene: Scene): Promise<{ live: MemoryVerdict[]; end: MemoryVerdict | undefined }> {
  let tell: () => void = () => undefined;
  const program: Pick<EnclosedProgram, "onOutOfMemory" | "memoryLimitReached"> = {
    onOutOfMemory: (given) => {
      tell = given;
      return () => (tell = () => undefined);
    },
    memoryLimitReached: async () =>
      scene.own === "engine gone"
        ? await Promise.reject(new Error("no engine"))
        : await Promise.resolve(scene.own),
  };
  const live: MemoryVerdict[] = [];
  const kills = [100, ...(scene.hostKills === null ? [] : [100 + scene.hostKills])];
  let isRunning = false;
  const watch = new MemoryWatch({
    program: program as EnclosedProgram,
    onVerdict: (verdict) => live.push(verdict),
    readHostKills: () => (scene.hostKills === null ? null : (kills[isRunning ? 1 : 0] ?? null)),
  });
  watch.begin();
  isRunning = true;
  for (const who of scene.told) {
    if (who === "enclosure") tell();
    else watch.shimHasSeenKill();
  }
  const end = await watch.settle({ exitCode: 137, outOfMemory: false, ...scene.end });
  watch.dispose();
  return { live, end };
}

describe("a process that was killed for memory", () => {
  it.each<[string, Scene, live: MemoryVerdict[], end: MemoryVerdict | undefined]>([
    [
      "over its own limit, as the engine says",
      { own: true, hostKills: 1, told: ["enclosure"] },
      ["memory"],
      "host-memory",
    ],
    [
      "over its own limit, as the shim says",
      { own: true, hostKills: 1, told: ["shim"], end: { exitCode: 0 } },
      ["memory"],
      undefined,
    ],
    [
      "with an engine that cannot say whose limit it was",
      { own: null, hostKills: 1, told: ["enclosure"] },
      ["memory"],
      "host-memory",
    ],
    [
      "with an engine that has gone",
      { own: "engine gone", hostKills: 1, told: ["shim"] },
      ["memory"],
      "host-memory",
    ],
    [
      "when the machine ran out",
      { own: false, hostKills: 1, told: ["shim"] },
      ["host-memory"],
      "host-memory",
    ],
    [
      "when a group above ran out, and the engine and the shim tell",
      { own: false, hostKills: 1, told: ["enclosure", "shim"] },
      ["host-memory"],
      "host-memory",
    ],
    [
      "the whole sandbox at once, when a group above ran out",
      { own: false, hostKills: 1, told: ["enclosure"], end: { outOfMemory: true } },
      [],
      "host-memory",
    ],
    [
      "the whole sandbox at once, over its own limit",
      { own: null, hostKills: 1, told: [], end: { outOfMemory: true } },
      [],
      "memory",
    ],
    [
      "the whole sandbox at once, when the machine ran out",
      { own: null, hostKills: 1, told: [] },
      [],
      "host-memory",
    ],
  ])("%s", async (_, scene, live, end) => {
    expect(await judge(scene)).toEqual({ live, end });
  });

  it.each<[string, Scene, live: MemoryVerdict[]]>([
    [
      "a neighbour's, in a group that ran out: nothing of ours is dead",
      { own: false, hostKills: 1, told: ["enclosure"], end: { exitCode: 0, outOfMemory: true } },
      [],
    ],
    [
      "told by a program that imitates the shim: its own run is ended, and as its own doing",
      { own: false, hostKills: 0, told: ["shim"], end: { exitCode: 0 } },
      ["memory"],
    ],
    [
      "told on a machine that does not count",
      { own: false, hostKills: null, told: ["shim"], end: { exitCode: 0 } },
      ["memory"],
    ],
    ["none: the program was killed by somebody", { own: null, hostKills: 0, told: [] }, []],
  ])("%s", async (_, scene, live) => {
    expect(await judge(scene)).toEqual({ live, end: undefined });
  });
});

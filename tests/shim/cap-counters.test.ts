import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CapCounters } from "../../src/shim/cap-counters.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nw-cgroup-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The files as kernels write them, with these counts. */
const VERSIONS = {
  "version 1": (kills: number, refused: number): void => {
    mkdirSync(join(folder, "memory"), { recursive: true });
    mkdirSync(join(folder, "pids"), { recursive: true });
    const control = `oom_kill_disable 0\nunder_oom 0\noom_kill ${kills}\n`;
    writeFileSync(join(folder, "memory/memory.oom_control"), control);
    writeFileSync(join(folder, "pids/pids.events"), `max ${refused}\n`);
  },
  "version 2": (kills: number, refused: number): void => {
    const events = `low 0\nhigh 0\nmax 12\noom 3\noom_kill ${kills}\noom_group_kill 0\n`;
    writeFileSync(join(folder, "memory.events"), events);
    writeFileSync(join(folder, "pids.events"), `max ${refused}\n`);
  },
};

describe.each(Object.entries(VERSIONS))("control groups of %s", (_, write) => {
  it("tell each cap once, when its count rises above what it was at the start", () => {
    write(4, 9);
    const counters = new CapCounters(folder);
    expect(counters.reached()).toEqual([]);
    write(4, 10);
    expect(counters.reached()).toEqual(["pids"]);
    write(5, 11);
    expect(counters.reached()).toEqual(["memory"]);
    expect(counters.reached()).toEqual([]);
  });
});

it("without control groups nothing is told", () => {
  expect(new CapCounters(folder).reached()).toEqual([]);
});

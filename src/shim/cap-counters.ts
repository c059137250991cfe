import { readFileSync } from "node:fs";
import type { ShimMessage } from "../core/shim-protocol.ts";

export type CountedCap = Extract<ShimMessage, { readonly type: "cap-reached" }>["cap"];

/** By cap: files of the control group, of version 1 and 2, and the count in them that rises when the cap is reached. */
const COUNTERS: Readonly<Record<CountedCap, readonly (readonly [file: string, key: string])[]>> = {
  memory: [
    ["memory/memory.oom_control", "oom_kill"],
    ["memory.events", "oom_kill"],
  ],
  pids: [
    ["pids/pids.events", "max"],
    ["pids.events", "max"],
  ],
};

/** Watches the counters of this program's own control group, which the kernel keeps and nothing in here can set. */
export class CapCounters {
  private readonly folder: string;
  private readonly before: ReadonlyMap<CountedCap, number>;
  private readonly told = new Set<CountedCap>();

  constructor(folder = "/sys/fs/cgroup") {
    this.folder = folder;
    this.before = new Map([
      ["memory", this.read("memory")],
      ["pids", this.read("pids")],
    ]);
  }

  /** The caps that were reached since the start, each told once. */
  reached(): CountedCap[] {
    return [...this.before].flatMap(([cap, before]) => {
      if (this.told.has(cap) || this.read(cap) <= before) return [];
      this.told.add(cap);
      return [cap];
    });
  }

  private read(cap: CountedCap): number {
    for (const [file, key] of COUNTERS[cap]) {
      try {
        const text = readFileSync(`${this.folder}/${file}`, "utf8");
        const count = new RegExp(`^${key} (\\d+)$`, "m").exec(text)?.[1];
        if (count !== undefined) return Number(count);
      } catch {
        continue; // the other version of control groups, or none is mounted
      }
    }
    return 0;
  }
}

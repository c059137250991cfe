import { readFileSync } from "node:fs";
import type { SelfCheck } from "../core/event.ts";

/** What this container looks like from the inside. The supervisor decides whether it is what it asked for. */
export function selfCheck(): SelfCheck {
  const status = readFileSync("/proc/self/status", "utf8");
  const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1] ?? "";
  const id = (name: string): number => Number(field(name).split(/\s+/)[0]);
  return {
    uid: id("Uid"),
    gid: id("Gid"),
    interfaces: networkInterfaces(),
    capabilities: field("CapEff"),
    boundingCapabilities: field("CapBnd"),
    noNewPrivileges: field("NoNewPrivs") === "1",
    seccomp: Number(field("Seccomp")),
    rootReadOnly: rootIsReadOnly(),
    memoryBytes: cgroupNumber("memory/memory.limit_in_bytes", "memory.max"),
    pids: cgroupNumber("pids/pids.max", "pids.max"),
  };
}

function networkInterfaces(): string[] {
  const lines = readFileSync("/proc/net/dev", "utf8").split("\n");
  return lines.flatMap((line) => /^\s*(\S+?):/.exec(line)?.[1] ?? []);
}

function rootIsReadOnly(): boolean {
  const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
  const root = mounts.map((line) => line.split(" ")).findLast((fields) => fields[1] === "/");
  return root?.[3]?.split(",").includes("ro") ?? false;
}

/** A limit of this container's control group, in version 1 or 2; null where there is none or it cannot be read. */
function cgroupNumber(version1: string, version2: string): number | null {
  for (const file of [version1, version2]) {
    try {
      const text = readFileSync(`/sys/fs/cgroup/${file}`, "utf8").trim();
      return /^\d+$/.test(text) ? Number(text) : null;
    } catch {
      continue; // the other version of control groups, or none is mounted
    }
  }
  return null;
}

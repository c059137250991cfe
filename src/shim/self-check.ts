import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { SelfCheck } from "../core/event-fields.ts";

/** What this sandbox looks like from the inside. The supervisor decides whether it is what it asked for. */
export function selfCheck(): SelfCheck {
  // Where there is no /proc, each field says the worst: whoever needs it to be otherwise refuses.
  const status = textOf("/proc/self/status") ?? "";
  const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1] ?? "";
  return {
    uid: process.getuid?.() ?? -1,
    gid: process.getgid?.() ?? -1,
    interfaces: networkInterfaces(),
    capabilities: field("CapEff"),
    boundingCapabilities: field("CapBnd"),
    noNewPrivileges: field("NoNewPrivs") === "1",
    seccomp: Number(field("Seccomp")),
    rootReadOnly: rootIsReadOnly(),
    memoryBytes: cgroupNumber("memory/memory.limit_in_bytes", "memory.max"),
    pids: cgroupNumber("pids/pids.max", "pids.max"),
    place: {
      cwd: process.cwd(),
      home: process.env["HOME"] ?? null,
      variables: Object.keys(process.env).toSorted(),
      descriptors: openFiles(),
    },
  };
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function networkInterfaces(): string[] {
  const lines = (textOf("/proc/net/dev") ?? "unknown:").split("\n");
  return lines.flatMap((line) => /^\s*(\S+?):/.exec(line)?.[1] ?? []);
}

function rootIsReadOnly(): boolean {
  const mounts = (textOf("/proc/self/mounts") ?? "").split("\n");
  const root = mounts.map((line) => line.split(" ")).findLast((fields) => fields[1] === "/");
  return root?.[3]?.split(",").includes("ro") ?? false;
}

/** A limit of this sandbox's control group, in version 1 or 2; null where there is none or it cannot be read. */
function cgroupNumber(version1: string, version2: string): number | null {
  for (const file of [version1, version2]) {
    const text = textOf(`/sys/fs/cgroup/${file}`)?.trim();
    // Otherwise: the other version of control groups, or none is mounted.
    if (text !== undefined) return /^\d+$/.test(text) ? Number(text) : null;
  }
  return null;
}

/** What Node opens for itself: polling, waking up, and where nothing is read from. */
const OWN_DESCRIPTOR = /^(?:anon_inode:|pipe:|\/dev\/null$)/;

/** Descriptors that whoever started this program handed on: each could lead out of the sandbox. */
function openFiles(): string[] {
  const folder = "/proc/self/fd";
  let numbers: string[];
  try {
    numbers = readdirSync(folder);
  } catch {
    return ["unknown: there is no /proc"];
  }
  return numbers.flatMap((number) => {
    if (Number(number) <= 2) return [];
    try {
      const target = readlinkSync(`${folder}/${number}`);
      return OWN_DESCRIPTOR.test(target) ? [] : [target];
    } catch {
      return []; // the one with which the folder was read
    }
  });
}

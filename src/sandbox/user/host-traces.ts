import { readdirSync, readFileSync } from "node:fs";

/** One thing on this machine that bears the name of a run, or of an attempt's trees. */
export interface HostTrace {
  readonly kind: "process" | "mount" | "loop-device";
  /** A process's number, a mount's folder, a device's path. */
  readonly name: string;
  /** Of the run, or of the trees. */
  readonly id: string;
}

/**
 * Everything on this machine that bears such a name: processes by their control group, mounts and loop devices by the
 * launcher's folders. Asked of the kernel, which knows also what the launcher has forgotten. Anybody may ask.
 */
export function hostTraces(): HostTrace[] {
  const processes = namesIn("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const id = groupIn(textOf(`/proc/${pid}/cgroup`));
      return id === undefined ? [] : [{ kind: "process", name: pid, id } as const];
    });
  const devices = namesIn("/sys/block")
    .filter((name) => name.startsWith("loop"))
    .flatMap((name) => {
      const id = folderIn(textOf(`/sys/block/${name}/loop/backing_file`).trim());
      return id === undefined ? [] : [{ kind: "loop-device", name: `/dev/${name}`, id } as const];
    });
  return [...processes, ...mountsIn(textOf("/proc/self/mountinfo")), ...devices];
}

/** The run in whose control group a process is, from its /proc/PID/cgroup, of either version. */
export function groupIn(cgroup: string): string | undefined {
  return /:\/(?:[^\n]*\/)?nightwarden\/([a-z0-9-]+)(?:\/|$)/m.exec(cgroup)?.[1];
}

/** The mounts below the launcher's folders, from /proc/PID/mountinfo. */
export function mountsIn(mountinfo: string): HostTrace[] {
  return mountinfo.split("\n").flatMap((line) => {
    const place = unescaped(line.split(" ")[4] ?? "");
    const id = folderIn(place);
    return id === undefined ? [] : [{ kind: "mount", name: place, id } as const];
  });
}

function folderIn(path: string): string | undefined {
  return /\/(?:runs|trees)\/([a-z0-9-]+)\//.exec(path)?.[1];
}

/** The kernel writes white space and backslashes of a path as three octal digits. */
function unescaped(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCodePoint(Number.parseInt(digits, 8)),
  );
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // it has ended, or is nobody's
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // not on this system
  }
}

import { readdirSync, readFileSync } from "node:fs";
import { MARK_VARIABLE, type FoundMark } from "./enclosure-mark.ts";
import type { HostProcess } from "./host-process.ts";

/**
 * All processes that this user may look into, from /proc. One of another user's cannot be ours. Synchronous: a list that
 * takes long is one that is wrong, and a few hundred processes take milliseconds.
 */
export function listLinuxProcesses(): HostProcess[] {
  return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? (readProcess(name) ?? []) : []));
}

function readProcess(pid: string): HostProcess | undefined {
  const stat = textOf(pid, "stat");
  // Field 2, the name, may hold spaces and parentheses.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (!fields) return undefined;
  const [state, parent, , session] = fields;
  const threads = Number(fields[17]);
  // Dead, and only waiting for its parent to notice. One whose first thread alone has ended looks the same, and works on.
  if ((state === "Z" || state === "X") && threads <= 1) return undefined;
  const limits = textOf(pid, "limits");
  const environment = textOf(pid, "environ");
  if (limits === undefined && environment === undefined) return undefined;
  return {
    pid: Number(pid),
    parent: Number(parent),
    leader: Number(session),
    threads,
    get memoryBytes() {
      return privateBytes(pid);
    },
    mark: { variable: variableIn(environment ?? ""), locks: locksIn(limits ?? "") },
  };
}

function variableIn(environment: string): FoundMark["variable"] {
  const prefix = `${MARK_VARIABLE}=`;
  const entry = environment.split("\0").find((each) => each.startsWith(prefix));
  return entry?.slice(prefix.length);
}

/** The hard limit: the soft one is the process's own to lower and to raise again. */
function locksIn(limits: string): FoundMark["locks"] {
  const hard = /^Max file locks\s+\S+\s+(\d+)\s/m.exec(limits)?.[1];
  return hard === undefined ? undefined : BigInt(hard);
}

/** Memory of no file, which nobody shares but after a fork, and shared memory. */
function privateBytes(pid: string): number {
  const status = textOf(pid, "status") ?? "";
  const kib = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0);
  return (kib("RssAnon") + kib("RssShmem")) * 1024;
}

function textOf(pid: string, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return undefined; // it has ended, or is somebody else's
  }
}

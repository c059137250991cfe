import type { FoundMark } from "./enclosure-mark.ts";

/** One process of this machine, as far as it concerns us. */
export interface HostProcess {
  readonly pid: number;
  readonly parent: number;
  /** The process whose session, or on macOS whose group, it is in. */
  readonly leader: number;
  readonly threads: number;
  /** Memory that is its own, in bytes: what it shares with others, such as a program's code, is left out where that is known. */
  readonly memoryBytes: number;
  readonly mark: FoundMark;
}

/**
 * Those that `isMarked` accepts, and with them, however they hide it, their children and everything in a session that one
 * of them leads. Never the process that asks.
 */
export function enclosedProcesses(
  all: readonly HostProcess[],
  isMarked: (each: HostProcess) => boolean,
  self: number,
): HostProcess[] {
  const found = new Map<number, HostProcess>();
  for (const each of all) if (each.pid !== self && isMarked(each)) found.set(each.pid, each);
  if (found.size === 0) return [];
  for (let before = -1; before < found.size;) {
    before = found.size;
    for (const each of all) {
      if (each.pid !== self && (found.has(each.parent) || found.has(each.leader))) found.set(each.pid, each);
    }
  }
  return [...found.values()];
}

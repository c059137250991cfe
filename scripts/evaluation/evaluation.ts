import { readFileSync } from "node:fs";

/** What `--json` prints. A figure that was not measured is null. */
export interface Figures {
  readonly cases: number;
  readonly flagged: number;
  readonly recall: number | null;
  readonly okBlocked: number | null;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly peakMb: number;
  readonly blockPer100: number | null;
  readonly warnPer100: number | null;
}

export interface Group {
  flag: number;
  found: number;
  ok: number;
  okBlocked: number;
  okWarned: number;
}

export interface Evaluation {
  readonly figures: Figures;
  /** By language and category. */
  readonly groups: ReadonlyMap<string, Group>;
  /** What went wrong, or what was found, a line each. */
  readonly wrong: readonly string[];
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** The most memory that a running process has had, in bytes. 0 where the system does not say. */
export function peakBytes(pid: number | undefined): number {
  if (pid === undefined || process.platform !== "linux") return 0;
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(peak?.[1] ?? 0) * 1024;
}

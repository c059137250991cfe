import { failed, type FailureReason, type Outcome } from "./attempt.ts";
import { formatLimit, formatMoney, type LimitName } from "./limits.ts";

/**
 * The caps that an attempt can reach. The other limits (`cpus`, `openFiles`, `tmp`) are held by the kernel and only felt
 * inside: a program is slowed down or gets an error, and nothing is exceeded.
 */
export const CAP_NAMES = [
  "wallClock",
  "firstOutput",
  "silence",
  "verifyTime",
  "memory",
  "pids",
  "fileSize",
  "disk",
  "inodes",
  "output",
  "captureFiles",
  "captureSize",
  "changedFiles",
  "changedLines",
  "tokens",
  "cost",
  "budget.taskTokens",
  "budget.taskCost",
] as const;
export type CapName = (typeof CAP_NAMES)[number];

/** A cap that was reached: durations in milliseconds, sizes in bytes, money in US dollars, as in `Limits`. */
export interface Cap {
  readonly name: CapName;
  readonly limit: number;
  readonly seen: number;
  /** `seen` is a lower bound: the count ended where the limit was passed, or the kernel let nothing beyond it happen. */
  readonly atLeast?: boolean | undefined;
}

/** The reason that each cap gives an attempt, and what the attempt did, around the value seen. */
const CAPS: Readonly<Record<CapName, readonly [FailureReason, string, string]>> = {
  wallClock: ["cap-wall-clock", "it worked for", ""],
  firstOutput: ["cap-first-output", "it said nothing for", ""],
  silence: ["cap-silence", "it neither printed nor heard from its model for", ""],
  verifyTime: ["cap-verify-time", "the verify commands ran for", ""],
  memory: ["cap-memory", "it needed", " of memory"],
  pids: ["cap-pids", "it had", " processes and threads, and wanted more"],
  fileSize: ["cap-file-size", "it wrote", " to one file, and wanted to write more"],
  disk: ["cap-disk", "its files took", " on disk"],
  inodes: ["cap-inodes", "its tree held", " files"],
  output: ["cap-output", "it printed", ""],
  captureFiles: ["cap-capture", "its tree held", " files at the end"],
  captureSize: ["cap-capture", "its tree held", " of new and changed content"],
  changedFiles: ["cap-changed-files", "it changed", " files"],
  changedLines: ["cap-changed-lines", "it changed", " lines"],
  tokens: ["cap-tokens", "it used", " tokens"],
  cost: ["cap-cost", "it cost", ""],
  "budget.taskTokens": ["cap-tokens", "it used", " tokens"],
  "budget.taskCost": ["cap-cost", "it cost", ""],
};

/** The outcome of an attempt that reached a cap: never tried again, since the same work would cost the same. */
export function exceeded(cap: Cap): Outcome {
  const [reason, did, what] = CAPS[cap.name];
  const least = cap.atLeast ? "at least " : "";
  const detail = `${did} ${least}${formatCap(cap.name, cap.seen)}${what}, of ${formatCap(cap.name, cap.limit)} (${sourceOf(cap.name)})`;
  return failed(reason, detail, { cap });
}

/** `memory: at least 64 MiB of 64 MiB`, for a line in a list. */
export function capInWords({ name, limit, seen, atLeast }: Cap): string {
  return `${name}: ${atLeast ? "at least " : ""}${formatCap(name, seen)} of ${formatCap(name, limit)}`;
}

function formatCap(name: CapName, value: number): string {
  if (name === "budget.taskTokens") return String(value);
  return name === "budget.taskCost" ? formatMoney(value) : formatLimit(name satisfies LimitName, value);
}

function sourceOf(name: CapName): string {
  return name.startsWith("budget.") ? `left to its task, ${name}` : `limit ${name}`;
}

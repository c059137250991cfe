import { z } from "zod";
import { formatByteSize, MIB, parseByteSize } from "./byte-size.ts";
import { formatDuration, HOUR_MS, parseDuration } from "./duration.ts";
import { err, type Result } from "./result.ts";

/** Nothing in a night lasts longer than a day; timers beyond 24 days would fire at once. */
const MAX_DURATION_MS = 24 * HOUR_MS;
/** The shim is a Node program: below these no sandbox could start. */
const MIN_MEMORY_BYTES = 32 * MIB;
const MIN_PIDS = 16;
const MIN_OPEN_FILES = 64;

/** A duration in the file, whole milliseconds in the program; from 1ms to 24h. */
export const duration = quantity("a duration such as 90s, 15m or 1h30m", (text) => {
  const parsed = parseDuration(text);
  if (!parsed.ok || (parsed.value > 0 && parsed.value <= MAX_DURATION_MS)) return parsed;
  return err(`"${text}" is out of range: a duration here is more than 0 and at most 24h`);
});

/** A size in the file, bytes in the program; at least `minBytes`. */
export function byteSize(minBytes = 1) {
  return quantity("a size such as 512MiB", (text) => {
    const parsed = parseByteSize(text);
    if (!parsed.ok || parsed.value >= minBytes) return parsed;
    return err(`"${text}" is too small: at least ${formatByteSize(minBytes)} is needed`);
  });
}

/** A number with a unit, which is text in the file: a bare `30` is refused with what to write instead. */
function quantity(form: string, parse: (text: string) => Result<number, string>) {
  const text = z.string({
    error: ({ input }) => (input === undefined ? undefined : `must be ${form}, with its unit`),
  });
  return text.max(40).transform((written, context) => {
    const parsed = parse(written);
    if (parsed.ok) return parsed.value;
    context.addIssue({ code: "custom", message: parsed.error });
    return z.NEVER;
  });
}

/** US dollars. */
export const money = z.number().min(0.001).max(100_000);

function count(min = 1) {
  return z.number().int().min(min);
}

/**
 * The caps on one attempt. The phase's policy gives each a value; the workspace may lower one, never raise it, and so may
 * a task, unless the policy has a ceiling up to which a task may raise it.
 * The keys are those of the files; durations become milliseconds and sizes become bytes.
 */
export const limitsSchema = z.strictObject({
  wallClock: duration.describe("How long the agent may work. Over it the attempt is killed and rolled back."),
  firstOutput: duration.describe(
    "How long the agent may stay silent at the start: an agent that hangs is found early.",
  ),
  silence: duration.describe(
    "How long the agent may neither print nor hear from its model. A long command of its own counts: leave it time.",
  ),
  tokens: count().describe(
    "Tokens that one attempt may use, all kinds together, as the model API counts them.",
  ),
  cost: money.describe("US dollars that one attempt may cost, by the prices of its models."),
  verifyTime: duration.describe("How long all verify commands of one run may take together."),
  memory: byteSize(MIN_MEMORY_BYTES).describe(
    "Memory of the sandbox, without swap. What is written to /tmp and HOME counts.",
  ),
  cpus: z.number().min(0.1).max(1024).describe("Processors, as a number that may be fractional."),
  pids: count(MIN_PIDS).describe("Processes and threads at one time."),
  openFiles: count(MIN_OPEN_FILES).describe("Open files of each process, at one time."),
  fileSize: byteSize().describe("The largest file that a process may write."),
  tmp: byteSize().describe("Size of /tmp, and of HOME; both are in memory and end with the attempt."),
  disk: byteSize().describe(
    "What the tree may take on disk while a program works in it, the agent's own .git included; looked at every few seconds.",
  ),
  inodes: count().describe("Files, folders and links that the tree may hold while a program works in it."),
  output: byteSize().describe(
    "What the agent, or verify, may print; each line counts 80 bytes more. Over it the attempt is killed.",
  ),
  captureFiles: count().describe("Files that a tree may hold at the end, ignored ones left out."),
  captureSize: byteSize().describe("Bytes of new and changed files that are taken from a tree."),
  changedFiles: count().describe("Files that one task may add, change or delete."),
  changedLines: count().describe("Lines that one task may add and delete, together."),
});

export type Limits = z.output<typeof limitsSchema>;
export const LIMIT_NAMES = limitsSchema.keyof().options;
export type LimitName = (typeof LIMIT_NAMES)[number];

export const limitOverridesSchema = limitsSchema.partial();
export type LimitOverrides = z.output<typeof limitOverridesSchema>;

const FORMATS: Readonly<Record<LimitName, (value: number) => string>> = {
  wallClock: formatDuration,
  firstOutput: formatDuration,
  silence: formatDuration,
  tokens: String,
  cost: formatMoney,
  verifyTime: formatDuration,
  memory: formatByteSize,
  cpus: String,
  pids: String,
  openFiles: String,
  fileSize: formatByteSize,
  tmp: formatByteSize,
  disk: formatByteSize,
  inodes: String,
  output: formatByteSize,
  captureFiles: String,
  captureSize: formatByteSize,
  changedFiles: String,
  changedLines: String,
};

/** `$0.25`, `$0.0042`: two digits after the point, and more where it is less than a cent. */
export function formatMoney(usd: number): string {
  const digits = usd > 0 && usd < 0.01 ? 4 : 2;
  return `$${usd.toFixed(digits)}`;
}

/** A limit's value for a person, with its unit. */
export function formatLimit(name: LimitName, value: number): string {
  return FORMATS[name](value);
}

/** The limits that `overrides` would raise above `limits`, and above the ceiling that there may be beside one. */
export function raisedLimits(
  limits: Limits,
  overrides: LimitOverrides,
  ceilings: LimitOverrides = {},
): LimitName[] {
  return LIMIT_NAMES.filter((name) => (overrides[name] ?? 0) > ceilingOf(name, limits, ceilings));
}

/** The highest value that a task may give a limit: the limit itself, unless the policy says otherwise. */
export function ceilingOf(name: LimitName, limits: Limits, ceilings: LimitOverrides = {}): number {
  return Math.max(limits[name], ceilings[name] ?? 0);
}

/** The caps of one task: each is its own, but never above the ceiling. Raising further is refused before. */
export function taskLimits(
  limits: Limits,
  ceilings: LimitOverrides | undefined,
  overrides: LimitOverrides,
): Limits {
  const own = { ...limits };
  for (const name of LIMIT_NAMES) {
    own[name] = Math.min(overrides[name] ?? limits[name], ceilingOf(name, limits, ceilings));
  }
  return own;
}

/** `limits` with each override that lowers one. Raising is refused before (see `raisedLimits`); here it has no effect. */
export function lowerLimits(limits: Limits, overrides: LimitOverrides): Limits {
  const lowered = { ...limits };
  for (const name of LIMIT_NAMES) {
    lowered[name] = Math.min(limits[name], overrides[name] ?? limits[name]);
  }
  return lowered;
}

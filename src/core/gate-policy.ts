import { z } from "zod";
import { formatDuration } from "./duration.ts";
import { duration } from "./limits.ts";

/** The drills that a gate can ask for: planned failures, each run as a small night of its own. */
export const GATE_DRILLS = ["dangerous-symbol", "failing-test", "forbidden-import", "two-failures"] as const;

const most = z.number().int().min(0);
const least = z.number().int().min(1);

/**
 * What must have been measured before a person may move the workspace to the next phase. Each phase has some of these
 * keys; a condition that it does not have is none of its own.
 */
export const gateSchema = z.strictObject({
  landedTasks: least.optional().describe("Different tasks that have landed."),
  kinds: z.number().int().min(1).max(5).optional().describe("Kinds of tasks among them."),
  drills: z
    .array(z.enum(GATE_DRILLS))
    .max(GATE_DRILLS.length)
    .optional()
    .describe("Drills that were run, and whose last run held."),
  nights: least.optional().describe("Nights that nobody watched and that ended normally."),
  nightLength: duration.optional().describe("How long the window of such a night was, at least."),
  dockerTrial: z
    .boolean()
    .optional()
    .describe("Whether the Docker trial must have a verdict; a no is one, too."),
  tasksInNight: least.optional().describe("Tasks that landed or failed in one such night."),
  landedShare: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe("The part of the last tasks that landed; 0.8 is 80 %."),
  lastTasks: least.optional().describe("How many tasks that part is of; fewer are no sample."),
  nightsInARow: least
    .optional()
    .describe("Nights at that level, one after the other and under the same conditions."),
  capsReached: most.optional().describe("Attempts that may have reached a cap."),
  abnormalEnds: most.optional().describe("Nights that may have ended abnormally."),
  failedRollbacks: most.optional().describe("Branches that may have failed to be moved back."),
});

export type GatePolicy = z.output<typeof gateSchema>;
export type GateKey = keyof GatePolicy;

/** Of these keys a higher value asks for less. */
const AT_MOST: ReadonlySet<GateKey> = new Set(["capsReached", "abnormalEnds", "failedRollbacks"]);

/** `gate` with the changes to conditions that it has. Those to others are of another phase's gate, and do nothing here. */
export function changeGate(gate: GatePolicy, changes: GatePolicy): GatePolicy {
  const entries = Object.entries(changes).filter(
    ([key, value]) => value !== undefined && Object.hasOwn(gate, key),
  );
  return { ...gate, ...Object.fromEntries(entries) };
}

/** Every condition of `used` that asks for less than `specified` does. */
export function gateLoosenings(
  specified: GatePolicy,
  used: GatePolicy,
): { readonly key: string; readonly specified: string; readonly used: string }[] {
  return gateSchema
    .keyof()
    .options.filter((key) => asksForLess(key, specified, used))
    .map((key) => ({
      key: `gate.${key}`,
      specified: formatThreshold(key, specified),
      used: formatThreshold(key, used),
    }));
}

function asksForLess(key: GateKey, specified: GatePolicy, used: GatePolicy): boolean {
  const before = specified[key];
  const after = used[key];
  if (before === undefined) return false;
  if (after === undefined) return true;
  if (Array.isArray(before) && Array.isArray(after)) return before.some((each) => !after.includes(each));
  if (AT_MOST.has(key)) return Number(after) > Number(before);
  return Number(after) < Number(before);
}

function formatThreshold(key: GateKey, gate: GatePolicy): string {
  const value = gate[key];
  if (value === undefined) return "none";
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.join(", ");
  return key === "nightLength" ? formatDuration(Number(value)) : String(value);
}

import { z } from "zod";
import { checkLoosenings, checkOverrideSchema, checkPolicySchema } from "./check-policy.ts";
import { formatDuration } from "./duration.ts";
import { changeGate, gateLoosenings, gateSchema } from "./gate-policy.ts";
import {
  ceilingOf,
  duration,
  formatLimit,
  formatMoney,
  LIMIT_NAMES,
  limitOverridesSchema,
  limitsSchema,
  money,
} from "./limits.ts";

export const PHASES = ["1", "2a", "2b", "3"] as const;
export type Phase = (typeof PHASES)[number];

/** Isolation from weakest to strongest. */
export const ISOLATIONS = ["worktree", "user", "docker"] as const;
export type Isolation = (typeof ISOLATIONS)[number];

/** Each attempt has its own containers, and a person reads in the morning what came of all of them. */
const MAX_PARALLEL = 16;

const tokens = z.number().int().min(1);

/** Caps beside those on one attempt, which are among the limits. */
const budgetSchema = z.strictObject({
  taskTokens: tokens.describe("Tokens that all attempts of one task in a night may use together."),
  taskCost: money.describe("US dollars that all attempts of one task in a night may cost together."),
  nightTokens: tokens.describe("Tokens that a night may use."),
  nightCost: money.describe("US dollars that a night may cost."),
});

/**
 * What a phase of trust allows: the phase table of docs/phases.md, one file a phase in policies/.
 * Every value is enforced where it is named; nothing here is advice.
 */
export const policySchema = z.strictObject({
  phase: z.enum(PHASES).describe("The phase that this policy is for."),
  isolation: z.enum(ISOLATIONS).describe("The weakest isolation that is allowed."),
  unattended: z
    .union([z.literal("forbidden"), z.literal("whole-window"), duration], {
      error: "must be forbidden, whole-window or a duration such as 1h30m, of at most 24h",
    })
    .describe("How long a night without a person may be: forbidden, a duration, or the whole window."),
  retries: z.number().int().min(0).max(1).describe("Further attempts after a failure that the task caused."),
  afterFailure: z
    .enum(["stop", "breaker"])
    .describe(
      "After a failed task: stop at once, or go on until `breakerFailures` tasks in a row have failed.",
    ),
  breakerFailures: z.number().int().min(1).max(2).describe("Failed tasks in a row that stop everything."),
  order: z.enum(["listed", "dag"]).describe("As listed, one at a time; or by dependencies, in parallel."),
  parallel: z
    .number()
    .int()
    .min(1)
    .max(MAX_PARALLEL)
    .describe("Attempts that may run side by side where `order` is dag; as listed means one at a time."),
  skipping: z
    .enum(["forbidden", "dependents"])
    .describe("Whether dependents of a failed task may be skipped."),
  checkpointEvery: z.number().int().min(1).optional().describe("Landings between two full verifications."),
  budget: budgetSchema.describe("What tasks and the whole night may use of the model APIs."),
  quotaWait: duration.describe(
    "How long a night may wait for a quota to be reset. Where it takes longer, the night closes and says when to go on.",
  ),
  agentFallback: z
    .array(z.string().min(1).max(100))
    .max(10)
    .describe(
      "Agents that tasks are tried with while their own agent's quota is used up, in this order; names of nightwarden.yaml.",
    ),
  clientChange: z
    .enum(["warn", "refuse"])
    .describe("What to do where an agent's client has another version than in the last night."),
  dependencyScripts: z
    .enum(["off", "allowed"])
    .describe(
      "Whether a repository may let packages run programs of their own while they are installed: off, or allowed.",
    ),
  gate: gateSchema.describe(
    "What must have been measured before a person may promote the workspace to the next phase; docs/phases.md has the rules.",
  ),
  checks: checkPolicySchema
    .prefault({})
    .describe("What is looked for in a change before it may land; docs/checks.md has the rules."),
  ignore: z
    .array(z.string().min(1).max(500))
    .max(1000)
    .describe("Paths that are never taken from a tree, in the form of a .gitignore."),
  limits: limitsSchema.describe("The caps on one attempt."),
  taskCeilings: limitOverridesSchema
    .optional()
    .describe("Up to where a task may raise a cap for itself. A cap without a ceiling can only be lowered."),
});

export type Policy = z.output<typeof policySchema>;

/** A workspace's own policy: changes to the phase's policy, and why, where they loosen it. */
export const policyOverrideSchema = z.strictObject({
  reason: z
    .string()
    .trim()
    .min(10)
    .optional()
    .describe("Why this workspace is looser than its phase; required if it is."),
  purpose: z
    .enum(["work", "demo"])
    .default("work")
    .describe("demo: its nights are marked so, and never count as evidence for a promotion."),
  changes: policySchema
    .omit({ phase: true })
    .partial()
    .extend({
      limits: limitsSchema.partial().optional(),
      budget: budgetSchema.partial().optional(),
      gate: gateSchema.optional().describe("Other thresholds than the phase's; to lower one is a loosening."),
      checks: checkOverrideSchema.optional(),
    }),
});

export type PolicyOverride = z.output<typeof policyOverrideSchema>;

/** One value that a workspace's policy loosens, beside what the phase says. */
export interface Loosening {
  readonly key: string;
  readonly specified: string;
  readonly used: string;
}

export function applyOverride(policy: Policy, override: PolicyOverride): Policy {
  const { limits, budget, checks, gate, taskCeilings, ...rules } = override.changes;
  return {
    ...policy,
    // As listed means one at a time, also where the phase would have more.
    ...(rules.order === "listed" ? { parallel: 1 } : {}),
    ...present(rules),
    ...(taskCeilings ? { taskCeilings: { ...policy.taskCeilings, ...present(taskCeilings) } } : {}),
    limits: { ...policy.limits, ...present(limits ?? {}) },
    budget: { ...policy.budget, ...present(budget ?? {}) },
    gate: changeGate(policy.gate, gate ?? {}),
    checks: { ...policy.checks, ...present(checks ?? {}) },
  };
}

function present(values: object): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** Every value of `used` that allows more than `specified` does. Empty: the policy is as strict, or stricter. */
export function loosenings(specified: Policy, used: Policy): Loosening[] {
  const looser: [string, boolean, unknown, unknown][] = [
    [
      "isolation",
      ISOLATIONS.indexOf(used.isolation) < ISOLATIONS.indexOf(specified.isolation),
      specified.isolation,
      used.isolation,
    ],
    [
      "unattended",
      unattendedMs(used) > unattendedMs(specified),
      formatUnattended(specified),
      formatUnattended(used),
    ],
    ["retries", used.retries > specified.retries, specified.retries, used.retries],
    [
      "afterFailure",
      specified.afterFailure === "stop" && used.afterFailure === "breaker",
      specified.afterFailure,
      used.afterFailure,
    ],
    [
      "breakerFailures",
      used.breakerFailures > specified.breakerFailures,
      specified.breakerFailures,
      used.breakerFailures,
    ],
    ["order", specified.order === "listed" && used.order === "dag", specified.order, used.order],
    ["parallel", used.parallel > specified.parallel, specified.parallel, used.parallel],
    [
      "skipping",
      specified.skipping === "forbidden" && used.skipping === "dependents",
      specified.skipping,
      used.skipping,
    ],
    [
      "checkpointEvery",
      (used.checkpointEvery ?? Infinity) > (specified.checkpointEvery ?? Infinity),
      specified.checkpointEvery,
      used.checkpointEvery,
    ],
  ];
  looser.push([
    "quotaWait",
    used.quotaWait > specified.quotaWait,
    formatDuration(specified.quotaWait),
    formatDuration(used.quotaWait),
  ]);
  looser.push([
    "clientChange",
    specified.clientChange === "refuse" && used.clientChange === "warn",
    specified.clientChange,
    used.clientChange,
  ]);
  looser.push([
    "dependencyScripts",
    specified.dependencyScripts === "off" && used.dependencyScripts === "allowed",
    specified.dependencyScripts,
    used.dependencyScripts,
  ]);
  for (const each of gateLoosenings(specified.gate, used.gate)) {
    looser.push([each.key, true, each.specified, each.used]);
  }
  for (const each of checkLoosenings(specified.checks, used.checks)) {
    looser.push([each.key, true, each.specified, each.used]);
  }
  for (const name of BUDGET_NAMES) {
    const [before, after] = [specified.budget[name], used.budget[name]];
    looser.push([`budget.${name}`, after > before, formatBudget(name, before), formatBudget(name, after)]);
  }
  for (const name of LIMIT_NAMES) {
    const [before, after] = [specified.limits[name], used.limits[name]];
    looser.push([`limits.${name}`, after > before, formatLimit(name, before), formatLimit(name, after)]);
    // What a task may raise a cap to, beside what the phase lets any task have.
    const [least, most] = [
      ceilingOf(name, specified.limits, specified.taskCeilings),
      used.taskCeilings?.[name] ?? 0,
    ];
    looser.push([`taskCeilings.${name}`, most > least, formatLimit(name, least), formatLimit(name, most)]);
  }
  return looser
    .filter(([, isLooser]) => isLooser)
    .map(([key, , before, after]) => ({ key, specified: String(before), used: String(after) }));
}

const BUDGET_NAMES = budgetSchema.keyof().options;

function formatBudget(name: (typeof BUDGET_NAMES)[number], value: number): string {
  return name.endsWith("Cost") ? formatMoney(value) : String(value);
}

function formatUnattended(policy: Policy): string {
  return typeof policy.unattended === "number" ? formatDuration(policy.unattended) : policy.unattended;
}

function unattendedMs(policy: Policy): number {
  if (policy.unattended === "forbidden") return 0;
  return policy.unattended === "whole-window" ? Infinity : policy.unattended;
}

import { z } from "zod";
import { FINDING_LEVELS, type FindingLevel } from "./finding.ts";
import { LinearPattern } from "./linear-pattern.ts";

const ruleId = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{2,60}$/,
    "must be a rule's id: lower-case letters, digits and -, 3 to 61 characters",
  );
const glob = z.string().min(1).max(500);

const bannedPatternSchema = z.strictObject({
  id: ruleId.describe("Names the pattern in every finding; no built-in rule may have it."),
  pattern: z
    .string()
    .min(1)
    .max(1000)
    .superRefine((pattern, context) => {
      const parsed = LinearPattern.parse(pattern);
      if (parsed instanceof LinearPattern) return;
      const { at, reason, hint } = parsed;
      const message = `is no pattern that can be run: at character ${at + 1}, ${reason}`;
      context.addIssue({ code: "custom", message, params: { hint } });
    })
    .describe("A regular expression that is run in linear time: without look-around and back references."),
  files: z
    .array(glob)
    .max(100)
    .default([])
    .describe("Globs, in the form of a .gitignore. Default: every file."),
  level: z.enum(FINDING_LEVELS).default("block").describe("block, warn or info."),
  message: z.string().min(3).max(300).describe("What the finding says."),
});

const REPLAY = ["required", "off"] as const;

const fields = {
  replay: z
    .enum(REPLAY)
    .describe(
      "Whether the tests are run as they were on the new source, and new ones on the old, before a task may land: required, or off.",
    ),
  levels: z
    .partialRecord(ruleId, z.enum([...FINDING_LEVELS, "off"]))
    .describe("Rules with another level than their own: block, warn, info or off."),
  deniedBuiltins: z
    .partialRecord(z.enum(["javascript", "python"]), z.array(z.string().min(1).max(100)).max(500))
    .describe("Modules of the language's own library that product code may not import, by language."),
  bannedPatterns: z.array(bannedPatternSchema).max(200).describe("Patterns of your own."),
  protectedPaths: z
    .array(glob)
    .max(1000)
    .describe("Globs of paths that no task may change without a grant, beside the built-in ones."),
};

/** What a policy says about the checks before landing. */
export const checkPolicySchema = z.strictObject({
  replay: fields.replay.default("required"),
  levels: fields.levels.default({}),
  deniedBuiltins: fields.deniedBuiltins.default({}),
  bannedPatterns: fields.bannedPatterns.default([]),
  protectedPaths: fields.protectedPaths.default([]),
});
export type CheckPolicy = z.output<typeof checkPolicySchema>;

/** The same in a workspace's own policy: what is left out is as the phase has it. */
export const checkOverrideSchema = z.strictObject(fields).partial();

/** What of `used` finds less than `specified`: as in `loosenings`, with the values as a person reads them. */
export function checkLoosenings(
  specified: CheckPolicy,
  used: CheckPolicy,
): { readonly key: string; readonly specified: string; readonly used: string }[] {
  const levels = Object.entries(used.levels).flatMap(([rule, level]) => {
    const before = specified.levels[rule];
    // The rule's own level is not known here; to set less than the strictest is taken to loosen it.
    if (level === undefined || rank(level) <= rank(before ?? "block")) return [];
    return [{ key: `checks.levels.${rule}`, specified: before ?? "the rule's own", used: level }];
  });
  const missing = Object.entries(specified.deniedBuiltins).flatMap(([language, names]) => {
    const kept = used.deniedBuiltins[language as keyof CheckPolicy["deniedBuiltins"]] ?? [];
    const allowed = names.filter((name) => !kept.includes(name));
    if (allowed.length === 0) return [];
    return [
      {
        key: `checks.deniedBuiltins.${language}`,
        specified: names.join(", "),
        used: kept.join(", ") || "none",
      },
    ];
  });
  const replay =
    specified.replay === "required" && used.replay === "off"
      ? [{ key: "checks.replay", specified: specified.replay, used: used.replay }]
      : [];
  return [...replay, ...levels, ...missing];
}

function rank(level: FindingLevel | "off"): number {
  return ["block", "warn", "info", "off"].indexOf(level);
}

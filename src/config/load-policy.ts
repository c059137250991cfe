import { fileURLToPath } from "node:url";
import { z } from "zod";
import {
  applyOverride,
  loosenings,
  policyOverrideSchema,
  policySchema,
  type Loosening,
  type Phase,
  type Policy,
  type PolicyOverride,
} from "../core/policy.ts";
import type { Problem } from "../core/problem.ts";
import { err, ok, type Result } from "../core/result.ts";
import { nearMiss } from "../core/near-miss.ts";
import { shortText, type Issue } from "./issue.ts";
import type { YamlFile } from "./parse-yaml.ts";
import { recordOf } from "./record-of.ts";
import { readYaml } from "./read-yaml.ts";
import { levelIssues, type RuleIds } from "./rule-issues.ts";
import { validate } from "./validate.ts";

/** Beside `src/` in a checkout and beside `dist/` in an installed package. */
const POLICIES = new URL("../../policies/", import.meta.url);

/** What a phase allows, as the package has it. */
export async function loadPhasePolicy(phase: Phase): Promise<Result<Policy, Problem[]>> {
  const path = fileURLToPath(new URL(`phase-${phase}.yaml`, POLICIES));
  const file = await readYaml({ path, name: path });
  if (!file.ok) return file;
  const policy = validate(policySchema, file.value.value);
  return policy.ok ? policy : err(policy.error.map(file.value.problem));
}

/** The policy that a workspace uses, and what of it is looser than its phase. */
export interface AppliedPolicy {
  readonly policy: Policy;
  readonly purpose: PolicyOverride["purpose"];
  readonly reason: string | undefined;
  readonly loosened: readonly Loosening[];
}

/** What a policy's file may name. */
interface KnownNames {
  readonly ruleIds: RuleIds;
  /** undefined: nightwarden.yaml is broken there, and nothing is checked against it. */
  readonly agents: readonly string[] | undefined;
}

/** The phase's policy with the changes of the workspace's own file. To be looser than the phase needs a reason. */
export function changePolicy(
  specified: Policy,
  file: YamlFile,
  { ruleIds, agents }: KnownNames,
): Result<AppliedPolicy, Problem[]> {
  const parsed = validate(policyOverrideSchema, file.value);
  const { purpose, reason, changes } = parsed.ok ? parsed.value : readableParts(file.value);
  const policy = applyOverride(specified, { purpose, changes });
  const loosened = loosenings(specified, policy);
  const unexplained = recordOf(file.value)["reason"] === undefined ? loosened : [];
  const issues = [
    ...(parsed.ok ? [] : parsed.error),
    ...levelIssues(file.value, ruleIds),
    ...unexplained.map((loosening) => withoutReason(specified.phase, loosening)),
    ...sideBySideAsListed(policy, changes),
    ...unknownFallbacks(changes.agentFallback ?? [], agents),
  ];
  return issues.length > 0 ? err(issues.map(file.problem)) : ok({ policy, purpose, reason, loosened });
}

/** What can be read of a file that is broken elsewhere: one mistake should not hide the next. */
function readableParts(value: unknown): PolicyOverride {
  const { changes, ...others } = policyOverrideSchema.shape;
  const { limits, ...rules } = changes.shape;
  const file = recordOf(value);
  const written = recordOf(file["changes"]);
  const caps = accepted(limits.unwrap().shape, recordOf(written["limits"]));
  return policyOverrideSchema.parse({
    ...accepted(others, file),
    changes: { ...accepted(rules, written), limits: caps },
  });
}

/** Those of `values` that their schemas accept. */
function accepted(
  schemas: z.ZodRawShape,
  values: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const entries = Object.entries(schemas).filter(([key, schema]) => z.safeParse(schema, values[key]).success);
  return Object.fromEntries(entries.map(([key]) => [key, values[key]]));
}

function withoutReason(phase: Phase, { key, specified, used }: Loosening): Issue {
  return {
    path: ["changes", ...key.split(".")],
    message: `${used} is looser than phase ${phase} allows (${specified}), and the file gives no reason`,
    hint: "add `reason:` with a sentence; every summary prints it beside the phase's value",
  };
}

/** Accepting it would be a promise that nothing keeps. */
function sideBySideAsListed({ order }: Policy, { parallel = 1 }: PolicyOverride["changes"]): Issue[] {
  if (order === "dag" || parallel === 1) return [];
  return [
    {
      path: ["changes", "parallel"],
      message: `${parallel} attempts side by side need \`order: dag\`: as listed means one at a time`,
      hint: "delete the line, or add order: dag",
    },
  ];
}

function unknownFallbacks(fallback: readonly string[], agents: readonly string[] | undefined): Issue[] {
  if (!agents) return [];
  return fallback.flatMap((name, index) => {
    if (agents.includes(name)) return [];
    const suggestion = nearMiss(name, agents);
    const hint = suggestion
      ? `did you mean "${shortText(suggestion)}"?`
      : `there is: ${agents.map(shortText).join(", ")}`;
    const message = `there is no agent "${shortText(name)}" in nightwarden.yaml`;
    return [{ path: ["changes", "agentFallback", index], message, hint }];
  });
}

import { join, resolve } from "node:path";
import { MIB } from "../core/byte-size.ts";
import { lowerLimits, type Limits } from "../core/limits.ts";
import { nearMiss } from "../core/near-miss.ts";
import type { Plan, PlanFile } from "../core/plan.ts";
import type { Phase, Policy } from "../core/policy.ts";
import type { Problem } from "../core/problem.ts";
import { err, ok, type Result } from "../core/result.ts";
import { checkPlaces } from "./check-places.ts";
import type { Config } from "./config.ts";
import { contentHash } from "./content-hash.ts";
import { shortText, type Issue } from "./issue.ts";
import { changePolicy, loadPhasePolicy, type AppliedPolicy } from "./load-policy.ts";
import { capIssues, parsePlan, type PlanContext } from "./parse-plan.ts";
import type { YamlFile } from "./parse-yaml.ts";
import { priceIssues } from "./price-issues.ts";
import { readYaml } from "./read-yaml.ts";
import { recordOf } from "./record-of.ts";
import type { RuleIds } from "./rule-issues.ts";
import { resolveConfig } from "./resolve-config.ts";
import { resolvePlan } from "./resolve-plan.ts";
import { configSchema } from "./schema.ts";
import { scriptIssues } from "./script-issues.ts";
import { sketchConfig, type ConfigSketch } from "./sketch-config.ts";
import { validate } from "./validate.ts";

/** A workspace is the folder that holds a file of this name. */
export const CONFIG_FILE = "nightwarden.yaml";

/** Everything that a workspace's files say, checked against each other. */
export interface LoadedWorkspace extends AppliedPolicy {
  readonly config: Config;
  readonly plan: Plan;
  /** The policy's caps, lowered by the workspace. A task's own limits lower them further, or raise them up to a ceiling of the policy. */
  readonly limits: Limits;
  /** Of what nightwarden.yaml says, wherever the workspace is. */
  readonly configHash: string;
  /** Of the policy as it is applied, and of its purpose. */
  readonly policyHash: string;
}

/** As many tasks as a plan may have, with prompts of some lines: plans are made by programs, too. */
const MAX_PLAN_BYTES = 32 * MIB;
/** Beyond this many, problems are counted and no longer listed. */
const MAX_PROBLEMS = 100;

/**
 * Loads a workspace: nightwarden.yaml, the policy of `phase` with the workspace's changes, and the plan. Starts nothing
 * and looks into no repository. The error is every problem of all these files, in their order: a mistake in one place
 * does not hide those in others.
 */
export async function loadConfig(
  workspaceDir: string,
  {
    phase = "1",
    ruleIds = () => [],
  }: {
    readonly phase?: Phase;
    /** The checks' rules, which the files may name. Absent: there are none. */
    readonly ruleIds?: RuleIds;
  } = {},
): Promise<Result<LoadedWorkspace, Problem[]>> {
  const file = await readYaml({
    path: join(workspaceDir, CONFIG_FILE),
    name: CONFIG_FILE,
    missingHint: "`nightwarden init` writes one; or go to the folder that has it",
  });
  if (!file.ok && file.error.every(isAboutWholeFile)) return file;
  const yaml = file.ok ? file.value : undefined;
  const sketch = sketchConfig(yaml?.value);
  const workspace: Workspace = { yaml, sketch, workspaceDir };
  const config = yaml ? validate(configSchema, yaml.value) : err([]);

  const specified = await loadPhasePolicy(phase);
  const applied = specified.ok ? await loadPolicy(specified.value, workspace, ruleIds) : specified;
  const caps = applied.ok ? applied.value.policy.limits : undefined;
  const context: PlanContext = {
    repositories: sketch.repositories,
    unprepared: sketch.unprepared,
    agents: sketch.agents,
    limits: caps && lowerLimits(caps, sketch.limits),
    ceilings: applied.ok ? applied.value.policy.taskCeilings : undefined,
    order: applied.ok ? applied.value.policy.order : undefined,
    ruleIds,
    ownRules: applied.ok ? applied.value.policy.checks.bannedPatterns.map(({ id }) => id) : [],
  };
  const plan = await loadPlan(context, workspace);

  const issues = [
    ...(config.ok ? [] : config.error),
    ...defaultAgentIssues(sketch),
    ...priceIssues(yaml?.value),
    ...(config.ok && applied.ok ? scriptIssues(config.value, applied.value.policy) : []),
    ...(caps ? capIssues({ path: ["limits"], caps, limits: sketch.limits }) : []),
    ...(await checkPlaces(sketch.places, workspaceDir)),
  ];
  const problems = [
    file.ok ? issues.map(file.value.problem) : file.error,
    applied.ok ? [] : applied.error,
    plan.ok ? [] : plan.error,
  ];
  if (!config.ok || !applied.ok || !plan.ok || problems.some((ofFile) => ofFile.length > 0)) {
    return err(listProblems(problems.flat()));
  }
  const resolved = resolveConfig(config.value, workspaceDir);
  const { policy, purpose } = applied.value;
  return ok({
    ...applied.value,
    config: resolved,
    plan: resolvePlan(plan.value, resolved),
    limits: lowerLimits(policy.limits, resolved.limits),
    configHash: contentHash(config.value),
    policyHash: contentHash({ ...policy, purpose }),
  });
}

/** nightwarden.yaml, as far as it could be read, for the files that it names. */
interface Workspace {
  /** undefined: it is not even YAML. */
  readonly yaml: YamlFile | undefined;
  readonly sketch: ConfigSketch;
  readonly workspaceDir: string;
}

async function loadPolicy(
  specified: Policy,
  workspace: Workspace,
  ruleIds: RuleIds,
): Promise<Result<AppliedPolicy, Problem[]>> {
  const { yaml, sketch } = workspace;
  if (sketch.policy === undefined) {
    // Named, but broken: which caps hold is not known.
    return hasKey(yaml, "policy")
      ? err([])
      : ok({ policy: specified, purpose: "work", reason: undefined, loosened: [] });
  }
  const file = await readNamedFile("policy", sketch.policy, workspace);
  return file.ok ? changePolicy(specified, file.value, { ruleIds, agents: sketch.agents }) : file;
}

async function loadPlan(context: PlanContext, workspace: Workspace): Promise<Result<PlanFile, Problem[]>> {
  const { yaml, sketch } = workspace;
  if (sketch.plan === undefined) return err([]);
  const file = await readNamedFile("plan", sketch.plan, workspace);
  if (!file.ok) {
    // Which file is the plan is a guess where nightwarden.yaml cannot be read: that it is missing is then no problem.
    return yaml ? file : err(file.error.filter((problem) => !isAboutWholeFile(problem)));
  }
  const plan = parsePlan(file.value.value, context);
  return plan.ok ? plan : err(plan.error.map(file.value.problem));
}

/** Reads a file that nightwarden.yaml names. That it cannot be read at all is a problem of the line that names it. */
async function readNamedFile(
  key: "plan" | "policy",
  name: string,
  { yaml, workspaceDir }: Workspace,
): Promise<Result<YamlFile, Problem[]>> {
  const path = resolve(workspaceDir, name);
  const missingHint = `looked for a file at ${path}${key === "plan" ? "; `nightwarden init` writes an example" : ""}`;
  const file = await readYaml({
    path,
    name,
    missingHint,
    ...(key === "plan" ? { maxBytes: MAX_PLAN_BYTES } : {}),
  });
  if (file.ok || !yaml || !hasKey(yaml, key)) return file;
  return err(
    file.error.map((problem) =>
      isAboutWholeFile(problem)
        ? { ...problem, ...yaml.problem({ path: [key], message: `${name} ${problem.message}` }) }
        : problem,
    ),
  );
}

function defaultAgentIssues({ agent, agents }: ConfigSketch): Issue[] {
  if (!agents || agent === undefined || (agent === null && agents.length === 1)) return [];
  const path = ["agent"];
  const all = agents.map(shortText).join(", ");
  if (agent === null) {
    return [{ path, message: "is missing: there is more than one agent", hint: `one of ${all}` }];
  }
  if (agents.includes(agent)) return [];
  const suggestion = nearMiss(agent, agents);
  const hint = suggestion ? `did you mean "${suggestion}"?` : `there is: ${all}`;
  return [{ path, message: `there is no agent "${shortText(agent)}" under agents`, hint }];
}

function hasKey(yaml: YamlFile | undefined, key: string): boolean {
  return Object.hasOwn(recordOf(yaml?.value), key);
}

function isAboutWholeFile(problem: Problem): boolean {
  return problem.line === 0;
}

/** By file, in the order in which the files first come, and then by place. */
function listProblems(problems: readonly Problem[]): Problem[] {
  const files = [...new Set(problems.map(({ file }) => file))];
  const sorted = problems.toSorted(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  );
  const listed = sorted.slice(0, MAX_PROBLEMS);
  const unlisted = sorted[MAX_PROBLEMS];
  if (unlisted) {
    listed.push({
      ...unlisted,
      message: `… and ${sorted.length - MAX_PROBLEMS} more problems, from here on`,
    });
  }
  return listed;
}

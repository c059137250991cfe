import { TASK_ID } from "../core/ids.ts";
import {
  ceilingOf,
  formatLimit,
  limitOverridesSchema,
  raisedLimits,
  type LimitOverrides,
  type Limits,
} from "../core/limits.ts";
import { nearMiss } from "../core/near-miss.ts";
import { findCycle, forwardDependencies } from "../core/plan-order.ts";
import { MAX_TASKS, planSchema, type PlanFile } from "../core/plan.ts";
import type { Policy } from "../core/policy.ts";
import { err, type Result } from "../core/result.ts";
import { shortText, type Issue } from "./issue.ts";
import { isRecord, recordOf } from "./record-of.ts";
import { grantIssues, type RuleIds } from "./rule-issues.ts";
import { validate } from "./validate.ts";

/** What a plan is checked against. undefined: the configuration is broken there, and nothing is checked against it. */
export interface PlanContext {
  readonly repositories: readonly string[] | undefined;
  /** Repositories for which nothing is installed. */
  readonly unprepared: readonly string[];
  readonly agents: readonly string[] | undefined;
  /** The caps that a task may lower. */
  readonly limits: Limits | undefined;
  /** The values up to which a task may raise some of them. */
  readonly ceilings: LimitOverrides | undefined;
  readonly order: Policy["order"] | undefined;
  /** The checks' rules, and those of the policy's own. */
  readonly ruleIds: RuleIds;
  readonly ownRules: readonly string[];
}

/** Cycles that are told apart in one go. More than that is one mistake, not many. */
const MAX_CYCLES = 10;
const MAX_CYCLE_SHOWN = 20;
/** Suggestions cost a look at every task; the first ones show what went wrong. */
const MAX_SUGGESTIONS = 50;

/** The plan of a file's value, or everything that is wrong with it. Takes linear time: 10,000 tasks are a moment. */
export function parsePlan(value: unknown, context: PlanContext): Result<PlanFile, Issue[]> {
  const plan = validate(planSchema, value);
  const tasks = sketchTasks(value);
  const issues = [
    ...(plan.ok ? [] : plan.error),
    ...duplicateIds(tasks),
    ...unknownNames(tasks, context),
    ...raisedCaps(tasks, context),
    ...ungrantable(tasks, context),
    ...brokenDependencies(tasks, context.order),
    ...grantIssues(value, context.ruleIds, context.ownRules),
  ];
  return plan.ok && issues.length === 0 ? plan : err(issues);
}

/** What can be read of a task, also where the rest of it is broken: one mistake should not hide the next. */
interface TaskSketch {
  readonly index: number;
  readonly id: string | undefined;
  /** The entries as written, so that an index is one of the file; undefined where an entry is not an id. */
  readonly dependsOn: readonly (string | undefined)[];
  readonly repo: unknown;
  readonly agent: unknown;
  readonly limits: LimitOverrides;
  /** It is granted dependencies. */
  readonly grantsDependencies: boolean;
}

function sketchTasks(value: unknown): TaskSketch[] {
  const { tasks } = recordOf(value);
  // A plan with too many tasks is refused for that alone.
  if (!Array.isArray(tasks) || tasks.length > MAX_TASKS) return [];
  return tasks.flatMap((task: unknown, index) => {
    if (!isRecord(task)) return [];
    const { id, dependsOn, repo, agent, grants, limits: written } = task;
    const limits = limitOverridesSchema.safeParse(written);
    return {
      index,
      id: taskId(id),
      dependsOn: Array.isArray(dependsOn) ? dependsOn.map(taskId) : [],
      repo,
      agent,
      limits: limits.success ? limits.data : {},
      grantsDependencies: isFilled(recordOf(grants)["dependencies"]),
    };
  });
}

function isFilled(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

function taskId(value: unknown): string | undefined {
  return typeof value === "string" && TASK_ID.test(value) ? value : undefined;
}

function duplicateIds(tasks: readonly TaskSketch[]): Issue[] {
  const firstIndex = new Map<string, number>();
  return tasks.flatMap(({ id, index }) => {
    if (id === undefined) return [];
    const first = firstIndex.get(id);
    if (first === undefined) {
      firstIndex.set(id, index);
      return [];
    }
    const hint = `tasks[${first}] has it already; an id names one task in every report`;
    return { path: ["tasks", index, "id"], message: `"${id}" is the id of another task`, hint };
  });
}

function unknownNames(tasks: readonly TaskSketch[], { repositories, agents }: PlanContext): Issue[] {
  return tasks.flatMap(({ index, repo, agent }) => [
    ...(repositories ? unknownRepository(["tasks", index, "repo"], repo, repositories) : []),
    ...(agents && typeof agent === "string" && !agents.includes(agent)
      ? [unknownName(["tasks", index, "agent"], "agent", agent, agents)]
      : []),
  ]);
}

function unknownRepository(
  path: readonly PropertyKey[],
  repo: unknown,
  repositories: readonly string[],
): Issue[] {
  if (repo === undefined && repositories.length > 1) {
    const hint = `there is more than one: ${repositories.map(shortText).join(", ")}`;
    return [{ path, message: "is missing: the task must name its repository", hint }];
  }
  if (typeof repo !== "string" || repositories.includes(repo)) return [];
  return [unknownName(path, "repository", repo, repositories)];
}

function ungrantable(tasks: readonly TaskSketch[], { repositories, unprepared }: PlanContext): Issue[] {
  return tasks.flatMap(({ index, repo, grantsDependencies }) => {
    const name = repo ?? (repositories?.length === 1 ? repositories[0] : undefined);
    if (!grantsDependencies || typeof name !== "string" || !unprepared.includes(name)) return [];
    return [
      {
        path: ["tasks", index, "grants", "dependencies"],
        message: `nothing is installed for "${shortText(name)}": nightwarden.yaml says prepare: none`,
        hint: "write prepare: auto, or bring the package in the image",
      },
    ];
  });
}

function unknownName(
  path: readonly PropertyKey[],
  what: string,
  name: string,
  known: readonly string[],
): Issue {
  const suggestion = nearMiss(name, known);
  return {
    path,
    message: `there is no ${what} "${shortText(name)}" in nightwarden.yaml`,
    hint: suggestion
      ? `did you mean "${shortText(suggestion)}"?`
      : `there is: ${known.map(shortText).join(", ")}`,
  };
}

function raisedCaps(tasks: readonly TaskSketch[], { limits: caps, ceilings }: PlanContext): Issue[] {
  if (!caps) return [];
  return tasks.flatMap(({ index, limits }) =>
    capIssues({ path: ["tasks", index, "limits"], caps, ceilings, limits }),
  );
}

/** An issue for every limit at `path` that is above its cap. */
export function capIssues(options: {
  readonly path: readonly PropertyKey[];
  readonly caps: Limits;
  readonly limits: LimitOverrides;
  /** Up to where they may be raised here; absent: they can only be lowered. */
  readonly ceilings?: LimitOverrides | undefined;
}): Issue[] {
  const { path, caps, limits, ceilings } = options;
  return raisedLimits(caps, limits, ceilings).map((name) => {
    const hasCeiling = (ceilings?.[name] ?? 0) > caps[name];
    const what = hasCeiling ? "the policy's ceiling for tasks" : "the cap";
    return {
      path: [...path, name],
      message: `${formatLimit(name, limits[name] ?? 0)} is above ${what} of ${formatLimit(name, ceilingOf(name, caps, ceilings))}`,
      hint: hasCeiling
        ? "a policy file of the workspace can raise taskCeilings, with a reason"
        : "limits can only be lowered here; a policy file of the workspace can raise a cap, with a reason",
    };
  });
}

function brokenDependencies(tasks: readonly TaskSketch[], order: Policy["order"] | undefined): Issue[] {
  const byId = new Map<string, TaskSketch>();
  for (const task of tasks) if (task.id !== undefined && !byId.has(task.id)) byId.set(task.id, task);
  const nodes = [...byId].map(([id, { dependsOn }]) => {
    // A task that depends on itself has an issue of its own.
    return {
      id,
      dependsOn: dependsOn.flatMap((dependency) => (dependency === id ? [] : (dependency ?? []))),
    };
  });
  const pathOf = (task: string, dependency: string): PropertyKey[] => {
    const { index = 0, dependsOn = [] } = byId.get(task) ?? {};
    return ["tasks", index, "dependsOn", dependsOn.indexOf(dependency)];
  };

  const cycles = findCycles(nodes);
  const inCycle = new Set(cycles.flat());
  const forward = order === "listed" ? forwardDependencies(nodes) : [];
  return [
    ...unmetDependencies(tasks, byId),
    ...cycles.map(([first = "", second = "", ...rest]) => ({
      path: pathOf(first, second),
      message: `these tasks wait for each other: ${showCycle([first, second, ...rest])}`,
      hint: "take one of these dependencies away",
    })),
    ...forward
      .filter(({ task }) => !inCycle.has(task))
      .map(({ task, dependency }) => ({
        path: pathOf(task, dependency),
        message: `"${task}" depends on "${dependency}", which is listed after it`,
        hint: `move "${dependency}" up: before phase 3 tasks run one at a time, as listed`,
      })),
  ];
}

function unmetDependencies(tasks: readonly TaskSketch[], byId: ReadonlyMap<string, TaskSketch>): Issue[] {
  let suggestions = 0;
  const suggest = (dependency: string): string | undefined => {
    suggestions += 1;
    if (suggestions > MAX_SUGGESTIONS) return undefined;
    return nearMiss(
      dependency,
      tasks.flatMap(({ id }) => id ?? []),
    );
  };
  return tasks.flatMap(({ index, id, dependsOn }) =>
    dependsOn.flatMap((dependency, entry): Issue[] => {
      const path = ["tasks", index, "dependsOn", entry];
      if (dependency === undefined) return [];
      if (dependency === id) {
        return [{ path, message: `"${id}" depends on itself`, hint: "delete the entry" }];
      }
      if (byId.has(dependency)) return [];
      const suggestion = suggest(dependency);
      const hint = suggestion
        ? `did you mean "${suggestion}"?`
        : "a dependency is the id of a task of this plan";
      return [{ path, message: `there is no task "${dependency}"`, hint }];
    }),
  );
}

/** Cycles that share no task, each with its first id repeated at the end. */
function findCycles(
  nodes: readonly { readonly id: string; readonly dependsOn: readonly string[] }[],
): string[][] {
  const cycles: string[][] = [];
  let rest = nodes;
  for (let cycle = findCycle(rest); cycle && cycles.length < MAX_CYCLES; cycle = findCycle(rest)) {
    const found = new Set(cycle);
    cycles.push(cycle);
    rest = rest.filter((node) => !found.has(node.id));
  }
  return cycles;
}

function showCycle(ids: readonly string[]): string {
  if (ids.length <= MAX_CYCLE_SHOWN) return ids.join(" → ");
  const hidden = ids.length - MAX_CYCLE_SHOWN;
  return [...ids.slice(0, MAX_CYCLE_SHOWN - 1), `(${hidden} more)`, ids.at(-1)].join(" → ");
}

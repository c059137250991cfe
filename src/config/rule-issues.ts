import { nearMiss } from "../core/near-miss.ts";
import { shortText, type Issue } from "./issue.ts";
import { isRecord, recordOf } from "./record-of.ts";

/** The ids of all rules. Called where a file names one: reading all of them takes a moment. */
export type RuleIds = () => readonly string[];

/** Rules that a policy file gives levels to, and that do not exist: a level that is never used would be a promise that nothing keeps. */
export function levelIssues(policy: unknown, ruleIds: RuleIds): Issue[] {
  const checks = recordOf(recordOf(recordOf(policy)["changes"])["checks"]);
  const patterns = Array.isArray(checks["bannedPatterns"]) ? checks["bannedPatterns"] : [];
  const own = patterns.map((pattern: unknown) => recordOf(pattern)["id"]);
  const path = ["changes", "checks"];
  return [
    ...Object.keys(recordOf(checks["levels"])).flatMap((id) =>
      own.includes(id) ? [] : unknownRule([...path, "levels", id], id, ruleIds()),
    ),
    ...own.flatMap((id, index) =>
      typeof id === "string" && ruleIds().includes(id)
        ? [
            {
              path: [...path, "bannedPatterns", index, "id"],
              message: `"${id}" is the id of a built-in rule`,
              hint: "give the pattern a name of its own, such as own-" + id,
            },
          ]
        : [],
    ),
  ];
}

/** Rules that tasks are granted, and that neither exist nor are patterns of the policy's own. */
export function grantIssues(plan: unknown, ruleIds: RuleIds, own: readonly string[]): Issue[] {
  const { tasks } = recordOf(plan);
  if (!Array.isArray(tasks)) return [];
  return tasks.flatMap((task: unknown, index) => {
    const rules = isRecord(task) ? recordOf(task["grants"])["rules"] : undefined;
    if (!Array.isArray(rules)) return [];
    return rules.flatMap((id: unknown, at) =>
      typeof id !== "string" || own.includes(id)
        ? []
        : unknownRule(["tasks", index, "grants", "rules", at], id, ruleIds()),
    );
  });
}

function unknownRule(path: readonly PropertyKey[], id: string, ids: readonly string[]): Issue[] {
  if (ids.includes(id)) return [];
  const suggestion = nearMiss(id, ids);
  const hint = suggestion
    ? `did you mean "${suggestion}"?`
    : "each finding names its rule; nightwarden inspect --explain RULE says what it is for";
  return [{ path, message: `there is no rule "${shortText(id)}"`, hint }];
}

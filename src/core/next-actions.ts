import type { DrillVerdict } from "./canary.ts";
import type { NightEnd } from "./night-events.ts";
import type { NightId } from "./ids.ts";
import type { RepositorySummary } from "./repository-summary.ts";
import type { TaskSummary } from "./task-summary.ts";

/** Something for a person to do, with the command that does it. */
export interface NextAction {
  readonly why: string;
  /** Ready to be pasted into a shell. */
  readonly command: string;
}

const MAX_ACTIONS = 3;
/** How the detail of a task begins whose dependency landed outside tonight's base (see next-step.ts). */
const UNMERGED = "dependency-unmerged";

/**
 * What to do now, by urgency:
 * 1. tasks that wait until a person merges what landed in an earlier night
 * 2. what keeps the next night from working
 * 3. results that have not arrived
 * 4. tasks that only a person can bring back
 * 5. results to look at
 * 6. tasks that wait for another night
 */
export function nextActions(facts: {
  readonly night: NightId;
  readonly end: NightEnd | null;
  /** Something was left that could not be removed. */
  readonly hasLeaked: boolean;
  readonly tasks: readonly TaskSummary[];
  readonly repositories: readonly RepositorySummary[];
  /** What the containment drill said; undefined: it had no turn. */
  readonly containment: DrillVerdict | undefined;
}): NextAction[] {
  const { night, end, hasLeaked, tasks, repositories, containment } = facts;
  const actions: NextAction[] = [];
  const unmerged = tasks.filter((task) => task.why?.startsWith(UNMERGED));
  const waiting = repositories.find(({ repo }) => repo === unmerged[0]?.repo);
  if (waiting) {
    const ids = unmerged.map((task) => task.id).join(", ");
    const command = `git -C ${shellQuoted(waiting.path)} branch --no-merged --list 'nightwarden/*'`;
    actions.push({
      why: `Merge what earlier nights landed, or declare it merged: ${ids} cannot start before`,
      command,
    });
  }
  if (hasLeaked) {
    actions.push({
      why: "Let what was left be removed: no night starts before",
      command: "nightwarden doctor --repair",
    });
  } else if (end === "refused" && (containment === "survived" || containment === "inconclusive")) {
    actions.push({
      why: "Find out why the sandbox does not hold before the next night",
      command: "nightwarden drill containment",
    });
  } else if (end === "rollback-failed") {
    const unmoved = repositories.find(({ uncovered }) => (uncovered ?? 0) > 0) ?? repositories[0];
    if (unmoved) {
      const command = `git -C ${shellQuoted(unmoved.path)} log --oneline ${unmoved.checkpoint ?? unmoved.base}..${unmoved.branch}`;
      actions.push({ why: "See what is on the branch and has not passed, before the next night", command });
    }
  } else if (end === "infra" || end === "auth" || end === "refused") {
    actions.push({ why: "Find out what is wrong before the next night", command: "nightwarden doctor" });
  }
  if (repositories.some((repository) => repository.deferred !== null && !repository.delivered)) {
    actions.push({
      why: "Fetch results that could not be delivered",
      command: `nightwarden deliver ${night}`,
    });
  }
  const lost = tasks.filter((task) => task.result === "failed" || task.result === "set-aside");
  if (lost.length > 0) {
    const [first] = lost;
    const why =
      lost.length === 1 ? "Try it again, if you want" : `Try one of ${lost.length} again, if you want`;
    actions.push({ why, command: `nightwarden rerun ${first?.id ?? ""}` });
  }
  for (const { path, base, branch, landed, repo } of repositories.filter(
    (each) => each.landed > 0 && each.delivered,
  )) {
    actions.push({
      why: `Look at what landed in ${repo} (${landed})`,
      command: `git -C ${shellQuoted(path)} log --stat ${base.slice(0, 12)}..${branch}`,
    });
  }
  if (end !== null && tasks.some((task) => task.result === "carried-over" || task.result === "not-started")) {
    actions.push({ why: "Go on with the tasks that are left", command: "nightwarden run" });
  }
  return actions.slice(0, MAX_ACTIONS);
}

function shellQuoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

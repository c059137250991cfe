import type { ObjectId, TaskId } from "../core/ids.ts";
import { Agenda } from "../core/agenda.ts";
import type { OutsideDependency } from "../core/blocked-task.ts";
import type { Queue } from "../core/queue.ts";
import { greenBaselines, mergedNights, settledSets, type History } from "./history.ts";
import type { Night } from "./night.ts";
import type { GateHistory } from "./open-gate.ts";
import type { PlanContext } from "./run-plan.ts";

export function gateHistory(night: Night, history: History): GateHistory {
  return {
    greenBaselines: greenBaselines(history),
    settledSets: settledSets(history),
    continueFrom: async (repo) => await lastUnmergedTip(night, history, repo),
  };
}

/** The tip of the last night that changed `repo`, unless the user has merged it. */
async function lastUnmergedTip(night: Night, history: History, repo: string): Promise<ObjectId | undefined> {
  const merged = mergedNights(history);
  const last = history.nights
    .filter((each) => !merged.has(each.night))
    .map((each) => each.repositories.get(repo))
    .findLast((each) => each && each.tip !== each.base);
  const repository = night.deps.repositories.get(repo);
  if (!last || !repository) return undefined;
  const { commit: head } = await repository.prepare("HEAD");
  return (await repository.isMerged(last.tip, head)) ? undefined : last.tip;
}

/** What the decisions of tonight need to know of other nights. */
export async function planContext(night: Night, queue: Queue, history: History): Promise<PlanContext> {
  const merged = mergedNights(history);
  const { plan, policy } = night.order;
  const dependencies = new Map<TaskId, OutsideDependency>();
  for (const task of plan.tasks) {
    const { landed, night: landedIn, place } = queue.entry(task.key);
    const base = landed ? await baseOf(night, task.repo) : undefined;
    if (!landed) dependencies.set(task.id, place === "failed" ? "failed" : "unmet");
    else if (landedIn !== undefined && merged.has(landedIn)) dependencies.set(task.id, "in-base");
    else if (base === undefined) dependencies.set(task.id, "unmerged");
    else {
      const isMerged = await night.deps.repositories.get(task.repo)?.isMerged(landed, base);
      dependencies.set(task.id, isMerged ? "in-base" : "unmerged");
    }
  }
  const keys = new Map(plan.tasks.map((task) => [task.id, task.key]));
  const numbers = (task: TaskId): number =>
    Math.max(queue.highestAttempt(task), night.record.state.tasks.get(task)?.attempts.at(-1)?.number ?? 0);
  return {
    policy,
    agenda: new Agenda(
      plan.tasks.filter(({ id }) => night.record.state.tasks.has(id)),
      policy,
    ),
    endsAt: night.order.endsAt,
    earlier: (task) => {
      const key = keys.get(task);
      const outcomes = key === undefined ? [] : queue.entry(key).outcomes;
      // What the machinery or a quota did in another night says nothing about this one.
      return outcomes.filter(
        (each) => each.kind === "landed" || each.cause === "task" || each.cause === "interrupted",
      );
    },
    dependency: (id) => dependencies.get(id) ?? "unmet",
    nextNumber: (task) => numbers(task as TaskId) + 1,
  };
}

/** Tonight's base of a repository; of one that has no task tonight, the one that it would have. */
async function baseOf(night: Night, repo: string): Promise<ObjectId | undefined> {
  const known = night.record.state.repositories.get(repo)?.base;
  if (known !== undefined) return known;
  const ref = night.order.bases.get(repo);
  const base = await night.deps.repositories
    .get(repo)
    ?.prepare(ref === undefined || ref === "continue" ? "HEAD" : ref);
  return base?.commit;
}

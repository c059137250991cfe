import type { TaskId } from "./ids.ts";
import type { NightState, TaskState } from "./night-state.ts";
import type { Policy } from "./policy.ts";

/** Where a dependency stands that is not among tonight's tasks. */
export type OutsideDependency = "in-base" | "unmerged" | "failed" | "unmet";

/** What becomes of a task whose dependencies have not all landed. */
export type Blocked =
  /** They may land tonight. */
  | { readonly kind: "waits" }
  | { readonly kind: "skipped"; readonly because: TaskId; readonly detail: string }
  | { readonly kind: "carried-over"; readonly detail: string }
  /** It cannot land tonight, and may not be passed over. */
  | { readonly kind: "unmet"; readonly detail: string };

/**
 * What keeps a task from being started; undefined: nothing. The first of its dependencies that cannot be met tonight
 * decides: one that failed means that the task is skipped, if the policy allows that, and names the task at whose
 * failure it began. Only dependents of a failed task are ever skipped.
 */
export function blockedTask(
  task: TaskState,
  state: NightState,
  context: {
    readonly policy: Pick<Policy, "skipping" | "order">;
    readonly dependency: (id: TaskId) => OutsideDependency;
  },
): Blocked | undefined {
  let waits = false;
  for (const id of task.dependsOn) {
    const blocked = blockedBy(id, task, state, context);
    if (blocked?.kind === "waits") waits = true;
    else if (blocked) return blocked;
  }
  return waits ? { kind: "waits" } : undefined;
}

function blockedBy(
  id: TaskId,
  task: TaskState,
  state: NightState,
  { policy, dependency }: Parameters<typeof blockedTask>[2],
): Blocked | undefined {
  const tonight = state.tasks.get(id);
  if (tonight?.result === "landed") return undefined;
  const outside = dependency(id);
  if (outside === "in-base") return undefined;
  if (outside === "unmerged") {
    const detail = `dependency-unmerged: "${id}" landed in an earlier night that is not in tonight's base`;
    return { kind: "carried-over", detail };
  }
  if (tonight && tonight.result === undefined && policy.order === "dag") return { kind: "waits" };
  const detail = `"${task.id}" needs "${id}", which has not landed`;
  if (policy.skipping === "forbidden") return { kind: "unmet", detail };
  if (tonight?.result === "skipped") {
    const because = tonight.because ?? id;
    return { kind: "skipped", because, detail: `it needs "${id}", which was skipped: "${because}" failed` };
  }
  if (tonight?.result === "failed" || outside === "failed") {
    const when = tonight ? "" : " in an earlier night";
    return { kind: "skipped", because: id, detail: `it needs "${id}", which failed${when}` };
  }
  return { kind: "carried-over", detail: `dependency-unmet: ${detail}` };
}

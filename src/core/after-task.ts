import type { Policy } from "./policy.ts";

/** How a task left the night. Only `landed` and `failed` bear on the breaker. */
export type TaskResult = "landed" | "failed" | "skipped" | "set-aside" | "carried-over";

export type AfterTask =
  | { readonly kind: "continue" }
  | { readonly kind: "stop"; readonly end: "first-failure" | "breaker"; readonly failuresInARow: number };

/**
 * Whether the night goes on after the tasks that have finished so far, oldest first.
 *
 * Phase 1 stops at the first failed task. Later phases stop when `breakerFailures` tasks in a row have failed.
 * A landed task resets the count; a task that was skipped, set aside or carried over neither adds to it nor resets it.
 */
export function decideAfterTask(
  finished: readonly TaskResult[],
  policy: Pick<Policy, "afterFailure" | "breakerFailures">,
): AfterTask {
  let failuresInARow = 0;
  for (let at = finished.length - 1; at >= 0 && finished[at] !== "landed"; at -= 1) {
    if (finished[at] === "failed") failuresInARow += 1;
  }
  if (failuresInARow === 0) return { kind: "continue" };
  if (policy.afterFailure === "stop") return { kind: "stop", end: "first-failure", failuresInARow };
  if (failuresInARow >= policy.breakerFailures) return { kind: "stop", end: "breaker", failuresInARow };
  return { kind: "continue" };
}

import type { Outcome } from "./attempt.ts";
import { exceeded } from "./cap.ts";
import type { CandidateFacts } from "./check-candidate.ts";
import type { Limits } from "./limits.ts";

/** Whether a captured change is larger than a task may make it; counted exactly, from the commit. */
export function changeOverCap(
  facts: CandidateFacts,
  limits: Pick<Limits, "changedFiles" | "changedLines">,
): Outcome | undefined {
  const files = facts.added + facts.changed + facts.deleted;
  if (files > limits.changedFiles)
    return exceeded({ name: "changedFiles", limit: limits.changedFiles, seen: files });
  const lines = facts.insertions + facts.deletions;
  if (lines > limits.changedLines)
    return exceeded({ name: "changedLines", limit: limits.changedLines, seen: lines });
  return undefined;
}

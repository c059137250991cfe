import { formatDuration } from "../core/duration.ts";
import type { Policy } from "../core/policy.ts";

/** What a phase allows, in one line. */
export function phaseInWords({ phase, unattended, isolation, retries, afterFailure, order }: Policy): string {
  const alone =
    typeof unattended === "number" ? `for ${formatDuration(unattended)} at most` : ALONE[unattended];
  const failure =
    afterFailure === "stop" ? "the first failed task ends the night" : "the breaker ends a night";
  const words = [
    `alone ${alone}`,
    `isolation ${isolation} or stronger`,
    retries === 0 ? "no retry" : "one retry",
    failure,
    order === "dag" ? "tasks by their dependencies, in parallel" : "tasks as listed, one at a time",
  ];
  return `Phase ${phase}: ${words.join(", ")}`;
}

const ALONE = { forbidden: "never", "whole-window": "for the whole window" } as const;

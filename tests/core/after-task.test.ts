import { expect, test } from "vitest";
import { decideAfterTask, type TaskResult } from "../../src/core/after-task.ts";

const PHASE_1 = { afterFailure: "stop", breakerFailures: 2 } as const;
const LATER = { afterFailure: "breaker", breakerFailures: 2 } as const;

test.each<[string, TaskResult[], typeof PHASE_1 | typeof LATER, string]>([
  ["nothing has finished", [], PHASE_1, "continue"],
  ["phase 1 goes on after a landing", ["landed"], PHASE_1, "continue"],
  ["phase 1 stops at the first failure", ["landed", "failed"], PHASE_1, "first-failure"],
  ["one failure is allowed later", ["failed"], LATER, "continue"],
  ["two failures in a row trip the breaker", ["landed", "failed", "failed"], LATER, "breaker"],
  ["a landing between two failures resets the count", ["failed", "landed", "failed"], LATER, "continue"],
  ["a carried-over task neither counts nor resets", ["failed", "carried-over", "failed"], LATER, "breaker"],
  [
    "a task that was set aside neither counts nor resets",
    ["failed", "set-aside", "failed"],
    LATER,
    "breaker",
  ],
  [
    "set-aside tasks alone never stop a night",
    ["set-aside", "set-aside", "carried-over"],
    PHASE_1,
    "continue",
  ],
])("%s", (_, finished, policy, expected) => {
  const after = decideAfterTask(finished, policy);
  expect(after.kind === "stop" ? after.end : after.kind).toBe(expected);
});

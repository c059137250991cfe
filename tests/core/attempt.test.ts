import { expect, test } from "vitest";
import {
  CAUSES,
  decideAfterAttempt,
  failed,
  FAILURE_REASONS,
  isCap,
  type Cause,
  type FailureReason,
  type Outcome,
} from "../../src/core/attempt.ts";
import { commitOf } from "../fixtures/night-story.ts";

function causeOf(reason: FailureReason): Cause {
  const outcome = failed(reason, "");
  if (outcome.kind === "landed") throw new Error("a failure is no landing");
  return outcome.cause;
}

const outcomes = (...reasons: FailureReason[]): Outcome[] => reasons.map((reason) => failed(reason, ""));

test.each<[string, Outcome[], number, string]>([
  ["a landed attempt lands the task", [{ kind: "landed", commit: commitOf(1) }], 0, "finish landed"],
  ["phase 1 does not retry", outcomes("verify-failed"), 0, "finish failed"],
  ["later phases retry once", outcomes("verify-failed"), 1, "retry"],
  ["and not twice", outcomes("verify-failed", "no-change"), 1, "finish failed"],
  ["a cap is never retried", outcomes("cap-wall-clock"), 1, "finish failed"],
  ["the machinery gets a second chance, after a probe", outcomes("engine-failed"), 0, "retry after probe"],
  ["and then the night stops", outcomes("engine-failed", "git-failed"), 0, "stop-night infra"],
  ["a quota is waited for", outcomes("quota-exceeded"), 0, "wait"],
  ["so is an API that is overloaded", outcomes("api-overloaded"), 0, "wait"],
  ["and then the night ends", outcomes("quota-exceeded", "api-overloaded"), 0, "stop-night quota"],
  ["a quota does not use up the retry", outcomes("quota-exceeded", "verify-failed"), 1, "retry"],
  ["a refused login stops the night at once", outcomes("login-refused"), 1, "stop-night auth"],
  ["an interruption does not use up the retry", outcomes("stopped", "verify-failed"), 1, "retry"],
  ["an interrupted task is carried over", outcomes("stopped", "crashed"), 0, "finish carried-over"],
  [
    "after three interruptions a person has to look",
    outcomes("stopped", "crashed", "stopped"),
    0,
    "finish set-aside",
  ],
])("%s", (_, history, retries, expected) => {
  const after = decideAfterAttempt(history, { retries });
  const words = {
    finish: () => (after.kind === "finish" ? `finish ${after.result}` : ""),
    retry: () => (after.kind === "retry" && after.afterProbe ? "retry after probe" : "retry"),
    wait: () => "wait",
    "stop-night": () => (after.kind === "stop-night" ? `stop-night ${after.end}` : ""),
  }[after.kind]();
  expect(words).toBe(expected);
});

/** What follows the first, second, third and fourth attempt that ended for a cause, without and with a retry. */
const RULE: readonly [cause: Cause, isCap: boolean, retries: 0 | 1, after: readonly string[]][] = [
  ["task", false, 0, ["failed", "failed", "failed", "failed"]],
  ["task", false, 1, ["retry", "failed", "failed", "failed"]],
  ["task", true, 0, ["failed", "failed", "failed", "failed"]],
  ["task", true, 1, ["failed", "failed", "failed", "failed"]],
  ["infra", false, 0, ["retry after probe", "stop-night infra", "stop-night infra", "stop-night infra"]],
  ["infra", false, 1, ["retry after probe", "stop-night infra", "stop-night infra", "stop-night infra"]],
  ["quota", false, 0, ["wait", "stop-night quota", "stop-night quota", "stop-night quota"]],
  ["quota", false, 1, ["wait", "stop-night quota", "stop-night quota", "stop-night quota"]],
  ["auth", false, 0, ["stop-night auth", "stop-night auth", "stop-night auth", "stop-night auth"]],
  ["auth", false, 1, ["stop-night auth", "stop-night auth", "stop-night auth", "stop-night auth"]],
  ["interrupted", false, 0, ["carried-over", "carried-over", "set-aside", "set-aside"]],
  ["interrupted", false, 1, ["carried-over", "carried-over", "set-aside", "set-aside"]],
];

test.each(
  RULE.flatMap(([cause, cap, retries, after]) =>
    FAILURE_REASONS.filter((reason) => causeOf(reason) === cause && isCap(reason) === cap).flatMap((reason) =>
      after.map((expected, before) => [reason, before + 1, retries, expected] as const),
    ),
  ),
)(
  "after %s, time %i, with %i retries: %s; whatever else went wrong before",
  (reason, count, retries, expected) => {
    const cause = causeOf(reason);
    const same = Array.from({ length: count }, () => failed(reason, ""));
    const others = FAILURE_REASONS.filter((other) => causeOf(other) !== cause).map((other) =>
      failed(other, ""),
    );
    for (const history of [same, [...others, ...same], same.flatMap((each) => [...others, each])]) {
      const after = decideAfterAttempt(history, { retries });
      const words =
        after.kind === "finish"
          ? after.result
          : after.kind === "stop-night"
            ? `stop-night ${after.end}`
            : after.kind === "retry" && after.afterProbe
              ? "retry after probe"
              : after.kind;
      expect(words).toBe(expected);
    }
  },
);

test("the rule has a row for every cause, cap or not, and every policy", () => {
  const rows = RULE.map(([cause, cap, retries]) => `${cause} ${cap} ${retries}`);
  const kinds = FAILURE_REASONS.flatMap((reason) =>
    [0, 1].map((retries) => `${causeOf(reason)} ${isCap(reason)} ${retries}`),
  );
  expect(new Set(rows)).toEqual(new Set(kinds));
});

test("without an attempt there is nothing to decide", () => {
  expect(() => decideAfterAttempt([], { retries: 1 })).toThrow(RangeError);
});

test("every reason has a cause, and every cap is the task's", () => {
  for (const reason of FAILURE_REASONS) {
    const outcome = failed(reason, "detail");
    expect(outcome).toMatchObject({ kind: "failed", reason, detail: "detail" });
    expect(CAUSES).toContain(outcome.kind === "failed" && outcome.cause);
    expect(isCap(reason) && outcome.kind === "failed" && outcome.cause !== "task").toBe(false);
  }
});

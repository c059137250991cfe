import { expect, test } from "vitest";
import {
  CAUSES,
  decideAfterAttempt,
  failed,
  FAILURE_REASONS,
  isCap,
  type FailureReason,
  type Outcome,
} from "../../src/core/attempt.ts";
import { commitOf } from "../fixtures/night-story.ts";

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

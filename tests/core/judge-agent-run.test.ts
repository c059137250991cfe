import { describe, expect, it } from "vitest";
import { SILENT_REPORT, type AgentReport } from "../../src/core/agent-report.ts";
import type { Cap } from "../../src/core/cap.ts";
import type { SandboxEnd } from "../../src/core/event-fields.ts";
import type { ModelAnswer } from "../../src/core/gateway-protocol.ts";
import { judgeAgentRun, type AgentRunFacts } from "../../src/core/judge-agent-run.ts";
import type { RunFacts } from "../../src/core/run-failure.ts";
import { NO_USAGE } from "../../src/core/usage.ts";
import { TEST_LIMITS as LIMITS } from "../fixtures/test-limits.ts";

const RESET = "2026-11-21T03:00:00.000Z";

function run(end: Partial<SandboxEnd> = {}, facts: Partial<RunFacts> = {}): RunFacts {
  const whole: SandboxEnd = {
    exitCode: 0,
    reason: "exited",
    outOfMemory: false,
    durationMs: 1,
    outputBytes: 0,
    droppedBytes: 0,
    ...end,
  };
  const allPassed = whole.exitCode === 0 && whole.reason === "exited" && !whole.outOfMemory;
  return { end: whole, missingProgram: null, allPassed, ...facts };
}

function report(verdict: AgentReport["verdict"], more: Partial<AgentReport> = {}): AgentReport {
  return { verdict, code: null, message: "", messages: 1, malformedLines: 0, ...more };
}

function answer(result: ModelAnswer["result"], more: Partial<ModelAnswer> = {}): ModelAnswer {
  return {
    model: "a-model",
    result,
    status: result === "unreachable" ? null : 200,
    errorCode: null,
    retryAt: null,
    usage: NO_USAGE,
    costUsd: null,
    firstByteMs: null,
    durationMs: 1,
    bytes: 0,
    ...more,
  };
}

const DONE = report("succeeded", { message: "I have fixed it." });
const GAVE_UP = report("failed", { code: "some_code", message: "I could not." });
const EXIT_1 = run({ exitCode: 1 });
const WHOLE = answer("complete");
const refused = (status: number, errorCode: string | null, retryAt: string | null = null): ModelAnswer =>
  answer("refused", { status, errorCode, retryAt });

function judge(facts: Partial<AgentRunFacts>): ReturnType<typeof judgeAgentRun> {
  const fine: AgentRunFacts = {
    run: run(),
    report: DONE,
    answers: [WHOLE],
    gatewayDied: null,
    overBudget: null,
    limits: LIMITS,
  };
  return judgeAgentRun({ ...fine, ...facts });
}

const OVER = { cap: "tokens", limit: 1000, value: 1200 } as const;

describe("an agent's run that may become a candidate", () => {
  it.each<[string, Partial<AgentRunFacts>]>([
    ["it said that it succeeded, and ended with 0", {}],
    ["a program of the user's ended with 0", { report: SILENT_REPORT, answers: [] }],
    ["trouble on the way was made good", { answers: [refused(429, "rate_limit_error", RESET), WHOLE] }],
    ["it did without the last answer", { answers: [WHOLE, answer("cut")] }],
  ])("%s", (_, facts) => {
    expect(judge(facts)).toBeUndefined();
  });
});

describe("an agent's run that failed", () => {
  it.each<[string, Partial<AgentRunFacts>, reason: string, cause: string]>([
    // What ended it from outside, the first in this order.
    [
      "stopped with the night, whatever else is true",
      { run: run({ reason: "stopped", exitCode: 137 }), overBudget: OVER, gatewayDied: "gone" },
      "stopped",
      "interrupted",
    ],
    ["over its tokens", { run: run({ reason: "over-budget" }), overBudget: OVER }, "cap-tokens", "task"],
    [
      "over its costs",
      { run: run({ reason: "over-budget" }), overBudget: { cap: "cost", limit: 0.5, value: 0.52 } },
      "cap-cost",
      "task",
    ],
    [
      "over what was left to its task",
      { run: run({ reason: "over-budget" }), overBudget: { ...OVER, isTasks: true } },
      "cap-tokens",
      "task",
    ],
    ["over its budget, though it ended by itself first", { overBudget: OVER }, "cap-tokens", "task"],
    ["over its budget, and nobody said which", { run: run({ reason: "over-budget" }) }, "cap-tokens", "task"],
    [
      "over its budget, and then the gateway ended",
      { overBudget: OVER, gatewayDied: "gone" },
      "cap-tokens",
      "task",
    ],
    [
      "ended since its gateway had",
      { run: run({ reason: "gateway-died", exitCode: 137 }) },
      "gateway-failed",
      "infra",
    ],
    [
      "without a gateway from some point on, though it ended with 0",
      { gatewayDied: "it crashed" },
      "gateway-failed",
      "infra",
    ],
    [
      "lost with its gateway",
      { run: run({ reason: "lost", exitCode: null }), gatewayDied: "gone" },
      "gateway-failed",
      "infra",
    ],
    ["a container that vanished", { run: run({ reason: "lost", exitCode: null }) }, "sandbox-lost", "infra"],
    [
      "a child killed for memory, though all went on to pass",
      { run: run({ outOfMemory: true }) },
      "cap-memory",
      "task",
    ],
    ["over the time limit", { run: run({ reason: "wall-clock", exitCode: 137 }) }, "cap-wall-clock", "task"],
    [
      "silent at the start",
      { run: run({ reason: "first-output", exitCode: 137 }) },
      "cap-first-output",
      "task",
    ],
    ["silent later", { run: run({ reason: "silence", exitCode: 137 }) }, "cap-silence", "task"],
    ["talking without end", { run: run({ reason: "output", exitCode: 137 }) }, "cap-output", "task"],
    [
      "a program that is not there",
      { run: run({ exitCode: 127 }, { missingProgram: "ENOENT" }), report: SILENT_REPORT },
      "agent-not-started",
      "task",
    ],

    // What the model API said last.
    [
      "silent, since it waits for a limit to pass",
      { run: run({ reason: "silence", exitCode: 137 }), answers: [refused(429, null, RESET)] },
      "quota-exceeded",
      "quota",
    ],
    [
      "over its time, since the API does not answer",
      { run: run({ reason: "wall-clock", exitCode: 137 }), answers: [WHOLE, answer("timeout")] },
      "api-failed",
      "infra",
    ],
    [
      "a login that is refused",
      { run: EXIT_1, report: GAVE_UP, answers: [refused(401, "authentication_error")] },
      "login-refused",
      "auth",
    ],
    [
      "a login that is refused in the middle",
      { run: EXIT_1, report: GAVE_UP, answers: [WHOLE, refused(403, "permission_error")] },
      "login-refused",
      "auth",
    ],
    [
      "a limit",
      { run: EXIT_1, report: GAVE_UP, answers: [refused(429, "rate_limit_error", RESET)] },
      "quota-exceeded",
      "quota",
    ],
    [
      "a limit, which a client that was interrupted tells with exit code 0",
      { report: report("failed"), answers: [refused(429, null)] },
      "quota-exceeded",
      "quota",
    ],
    [
      "an empty account, told as a malformed request",
      {
        run: EXIT_1,
        report: report("failed", { code: "billing_error" }),
        answers: [refused(400, "invalid_request_error")],
      },
      "quota-exceeded",
      "quota",
    ],
    [
      "an API that is overloaded",
      { run: EXIT_1, report: GAVE_UP, answers: [refused(529, "overloaded_error")] },
      "api-overloaded",
      "quota",
    ],
    [
      "an API that fails",
      { run: EXIT_1, report: GAVE_UP, answers: [refused(500, "api_error")] },
      "api-failed",
      "infra",
    ],
    [
      "an API that nobody can reach",
      { run: EXIT_1, report: GAVE_UP, answers: [answer("unreachable")] },
      "api-failed",
      "infra",
    ],
    [
      "an answer that was cut",
      { run: EXIT_1, report: GAVE_UP, answers: [WHOLE, answer("cut")] },
      "api-failed",
      "infra",
    ],
    [
      "trouble, and then the client went away",
      { run: EXIT_1, report: GAVE_UP, answers: [answer("timeout"), answer("cancelled")] },
      "api-failed",
      "infra",
    ],
    [
      "the last of several troubles",
      { run: EXIT_1, report: GAVE_UP, answers: [refused(500, null), refused(401, null)] },
      "login-refused",
      "auth",
    ],
    [
      "a program of the user's, for the API",
      { run: EXIT_1, report: SILENT_REPORT, answers: [refused(401, null)] },
      "login-refused",
      "auth",
    ],

    // The agent itself.
    [
      "a request that the API refused",
      { run: EXIT_1, report: GAVE_UP, answers: [refused(400, "invalid_request_error")] },
      "agent-failed",
      "task",
    ],
    [
      "trouble that was made good before",
      { run: EXIT_1, report: GAVE_UP, answers: [refused(401, null), WHOLE] },
      "agent-failed",
      "task",
    ],
    [
      "its own words alone, however they sound",
      {
        run: EXIT_1,
        report: report("failed", { code: "authentication_failed", message: "HTTP 401, log in" }),
      },
      "agent-failed",
      "task",
    ],
    [
      "an account that is empty in its own words alone",
      { run: EXIT_1, report: report("failed", { code: "billing_error" }) },
      "agent-failed",
      "task",
    ],
    [
      "exit code 0 and a report of failure",
      { report: report("failed", { code: "error_during_execution" }) },
      "agent-failed",
      "task",
    ],
    ["exit code 0 and no report", { report: report("unfinished") }, "agent-failed", "task"],
    ["another exit code than 0, though it said that it was done", { run: EXIT_1 }, "agent-failed", "task"],
    [
      "exit code 0 that the shim did not confirm",
      { run: run({}, { allPassed: false }) },
      "agent-failed",
      "task",
    ],
    [
      "exit code 3 of a program of the user's",
      { run: run({ exitCode: 3 }), report: SILENT_REPORT, answers: [] },
      "agent-failed",
      "task",
    ],
  ])("%s", (_, facts, reason, cause) => {
    expect(judge(facts)).toMatchObject({ kind: "failed", reason, cause });
  });

  it("for a limit says when it is worth trying again, for a login never", () => {
    const limited = { run: EXIT_1, report: GAVE_UP, answers: [refused(429, "rate_limit_error", RESET)] };
    expect(judge(limited)).toMatchObject({ retryAt: RESET });
    const overloaded = { run: EXIT_1, report: GAVE_UP, answers: [refused(529, null, RESET)] };
    expect(judge(overloaded)).toMatchObject({ retryAt: RESET });
    const login = { run: EXIT_1, report: GAVE_UP, answers: [refused(401, null, RESET)] };
    expect(judge(login)).not.toHaveProperty("retryAt");
  });

  it.each<[Partial<SandboxEnd>, reason: string, cap: Partial<Cap>]>([
    [{ reason: "wall-clock", durationMs: 60_100 }, "cap-wall-clock", { name: "wallClock", seen: 60_100 }],
    [
      { reason: "first-output", durationMs: 61_000 },
      "cap-first-output",
      { name: "firstOutput", seen: 61_000 },
    ],
    [{ reason: "silence", seen: 60_001 }, "cap-silence", { name: "silence", seen: 60_001 }],
    [{ reason: "output", seen: 2 ** 21 }, "cap-output", { name: "output", seen: 2 ** 21 }],
    [{ reason: "memory" }, "cap-memory", { name: "memory", seen: LIMITS.memory, atLeast: true }],
    [{ outOfMemory: true }, "cap-memory", { name: "memory", seen: LIMITS.memory, atLeast: true }],
    [{ reason: "pids" }, "cap-pids", { name: "pids", seen: LIMITS.pids, atLeast: true }],
    [{ exitCode: 153 }, "cap-file-size", { name: "fileSize", seen: LIMITS.fileSize, atLeast: true }],
    [{ reason: "disk", seen: 2 ** 31 }, "cap-disk", { name: "disk", seen: 2 ** 31, atLeast: true }],
    [{ reason: "inodes", seen: 100_001 }, "cap-inodes", { name: "inodes", seen: 100_001, atLeast: true }],
    [{ reason: "changed-files", seen: 101 }, "cap-changed-files", { name: "changedFiles", seen: 101 }],
    [{ reason: "changed-lines", seen: 1001 }, "cap-changed-lines", { name: "changedLines", seen: 1001 }],
  ])("by a cap, with the cap, its limit and what was seen: %j", (end, reason, cap) => {
    const outcome = judge({ run: run(end) });
    expect(outcome).toMatchObject({ reason, cause: "task", cap });
    const name = cap.name as keyof typeof LIMITS;
    expect(outcome).toMatchObject({ cap: { limit: LIMITS[name] } });
  });

  it("over what was left to its task, by the task's own cap", () => {
    expect(judge({ overBudget: { ...OVER, isTasks: true } })).toMatchObject({
      reason: "cap-tokens",
      cap: { name: "budget.taskTokens", limit: 1000, seen: 1200 },
    });
  });

  it("by the machine, where that is known: it is tried again", () => {
    expect(judge({ run: run({ reason: "host-memory", exitCode: 137 }) })).toMatchObject({
      reason: "host-memory",
      cause: "infra",
    });
  });

  it.each<[Partial<AgentRunFacts>, detail: string]>([
    [{ run: run({ reason: "wall-clock", durationMs: 60_010 }) }, "it worked for 1m, of 1m (limit wallClock)"],
    [{ overBudget: OVER }, "it used 1200 tokens, of 1000 (limit tokens)"],
    [{ overBudget: { cap: "cost", limit: 0.5, value: 0.52 } }, "it cost $0.52, of $0.50 (limit cost)"],
    [{ gatewayDied: "it ended with exit code 1" }, "it ended with exit code 1"],
    [
      { run: EXIT_1, report: GAVE_UP, answers: [refused(401, "authentication_error")] },
      "the model API refused the credential (HTTP 401, authentication_error)",
    ],
    [
      { run: EXIT_1, report: GAVE_UP, answers: [answer("unreachable")] },
      "the model API did not answer as it should (unreachable)",
    ],
    [
      { run: EXIT_1, report: GAVE_UP },
      "the agent ended with exit code 1 and said that it failed (some_code): I could not.",
    ],
    [
      { report: report("failed", { messages: 0 }) },
      "the agent ended with exit code 0 without one answer of its model",
    ],
    [
      { run: run({ exitCode: 143 }), report: report("unfinished", { message: "Killed" }) },
      "the agent ended with exit code 143 before it had said that it was done: Killed",
    ],
    [{ run: EXIT_1 }, "the agent ended with exit code 1, though it had said that it was done"],
    [{ run: run({ exitCode: 3 }), report: SILENT_REPORT, answers: [] }, "the agent ended with exit code 3"],
    [
      { run: run({}, { allPassed: false }), report: SILENT_REPORT, answers: [] },
      "the agent ended with exit code 0, which its sandbox did not confirm",
    ],
  ])("is told with its values: %#", (facts, detail) => {
    expect(judge(facts)).toMatchObject({ detail });
  });
});

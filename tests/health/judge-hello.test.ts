import { describe, expect, it } from "vitest";
import type { AgentReport } from "../../src/core/agent-report.ts";
import { judgeHello, type HelloFacts } from "../../src/core/judge-hello.ts";
import type { ProbeFinding } from "../../src/core/probe.ts";
import { modelAnswer } from "../fakes/fake-gateways.ts";

const END = {
  exitCode: 0,
  reason: "exited",
  outOfMemory: false,
  durationMs: 1000,
  outputBytes: 100,
  droppedBytes: 0,
} as const;

const REPORT: AgentReport = {
  verdict: "succeeded",
  code: null,
  message: "hello",
  messages: 1,
  malformedLines: 0,
};

const GOOD: HelloFacts = {
  run: { end: END, missingProgram: null, allPassed: true },
  report: REPORT,
  answers: [modelAnswer()],
  denial: null,
  isOverBudget: false,
  gatewayDied: null,
  upstream: "https://api.example.org",
  source: "the environment variable KEY",
};

const FAILED: Partial<HelloFacts> = {
  run: { end: { ...END, exitCode: 1 }, missingProgram: null, allPassed: false },
  report: { ...REPORT, verdict: "failed", code: "some_error", message: "it says so", messages: 0 },
};

/** A client that failed because of what its API answered. */
function after(...answers: Parameters<typeof modelAnswer>[0][]): Partial<HelloFacts> {
  return { ...FAILED, answers: answers.map(modelAnswer) };
}

const LATER = "2026-11-20T23:30:00.000Z";

describe("a hello", () => {
  it("that was answered is told with its model, its time and its price", () => {
    expect(judgeHello(GOOD)).toEqual({
      verdict: "ok",
      message: "model-1 answered in 400ms (1020 tokens, $0.01)",
    });
  });

  it("that needed a second request is answered all the same", () => {
    const answers = [modelAnswer({ result: "refused", status: 529 }), modelAnswer()];
    expect(judgeHello({ ...GOOD, answers }).verdict).toBe("ok");
  });

  it.each<[string, Partial<HelloFacts>, string, string]>([
    [
      "a wrong key",
      after({ result: "refused", status: 401, errorCode: "authentication_error" }),
      "refused the key (HTTP 401, authentication_error)",
      "the environment variable KEY",
    ],
    [
      "a key that may not use the model",
      after({ result: "refused", status: 403 }),
      "does not let this key use model-1",
      "name another",
    ],
    [
      "a quota, with its reset",
      after({ result: "refused", status: 429, retryAt: LATER }),
      "quota or credit is used up (HTTP 429)",
      `Go on after ${LATER}`,
    ],
    ["a quota without a reset", after({ result: "refused", status: 429 }), "used up", "usage and credit"],
    [
      "an empty account, told as a malformed request",
      {
        ...after({ result: "refused", status: 400 }),
        report: { ...REPORT, verdict: "failed", code: "billing_error" },
      },
      "used up",
      "usage and credit",
    ],
    ["an overloaded API", after({ result: "refused", status: 529, retryAt: LATER }), "overloaded", LATER],
    [
      "an unknown model",
      after({ result: "refused", status: 404 }),
      "does not know the model model-1",
      "`model`",
    ],
    [
      "a request that the API does not take",
      after({ result: "refused", status: 400 }),
      "refused the request (HTTP 400)",
      "`version`",
    ],
    [
      "no network",
      after({ result: "unreachable", status: null, errorCode: "ECONNREFUSED" }),
      "https://api.example.org cannot be reached (unreachable, ECONNREFUSED)",
      "network.proxy",
    ],
    [
      "a name that does not exist",
      after({ result: "unreachable", status: null, errorCode: "ENOTFOUND" }),
      "cannot be reached",
      "network.proxy",
    ],
    [
      "a certificate of an unknown authority",
      after({ result: "unreachable", status: null, errorCode: "SELF_SIGNED_CERT_IN_CHAIN" }),
      "certificate of https://api.example.org is not trusted",
      "network.caFile",
    ],
    [
      "another unknown authority",
      after({ result: "unreachable", status: null, errorCode: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" }),
      "not trusted",
      "network.caFile",
    ],
    [
      "a certificate of another name",
      after({ result: "unreachable", status: null, errorCode: "ERR_TLS_CERT_ALTNAME_INVALID" }),
      "not trusted",
      "network.caFile",
    ],
    [
      "a server that broke",
      after({ result: "refused", status: 500 }),
      "did not answer as it should (HTTP 500)",
      "doctor",
    ],
    [
      "an answer that was cut",
      after({ result: "cut" }),
      "did not answer as it should (cut, HTTP 200)",
      "doctor",
    ],
    [
      "no answer in time",
      after({ result: "timeout", status: null }),
      "did not answer as it should (timeout)",
      "doctor",
    ],
    [
      "the last trouble counts",
      after({ result: "refused", status: 500 }, { result: "refused", status: 401 }),
      "refused the key",
      "KEY",
    ],
    [
      "a gateway that died",
      { ...FAILED, answers: [], gatewayDied: "exit code 70" },
      "gateway to the model API ended: exit code 70",
      "doctor",
    ],
    [
      "a budget that was used up",
      { ...FAILED, answers: [], isOverBudget: true },
      "more tokens than a hello should",
      "API",
    ],
    [
      "a request that never left",
      {
        ...FAILED,
        answers: [],
        denial: { rule: "tool", method: "POST", target: "/v1/messages", detail: "web_search", count: 1 },
      },
      "refused the client's request POST /v1/messages (tool: web_search)",
      "version",
    ],
    [
      "a client that is not there",
      { answers: [], run: { end: END, missingProgram: "claude: not found", allPassed: false } },
      "the client is not in the image: claude: not found",
      "version",
    ],
    [
      "a client that hangs",
      {
        answers: [],
        report: { ...REPORT, verdict: "unfinished" },
        run: { end: { ...END, exitCode: 137, reason: "wall-clock" }, missingProgram: null, allPassed: false },
      },
      "had not answered after 1s (wall-clock)",
      "version",
    ],
    [
      "a client without memory",
      { answers: [], run: { end: { ...END, outOfMemory: true }, missingProgram: null, allPassed: false } },
      "ran out of memory",
      "version",
    ],
    [
      "a client that failed before it asked",
      { ...FAILED, answers: [] },
      "exit code 1 and did not succeed (some_error): it says so",
      "version",
    ],
    // A client may say what it likes: without an answer that the gateway saw, nothing was answered.
    [
      "a client that claims an answer",
      { answers: [] },
      "exit code 0, but its gateway saw no whole answer (it saw none)",
      "version",
    ],
    [
      "an answer that the client did not take for one",
      { report: { ...REPORT, verdict: "failed" } },
      "did not succeed",
      "version",
    ],
    ["exit code 0 alone", { report: { ...REPORT, verdict: "unfinished" } }, "did not succeed", "version"],
    [
      "a report alone",
      { run: { end: { ...END, exitCode: 1 }, missingProgram: null, allPassed: false } },
      "exit code 1",
      "version",
    ],
  ])("is refused with what to do: %s", (_, changes, words, hint) => {
    const finding: ProbeFinding = judgeHello({ ...GOOD, ...changes });
    expect(finding.verdict).toBe("refused");
    expect(finding.message).toContain(words);
    expect(finding.hint).toContain(hint);
  });
});

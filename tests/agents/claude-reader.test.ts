import { describe, expect, it } from "vitest";
import { ClaudeReader } from "../../src/agents/claude-reader.ts";
import type { AgentReport } from "../../src/core/agent-report.ts";
import { recordedExitCode, recordedLines, recordedScenarios, reportOn } from "./recorded-run.ts";

const INIT = { type: "system", subtype: "init" };
const RESULT = { is_error: false, subtype: "success", result: "Done.", type: "result" };

function says(text: string, more: object = {}): object {
  const message = { model: "claude-sonnet-4-5", content: [{ type: "text", text }] };
  return { type: "assistant", message, parent_tool_use_id: null, ...more };
}

function synthetic(text: string, error: string): object {
  return { ...says(text, { error }), message: { model: "<synthetic>", content: [{ type: "text", text }] } };
}

function report(...lines: readonly (string | object)[]): AgentReport {
  return reportOn(new ClaudeReader(), lines);
}

/** verdict, code, exit code */
const RECORDED: Readonly<Record<string, readonly [AgentReport["verdict"], string | null, number | null]>> = {
  success: ["succeeded", null, 0],
  hello: ["succeeded", null, 0],
  "slow-answer": ["succeeded", null, 0],
  thinking: ["succeeded", null, 0],
  "tool-failure": ["succeeded", null, 0],
  "unknown-tool": ["succeeded", null, 0],
  "unknown-model": ["succeeded", null, 0],
  "rate-limit-once": ["succeeded", null, 0],
  "context-overflow-once": ["succeeded", null, 0],
  // The client takes what it has got for the whole; the gateway knows better.
  "no-terminal-event": ["succeeded", null, 0],

  // Exit code 0, and yet no success.
  "no-message": ["failed", null, 0],
  interrupted: ["failed", "error_during_execution", 0],

  "status-400": ["failed", "invalid_request_error", 1],
  "status-401": ["failed", "authentication_failed", 1],
  "status-403": ["failed", "authentication_failed", 1],
  "status-404": ["failed", "model_not_found", 1],
  "status-413": ["failed", "invalid_request", 1],
  "status-500": ["failed", "server_error", 1],
  overloaded: ["failed", "server_error", 1],
  "overloaded-in-stream": ["failed", "overloaded_error", 1],
  "credit-balance": ["failed", "billing_error", 1],
  "rate-limit-short": ["failed", "rate_limit", 1],
  "rate-limit-long": ["failed", "rate_limit", 1],
  "usage-limit": ["failed", "rate_limit", 1],
  "context-overflow": ["failed", "prompt_too_long", 1],
  "context-overflow-later": ["failed", "prompt_too_long", 1],
  "max-tokens": ["failed", "max_output_tokens", 1],
  refusal: ["failed", "refusal", 1],
  reset: ["failed", "connection_failed", 1],
  "cut-stream": ["failed", "connection_failed", 1],
  "cut-stream-after-edit": ["failed", "connection_failed", 1],
  "cut-before-terminal-event": ["failed", "connection_failed", 1],
  "ends-in-message": ["failed", "connection_failed", 1],
  "hang-before-first-byte": ["failed", "server_error", 1],
  "hang-after-head": ["failed", "stream_idle_timeout", 1],
  "hang-in-message": ["failed", "stream_idle_timeout", 1],
  "malformed-event": ["failed", "api_error", 1],
  html: ["failed", "api_error", 1],

  terminated: ["unfinished", null, 143],
};

describe("what the real Claude Code printed", () => {
  it("is judged in every scenario that was recorded", () => {
    expect(recordedScenarios("claude")).toEqual(Object.keys(RECORDED).sort());
  });

  it.each(Object.entries(RECORDED))("%s: %j", (scenario, [verdict, code, exitCode]) => {
    const read = report(...recordedLines("claude", scenario));
    expect(read).toMatchObject({ verdict, code, malformedLines: 0 });
    expect(recordedExitCode("claude", scenario)).toBe(exitCode);
  });

  it("keeps the last words of a success, and the client's words for a failure", () => {
    expect(report(...recordedLines("claude", "success")).message).toBe("Done: there is a greeting.");
    expect(report(...recordedLines("claude", "status-401")).message).toContain("Invalid API key");
  });
});

describe("a stream of Claude Code's events", () => {
  it("is a success with an answer and a result without an error", () => {
    expect(report(INIT, says("Working."), says("Done."), RESULT)).toEqual({
      verdict: "succeeded",
      code: null,
      message: "Done.",
      messages: 2,
      malformedLines: 0,
    });
  });

  it.each<[string, readonly (string | object)[], AgentReport["verdict"]]>([
    ["nothing at all", [], "unfinished"],
    ["no result", [INIT, says("Done.")], "unfinished"],
    ["a result without a beginning", [says("Done."), RESULT], "unfinished"],
    ["an error with the subtype success", [INIT, says("Done."), { ...RESULT, is_error: true }], "failed"],
    [
      "no error with another subtype",
      [INIT, says("Done."), { ...RESULT, subtype: "error_max_turns" }],
      "failed",
    ],
    [
      "an end that is not complete",
      [INIT, says("Done."), { ...RESULT, terminal_reason: "aborted_tools" }],
      "failed",
    ],
    ["no answer", [INIT, RESULT], "failed"],
    ["an answer without words", [INIT, says("  \n"), RESULT], "failed"],
    ["words of the client's own", [INIT, synthetic("No commands here.", "unknown"), RESULT], "failed"],
    ["words of a subagent", [INIT, says("Found.", { parent_tool_use_id: "toolu_1" }), RESULT], "failed"],
    ["is_error left out", [INIT, says("Done."), { type: "result", subtype: "success" }], "unfinished"],
    ["is_error in another form", [INIT, says("Done."), { ...RESULT, is_error: "false" }], "unfinished"],
    [
      "a good result and then a bad one",
      [INIT, says("Done."), RESULT, { ...RESULT, is_error: true }],
      "failed",
    ],
    [
      "a good result and then one that cannot be read",
      [INIT, says("Done."), RESULT, { type: "result" }],
      "unfinished",
    ],
    ["a success that a tool printed", [INIT, says(JSON.stringify(RESULT))], "unfinished"],
  ])("is no success with %s", (_, lines, verdict) => {
    expect(report(...lines).verdict).toBe(verdict);
  });

  it("goes by the last result, since what ran in the background wakes the client up again", () => {
    const failed = { ...RESULT, is_error: true, terminal_reason: "api_error" };
    expect(report(INIT, says("Done."), failed, says("Done."), RESULT).verdict).toBe("succeeded");
  });

  it("does not look at a result in a line that was cut", () => {
    const reader = new ClaudeReader();
    reportOn(reader, [INIT, says("Done.")]);
    reader.line({ stream: "stdout", text: JSON.stringify(RESULT), cut: true });
    expect(reader.report()).toMatchObject({ verdict: "unfinished", malformedLines: 1 });
  });

  it("does not look at events on standard error", () => {
    const reader = new ClaudeReader();
    reportOn(reader, [INIT, says("Done.")]);
    reader.line({ stream: "stderr", text: JSON.stringify(RESULT), cut: false });
    expect(reader.report()).toMatchObject({ verdict: "unfinished", malformedLines: 0 });
  });

  it("names the failure that counted, not one that was made good", () => {
    const failed = { ...RESULT, is_error: true, terminal_reason: "api_error" };
    const refused = synthetic("Credit balance is too low", "billing_error");
    expect(report(INIT, refused, failed).code).toBe("billing_error");
    expect(report(INIT, refused, says("On we go."), failed).code).toBe("api_error");
  });

  it("keeps what the client says where it cannot even begin", () => {
    const reader = new ClaudeReader();
    reader.line({ stream: "stderr", text: "error: unknown option '--nonsense'", cut: false });
    expect(reader.report()).toMatchObject({
      verdict: "unfinished",
      message: "error: unknown option '--nonsense'",
    });
  });
});

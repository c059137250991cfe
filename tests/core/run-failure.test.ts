import { describe, expect, it } from "vitest";
import type { SandboxEnd } from "../../src/core/event.ts";
import { agentFailure, verifyFailure, type RunFacts } from "../../src/core/run-failure.ts";
import { TEST_LIMITS as LIMITS } from "../fixtures/test-limits.ts";

function run(end: Partial<SandboxEnd>, facts: Partial<RunFacts> = {}): RunFacts {
  const whole: SandboxEnd = {
    exitCode: 0,
    reason: "exited",
    outOfMemory: false,
    durationMs: 1,
    outputBytes: 0,
    droppedBytes: 0,
    ...end,
  };
  return { end: whole, missingProgram: null, allPassed: true, ...facts };
}

describe("what a run means", () => {
  it.each([
    ["all passed", run({}), undefined],
    [
      "over the time limit",
      run({ reason: "wall-clock", exitCode: 137 }, { allPassed: false }),
      "cap-wall-clock",
    ],
    [
      "silent at the start",
      run({ reason: "first-output", exitCode: 137 }, { allPassed: false }),
      "cap-first-output",
    ],
    ["talking without end", run({ reason: "output", exitCode: 137 }, { allPassed: false }), "cap-output"],
    ["stopped with the night", run({ reason: "stopped", exitCode: 137 }, { allPassed: false }), "stopped"],
    [
      "a container that vanished",
      run({ reason: "lost", exitCode: null }, { allPassed: false }),
      "sandbox-lost",
    ],
    [
      "a program that is not there",
      run({ exitCode: 127 }, { allPassed: false, missingProgram: "ENOENT" }),
      "agent-not-started",
    ],
    ["exit code 3", run({ exitCode: 3 }, { allPassed: false }), "agent-failed"],
    ["exit 0 that the shim did not confirm", run({ exitCode: 0 }, { allPassed: false }), "agent-failed"],
    ["a child killed for memory though all went on to pass", run({ outOfMemory: true }), "cap-memory"],
  ])("of the agent: %s", (_, facts, reason) => {
    expect(agentFailure(facts, LIMITS)).toEqual(
      reason === undefined ? undefined : expect.objectContaining({ reason }),
    );
  });

  it.each([
    ["all passed", run({}), undefined],
    ["red", run({ exitCode: 1 }, { allPassed: false }), "verify-failed"],
    ["over its time", run({ reason: "wall-clock", exitCode: 137 }, { allPassed: false }), "cap-verify-time"],
    ["out of memory", run({ exitCode: 137, outOfMemory: true }, { allPassed: false }), "cap-memory"],
    ["exit 0 that the shim did not confirm", run({}, { allPassed: false }), "verify-failed"],
  ])("of the verify commands: %s", (_, facts, reason) => {
    const failure = verifyFailure(facts, LIMITS, "npm test");
    expect(failure).toEqual(reason === undefined ? undefined : expect.objectContaining({ reason }));
  });

  it("names the cap, its limit and what to lower or raise", () => {
    const failure = agentFailure(run({ reason: "wall-clock" }, { allPassed: false }), LIMITS);
    expect(failure).toMatchObject({ cause: "task", detail: "it worked for more than 1m (limit wallClock)" });
  });
});

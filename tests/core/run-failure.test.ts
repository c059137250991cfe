import { describe, expect, it } from "vitest";
import type { SandboxEnd } from "../../src/core/event-fields.ts";
import { verifyFailure, type RunFacts } from "../../src/core/run-failure.ts";
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
    ["red", run({ exitCode: 1 }, { allPassed: false }), "verify-failed"],
    ["over its time", run({ reason: "wall-clock", exitCode: 137 }, { allPassed: false }), "cap-verify-time"],
    ["talking without end", run({ reason: "output", exitCode: 137 }, { allPassed: false }), "cap-output"],
    [
      "filling the disk",
      run({ reason: "disk", seen: 2 ** 31, exitCode: 137 }, { allPassed: false }),
      "cap-disk",
    ],
    [
      "making files without end",
      run({ reason: "inodes", exitCode: 137 }, { allPassed: false }),
      "cap-inodes",
    ],
    ["stopped with the night", run({ reason: "stopped", exitCode: 137 }, { allPassed: false }), "stopped"],
    [
      "a container that vanished",
      run({ reason: "lost", exitCode: null }, { allPassed: false }),
      "sandbox-lost",
    ],
    ["out of memory", run({ exitCode: 137, outOfMemory: true }, { allPassed: false }), "cap-memory"],
    ["exit 0 that the shim did not confirm", run({}, { allPassed: false }), "verify-failed"],
  ])("of the verify commands: %s", (_, facts, reason) => {
    const failure = verifyFailure(facts, LIMITS, "npm test");
    expect(failure).toEqual(reason === undefined ? undefined : expect.objectContaining({ reason }));
  });

  it("names the cap on the tree, its limit and what was seen", () => {
    const disk = run({ reason: "disk", seen: 3 * 2 ** 30, exitCode: 137 }, { allPassed: false });
    expect(verifyFailure(disk, LIMITS, null)).toMatchObject({
      detail: "its files took at least 3 GiB on disk, of 1 GiB (limit disk)",
    });
    const inodes = run({ reason: "inodes", seen: 100_001, exitCode: 137 }, { allPassed: false });
    expect(verifyFailure(inodes, LIMITS, null)).toMatchObject({
      detail: "its tree held at least 100001 files, of 100000 (limit inodes)",
    });
  });
});

import { randomUUID } from "node:crypto";
import { expect, it, vi } from "vitest";
import { promisedCanaries, type CanaryResult } from "../../src/core/canary.ts";
import { runCanaries } from "../../src/drills/containment/run-canaries.ts";
import { TEST_LIMITS } from "../fixtures/test-limits.ts";
import { userUnderTest } from "../fixtures/user-under-test.ts";
import { worktreeUnderTest } from "../fixtures/worktree-under-test.ts";

vi.setConfig({ testTimeout: 180_000 });

const newToken = (): string => randomUUID().replaceAll("-", "");

function held(results: readonly CanaryResult[]): string[] {
  expect(results.filter(({ verdict }) => ["survived", "inconclusive"].includes(verdict))).toEqual([]);
  return results.filter(({ verdict }) => verdict === "held").map(({ canary }) => canary);
}

it("a user of its own holds everything that a container holds", async () => {
  const under = await userUnderTest("canaries");
  const results = await runCanaries({
    parts: { ...under, newToken },
    isolation: "user",
    image: under.image,
    limits: TEST_LIMITS,
    signal: new AbortController().signal,
  });
  expect(held(results)).toEqual(promisedCanaries("docker"));
  expect(await under.leftovers()).toEqual([]);
});

it("a folder on the host holds what it promises, and is asked for nothing else", async () => {
  const under = worktreeUnderTest();
  const results = await runCanaries({
    parts: { ...under, newToken },
    isolation: "worktree",
    image: under.image,
    limits: TEST_LIMITS,
    node: process.execPath,
    signal: new AbortController().signal,
  });
  expect(held(results)).toEqual(promisedCanaries("worktree"));
  expect(await under.leftovers()).toEqual([]);
});

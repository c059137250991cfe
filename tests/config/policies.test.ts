import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { loadPhasePolicy } from "../../src/config/load-policy.ts";
import { GIB, MIB } from "../../src/core/byte-size.ts";
import { HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { limitsSchema } from "../../src/core/limits.ts";
import { loosenings, PHASES, policySchema, type Phase, type Policy } from "../../src/core/policy.ts";

async function policyOf(phase: Phase): Promise<Policy> {
  const policy = await loadPhasePolicy(phase);
  if (!policy.ok) throw new Error(JSON.stringify(policy.error));
  return policy.value;
}

/** The phase table of the specification, row by row; a column for each phase. */
const TABLE = {
  phase: ["1", "2a", "2b", "3"],
  isolation: ["worktree", "worktree", "user", "user"],
  unattended: ["forbidden", HOUR_MS, 4 * HOUR_MS, "whole-window"],
  retries: [0, 1, 1, 1],
  afterFailure: ["stop", "breaker", "breaker", "breaker"],
  breakerFailures: [2, 2, 2, 2],
  order: ["listed", "listed", "listed", "dag"],
  parallel: [1, 1, 1, 3],
  skipping: ["forbidden", "forbidden", "forbidden", "dependents"],
  checkpointEvery: [undefined, undefined, undefined, 5],
  // The gate table of the specification.
  gate: [
    {
      landedTasks: 5,
      kinds: 3,
      drills: ["dangerous-symbol", "failing-test", "forbidden-import", "two-failures"],
    },
    { nights: 3, nightLength: HOUR_MS, dockerTrial: true },
    { nights: 3, nightLength: 2 * HOUR_MS, capsReached: 0, abnormalEnds: 0 },
    {
      capsReached: 0,
      abnormalEnds: 0,
      failedRollbacks: 0,
      tasksInNight: 10,
      landedShare: 0.8,
      lastTasks: 20,
      nightsInARow: 3,
    },
  ],
};

/** What the phase table says nothing about is the same in every phase. */
const ALIKE = {
  budget: { taskTokens: 30_000_000, taskCost: 15, nightTokens: 200_000_000, nightCost: 50 },
  quotaWait: 5.5 * HOUR_MS,
  agentFallback: [],
  clientChange: "warn",
  dependencyScripts: "off",
  checks: { replay: "required", levels: {}, deniedBuiltins: {}, bannedPatterns: [], protectedPaths: [] },
};

const RULES = policySchema
  .omit({
    ignore: true,
    limits: true,
    taskCeilings: true,
    budget: true,
    quotaWait: true,
    agentFallback: true,
    clientChange: true,
    dependencyScripts: true,
    checks: true,
  })
  .keyof().options;

describe("the policies of the package", () => {
  it.each(RULES)("say what the phase table says about %s", async (rule) => {
    const policies = await Promise.all(PHASES.map(policyOf));
    expect(policies.map((policy) => policy[rule])).toEqual(TABLE[rule]);
  });

  it("have no rule that the table does not have", async () => {
    const rules = (await Promise.all(PHASES.map(policyOf))).flatMap(Object.keys);
    expect(new Set(rules)).toEqual(new Set([...RULES, ...Object.keys(ALIKE), "ignore", "limits"]));
  });

  it("let every phase use as much of the model APIs, and wait as long for them", async () => {
    for (const policy of await Promise.all(PHASES.map(policyOf))) expect(policy).toMatchObject(ALIKE);
  });

  it("have the same caps in every phase, each with its reason beside it", async () => {
    const policies = await Promise.all(PHASES.map(policyOf));
    for (const policy of policies) {
      expect(policy.limits).toEqual({
        wallClock: 30 * MINUTE_MS,
        firstOutput: 5 * MINUTE_MS,
        silence: 15 * MINUTE_MS,
        tokens: 20_000_000,
        cost: 10,
        verifyTime: 10 * MINUTE_MS,
        memory: 2 * GIB,
        cpus: 2,
        pids: 512,
        openFiles: 4096,
        fileSize: 512 * MIB,
        tmp: 256 * MIB,
        disk: 4 * GIB,
        inodes: 500_000,
        output: 16 * MIB,
        captureFiles: 200_000,
        captureSize: 64 * MIB,
        changedFiles: 200,
        changedLines: 5000,
      });
    }
    const text = await readFile(new URL("../../policies/phase-1.yaml", import.meta.url), "utf8");
    for (const name of Object.keys(limitsSchema.shape))
      expect(text).toMatch(new RegExp(`^  ${name}: .+ # `, "m"));
  });

  it("ignore what tools leave behind, and nothing that could be source", async () => {
    const policies = await Promise.all(PHASES.map(policyOf));
    const ignored = [
      "node_modules/",
      "__pycache__/",
      "*.pyc",
      ".venv/",
      ".pytest_cache/",
      ".mypy_cache/",
      ".ruff_cache/",
      ".DS_Store",
    ];
    for (const policy of policies) expect(policy.ignore).toEqual(ignored);
  });

  it("never loosen isolation from one phase to the next", async () => {
    const [one, twoA, twoB, three] = await Promise.all(PHASES.map(policyOf));
    for (const [before, after] of [
      [one, twoA],
      [twoA, twoB],
      [twoB, three],
    ] as const) {
      if (!before || !after) throw new Error("a phase has no policy");
      expect(loosenings(before, after).map(({ key }) => key)).not.toContain("isolation");
    }
  });
});

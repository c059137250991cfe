import { describe, expect, it } from "vitest";
import {
  applyOverride,
  loosenings,
  policyOverrideSchema,
  policySchema,
  type Policy,
} from "../../src/core/policy.ts";

const STRICT: Policy = policySchema.parse({
  phase: "1",
  isolation: "docker",
  unattended: "forbidden",
  retries: 0,
  afterFailure: "stop",
  breakerFailures: 1,
  order: "listed",
  parallel: 1,
  agentFallback: [],
  skipping: "forbidden",
  checkpointEvery: 5,
  gate: {
    landedTasks: 5,
    drills: ["failing-test", "two-failures"],
    nights: 3,
    nightLength: "2h",
    dockerTrial: true,
    capsReached: 0,
    landedShare: 0.8,
  },
  budget: { taskTokens: 1000, taskCost: 1, nightTokens: 5000, nightCost: 5 },
  quotaWait: "1h",
  clientChange: "refuse",
  dependencyScripts: "off",
  ignore: ["node_modules/"],
  limits: {
    wallClock: "30m",
    firstOutput: "5m",
    silence: "15m",
    tokens: 1000,
    cost: 1,
    verifyTime: "10m",
    memory: "2GiB",
    cpus: 2,
    pids: 512,
    openFiles: 4096,
    fileSize: "512MiB",
    tmp: "256MiB",
    disk: "4GiB",
    inodes: 500_000,
    output: "16MiB",
    captureFiles: 200_000,
    captureSize: "64MiB",
    changedFiles: 200,
    changedLines: 5000,
  },
});

function changed(changes: object): Policy {
  return applyOverride(STRICT, policyOverrideSchema.parse({ changes }));
}

describe("a policy of the workspace", () => {
  it.each([
    [{ isolation: "user" }, "isolation", "docker", "user"],
    [{ unattended: "1h" }, "unattended", "forbidden", "1h"],
    [{ unattended: "whole-window" }, "unattended", "forbidden", "whole-window"],
    [{ retries: 1 }, "retries", "0", "1"],
    [{ afterFailure: "breaker" }, "afterFailure", "stop", "breaker"],
    [{ breakerFailures: 2 }, "breakerFailures", "1", "2"],
    [{ order: "dag" }, "order", "listed", "dag"],
    [{ parallel: 3 }, "parallel", "1", "3"],
    [{ skipping: "dependents" }, "skipping", "forbidden", "dependents"],
    [{ checkpointEvery: 6 }, "checkpointEvery", "5", "6"],
    [{ quotaWait: "2h" }, "quotaWait", "1h", "2h"],
    [{ clientChange: "warn" }, "clientChange", "refuse", "warn"],
    [{ gate: { landedTasks: 4 } }, "gate.landedTasks", "5", "4"],
    [{ gate: { drills: ["two-failures"] } }, "gate.drills", "failing-test, two-failures", "two-failures"],
    [{ gate: { drills: [] } }, "gate.drills", "failing-test, two-failures", "none"],
    [{ gate: { nights: 1 } }, "gate.nights", "3", "1"],
    [{ gate: { nightLength: "1m" } }, "gate.nightLength", "2h", "1m"],
    [{ gate: { dockerTrial: false } }, "gate.dockerTrial", "true", "false"],
    [{ gate: { capsReached: 1 } }, "gate.capsReached", "0", "1"],
    [{ gate: { landedShare: 0.75 } }, "gate.landedShare", "0.8", "0.75"],
    [{ budget: { taskTokens: 1001 } }, "budget.taskTokens", "1000", "1001"],
    [{ budget: { nightCost: 6 } }, "budget.nightCost", "$5.00", "$6.00"],
    [{ limits: { tokens: 1001 } }, "limits.tokens", "1000", "1001"],
    [{ limits: { cost: 1.5 } }, "limits.cost", "$1.00", "$1.50"],
    [{ limits: { memory: "3GiB" } }, "limits.memory", "2 GiB", "3 GiB"],
    [{ limits: { wallClock: "31m" } }, "limits.wallClock", "30m", "31m"],
    [{ limits: { cpus: 2.5 } }, "limits.cpus", "2", "2.5"],
    [{ taskCeilings: { memory: "3GiB" } }, "taskCeilings.memory", "2 GiB", "3 GiB"],
  ])("is looser with %j", (changes, key, specified, used) => {
    expect(loosenings(STRICT, changed(changes))).toEqual([{ key, specified, used }]);
  });

  it("is not looser where it is stricter", () => {
    const loose = changed({
      isolation: "worktree",
      unattended: "4h",
      retries: 1,
      afterFailure: "breaker",
      breakerFailures: 2,
      checkpointEvery: 9,
    });
    expect(loosenings(loose, STRICT)).toEqual([]);
    expect(loosenings(STRICT, changed({ limits: { memory: "1GiB", pids: 16 } }))).toEqual([]);
    // A task may then have as much as the phase gives any task.
    const upToThePhase = { limits: { memory: "1GiB" }, taskCeilings: { memory: "2GiB" } };
    expect(loosenings(STRICT, changed(upToThePhase))).toEqual([]);
  });

  it("is not looser where its gate asks for more, or changes a condition that the phase does not have", () => {
    const stricter = changed({ gate: { landedTasks: 6, nightLength: "3h", landedShare: 0.9 } });
    expect(loosenings(STRICT, stricter)).toEqual([]);
    expect(stricter.gate).toMatchObject({ landedTasks: 6, nights: 3 });
    expect(changed({ gate: { kinds: 1, abnormalEnds: 9 } })).toEqual(STRICT);
  });

  it("is looser where it raises a ceiling that the phase has, and keeps the others", () => {
    const withCeilings = changed({ taskCeilings: { memory: "3GiB", pids: 600 } });
    const raised = applyOverride(
      withCeilings,
      policyOverrideSchema.parse({ changes: { taskCeilings: { memory: "4GiB" } } }),
    );
    expect(raised.taskCeilings).toEqual({ memory: 4 * 2 ** 30, pids: 600 });
    expect(loosenings(withCeilings, raised)).toEqual([
      { key: "taskCeilings.memory", specified: "3 GiB", used: "4 GiB" },
    ]);
  });

  it("changes what it names and keeps the rest", () => {
    expect(changed({})).toEqual(STRICT);
    const { limits, budget, ...rules } = changed({
      retries: 1,
      limits: { pids: 16 },
      budget: { nightCost: 2 },
    });
    expect(budget).toEqual({ ...STRICT.budget, nightCost: 2 });
    expect(rules).toEqual({ ...rules, retries: 1, isolation: "docker", ignore: ["node_modules/"] });
    expect(limits).toEqual({ ...STRICT.limits, pids: 16 });
  });

  it.each([
    { changes: { phase: "3" } },
    { changes: { breakerFailures: 3 } },
    { changes: { retries: 2 } },
    { changes: { unattended: "25h" } },
    { changes: {}, reason: "      short      " },
    { changes: {}, extra: true },
    {},
  ])("cannot be %j", (override) => {
    expect(policyOverrideSchema.safeParse(override).success).toBe(false);
  });
});

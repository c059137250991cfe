import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  LIMIT_NAMES,
  limitOverridesSchema,
  lowerLimits,
  raisedLimits,
  taskLimits,
  type LimitName,
  type LimitOverrides,
  type Limits,
} from "../../src/core/limits.ts";

const CAPS: Limits = {
  wallClock: 1000,
  firstOutput: 1000,
  silence: 1000,
  tokens: 1000,
  cost: 10,
  verifyTime: 1000,
  memory: 1000,
  cpus: 2,
  pids: 1000,
  openFiles: 1000,
  fileSize: 1000,
  tmp: 1000,
  disk: 1000,
  inodes: 1000,
  output: 1000,
  captureFiles: 1000,
  captureSize: 1000,
  changedFiles: 1000,
  changedLines: 1000,
};

describe("the limits of a file", () => {
  it("are durations in milliseconds, sizes in bytes and plain numbers", () => {
    const written = { wallClock: "1h30m", memory: "64 MiB", cpus: 0.5, pids: 100 };
    expect(limitOverridesSchema.parse(written)).toEqual({
      wallClock: 5_400_000,
      memory: 67_108_864,
      cpus: 0.5,
      pids: 100,
    });
  });

  it.each<[LimitName, unknown]>([
    ["wallClock", 30],
    ["wallClock", "0s"],
    ["wallClock", "25h"],
    ["memory", "31MiB"],
    ["memory", "2GB"],
    ["memory", 2_147_483_648],
    ["tmp", "0B"],
    ["silence", 900],
    ["tokens", 0],
    ["tokens", 1.5],
    ["cost", 0],
    ["cost", "$5"],
    ["cpus", 0],
    ["cpus", Number.NaN],
    ["pids", 15],
    ["pids", 100.5],
    ["openFiles", 10],
    ["changedFiles", 0],
    ["changedLines", -1],
  ])("refuse %s: %s", (name, value) => {
    expect(limitOverridesSchema.safeParse({ [name]: value }).success).toBe(false);
  });
});

describe("overrides of limits", () => {
  const overrides: fc.Arbitrary<LimitOverrides> = fc.dictionary(
    fc.constantFrom(...LIMIT_NAMES),
    fc.integer({ min: 1, max: 2000 }),
  );

  it("never make a cap larger, and change nothing else", () => {
    fc.assert(
      fc.property(overrides, (changes) => {
        const lowered = lowerLimits(CAPS, changes);
        for (const name of LIMIT_NAMES) {
          expect(lowered[name]).toBe(Math.min(CAPS[name], changes[name] ?? CAPS[name]));
        }
      }),
    );
  });

  it("are named where they would raise a cap, and only there", () => {
    expect(raisedLimits(CAPS, { cpus: 3, pids: 1000, memory: 1001, tmp: 1 })).toEqual(["memory", "cpus"]);
    fc.assert(
      fc.property(
        overrides,
        (changes) => raisedLimits(lowerLimits(CAPS, changes), lowerLimits(CAPS, changes)).length === 0,
      ),
    );
  });

  it("of a task raise a cap up to the policy's ceiling and no further, and lower any", () => {
    expect(taskLimits(CAPS, undefined, { memory: 2000, pids: 1 })).toEqual({ ...CAPS, pids: 1 });
    expect(taskLimits(CAPS, { memory: 1500 }, { memory: 1400 })).toEqual({ ...CAPS, memory: 1400 });
    expect(raisedLimits(CAPS, { memory: 1501, cpus: 3 }, { memory: 1500 })).toEqual(["memory", "cpus"]);
    fc.assert(
      fc.property(overrides, overrides, (ceilings, changes) => {
        const own = taskLimits(CAPS, ceilings, changes);
        const raised = raisedLimits(CAPS, changes, ceilings);
        for (const name of LIMIT_NAMES) {
          expect(own[name]).toBeLessThanOrEqual(Math.max(CAPS[name], ceilings[name] ?? 0));
          if (!raised.includes(name)) expect(own[name]).toBe(changes[name] ?? CAPS[name]);
        }
      }),
    );
  });
});

import { describe, expect, it, test } from "vitest";
import {
  afterCanaries,
  CANARY_IDS,
  drillVerdict,
  failedCanaries,
  judgeCanary,
  promisedCanaries,
  type CanaryResult,
  type ProbeAnswer,
} from "../../src/core/canary.ts";

const answer = (parts: Partial<ProbeAnswer>): ProbeAnswer => ({
  reached: [],
  refused: [],
  unclear: [],
  ...parts,
});
const REFUSED = answer({ refused: ["10.0.0.1: ENETUNREACH"] });
const REACHED = answer({ reached: ["10.0.0.1: answered"] });

describe("a canary", () => {
  it.each<[string, ProbeAnswer | undefined, ProbeAnswer | undefined, CanaryResult["verdict"], string]>([
    ["is held where its control succeeded", REFUSED, REACHED, "held", "10.0.0.1: ENETUNREACH"],
    ["has survived where it got through", REACHED, REACHED, "survived", "10.0.0.1: answered"],
    ["has survived whatever its control did", REACHED, undefined, "survived", "10.0.0.1: answered"],
    [
      "has survived where one way of many was open",
      answer({ reached: ["b"], refused: ["a"], unclear: ["c"] }),
      REACHED,
      "survived",
      "b",
    ],
    ["that gave no answer says nothing", undefined, REACHED, "inconclusive", "the attack gave no answer"],
    ["that tried nothing says nothing", answer({}), REACHED, "inconclusive", "the attack tried nothing"],
    [
      "with one way of which nobody knows says nothing",
      answer({ refused: ["a"], unclear: ["b: no answer"] }),
      REACHED,
      "inconclusive",
      "b: no answer",
    ],
    ["without a control says nothing", REFUSED, undefined, "inconclusive", "the control gave no answer"],
    [
      "whose control could not get through either says nothing",
      REFUSED,
      answer({ refused: ["ECONNREFUSED"] }),
      "inconclusive",
      "without the guard it did not succeed either: ECONNREFUSED",
    ],
  ])("%s", (_, attack, control, verdict, detail) => {
    expect(judgeCanary("route", { attack, control })).toEqual({ canary: "route", verdict, detail });
  });

  it("tells of many ways the first, and how many more", () => {
    const attack = answer({ refused: ["a", "b", "c", "d", "e", "f"] });
    expect(judgeCanary("route", { attack, control: REACHED }).detail).toBe("a; b; c; d; and 2 more");
  });
});

const resultsOf = (...verdicts: CanaryResult["verdict"][]): CanaryResult[] =>
  verdicts.map((verdict, at) => ({ canary: `c${at}`, verdict, detail: `d${at}` }));

describe("a drill", () => {
  it.each<[CanaryResult["verdict"][], string]>([
    [["held", "held"], "held"],
    [["held", "not-promised"], "held"],
    [["held", "inconclusive"], "inconclusive"],
    [["inconclusive", "survived", "held"], "survived"],
    [["not-promised"], "inconclusive"],
    [[], "inconclusive"],
  ])("of %j is %s", (verdicts, expected) => {
    expect(drillVerdict(resultsOf(...verdicts))).toBe(expected);
  });

  test.each([
    ["held", 1, "pass"],
    ["held", 2, "pass"],
    ["inconclusive", 1, "again"],
    ["inconclusive", 2, "refuse"],
    ["survived", 1, "refuse"],
    ["survived", 2, "refuse"],
  ] as const)("that is %s after %i runs: %s", (verdict, runs, expected) => {
    expect(afterCanaries(verdict, runs)).toBe(expected);
  });

  it("names what decided it, and nothing else", () => {
    expect(failedCanaries(resultsOf("held", "inconclusive", "survived", "survived"))).toBe(
      "c2 (d2), c3 (d3)",
    );
    expect(failedCanaries(resultsOf("held", "inconclusive"))).toBe("c1 (d1)");
  });
});

test("a weaker isolation promises less, and none of it is something that a stronger one does not", () => {
  expect(promisedCanaries("docker")).toEqual(CANARY_IDS);
  expect(promisedCanaries("worktree")).toEqual(["environment", "survivor"]);
  for (const canary of promisedCanaries("worktree")) expect(promisedCanaries("user")).toContain(canary);
});

import { describe, expect, test } from "vitest";
import { LongRuns } from "../../src/core/long-runs.ts";

describe("long runs", () => {
  const blanks = new LongRuns({ kind: " \t\u00a0", least: 4 });

  test("are as long as they can be", () => {
    expect([...blanks.in("a    b\t \u00a0 \t c")]).toEqual([
      { start: 1, end: 5 },
      { start: 6, end: 12 },
    ]);
    expect([...blanks.in("    ")]).toEqual([{ start: 0, end: 4 }]);
  });

  test("are not the short ones", () => {
    expect([...blanks.in("a   b   c   ")]).toEqual([]);
    expect([...blanks.in("")]).toEqual([]);
  });

  test.each([1, 2, 3, 5, 8])("are those that an expression finds, of %i or more", (least) => {
    let seed = least;
    const text = Array.from({ length: 20_000 }, () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return "xxxxé."[seed % 6];
    }).join("");
    const expected = [...text.matchAll(new RegExp(`[xé]{${least},}`, "g"))].map(({ 0: run, index }) => ({
      start: index,
      end: index + run.length,
    }));
    expect(expected.length).toBeGreaterThan(100);
    expect([...new LongRuns({ kind: "xé", least }).in(text)]).toEqual(expected);
  });
});

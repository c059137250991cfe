import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ObjectId } from "../../src/core/ids.ts";
import { nextBisection, type Bisection } from "../../src/core/next-bisection.ts";
import { BASE, commitOf } from "../fixtures/night-story.ts";

function bisectionOf(count: number): Bisection {
  return { good: BASE, commits: Array.from({ length: count }, (_, index) => commitOf(0x1000 + index)) };
}

/** Asks `isGreen` until it ends; -1 is the good end. */
function search(
  bisection: Bisection,
  isGreen: (index: number) => boolean,
): { readonly culprit: number | null; readonly asked: readonly number[] } {
  const answers = new Map<ObjectId, boolean>();
  const asked: number[] = [];
  for (;;) {
    const step = nextBisection(bisection, answers);
    if (step.kind === "nobody") return { culprit: null, asked };
    if (step.kind === "found") return { culprit: bisection.commits.indexOf(step.culprit), asked };
    expect(answers.has(step.commit)).toBe(false);
    const index = bisection.commits.indexOf(step.commit);
    asked.push(index);
    answers.set(step.commit, isGreen(index));
  }
}

describe("a bisection", () => {
  test("asks the good end first, and blames nobody where that is red as well", () => {
    expect(search(bisectionOf(5), () => false)).toEqual({ culprit: null, asked: [-1] });
  });

  test("of one landing asks nothing but the good end", () => {
    expect(search(bisectionOf(1), (index) => index < 0)).toEqual({ culprit: 0, asked: [-1] });
  });

  test("finds the first culprit in the logarithm of the number of landings", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.nat(), (count, seed) => {
        const first = seed % count;
        const { culprit, asked } = search(bisectionOf(count), (index) => index < first);
        expect(culprit).toBe(first);
        expect(asked.length).toBeLessThanOrEqual(Math.ceil(Math.log2(count)) + 1);
        expect(asked).not.toContain(count - 1);
      }),
    );
  });

  test("ends also where answers contradict each other, with a red landing beside a green one", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 64 }), (greens) => {
        const isGreen = (index: number): boolean =>
          index < 0 || (index < greens.length - 1 && greens[index] === true);
        const { culprit, asked } = search(bisectionOf(greens.length), isGreen);
        expect(asked.length).toBeLessThanOrEqual(Math.ceil(Math.log2(greens.length)) + 1);
        expect(culprit === null || isGreen(culprit)).toBe(false);
        expect(isGreen((culprit ?? 0) - 1)).toBe(true);
      }),
    );
  });
});

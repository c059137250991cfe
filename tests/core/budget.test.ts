import { describe, expect, it } from "vitest";
import type { AttemptRef } from "../../src/core/attempt.ts";
import { budgetOf, isCutByNight, isNothingLeft } from "../../src/core/budget.ts";
import type { Fact } from "../../src/core/event.ts";
import type { NightState } from "../../src/core/night-state.ts";
import { costOf } from "../../src/core/usage.ts";
import { begun, nightOf, refOf, started, testTask } from "../fixtures/night-story.ts";

const POLICY = { budget: { taskTokens: 2000, taskCost: 2, nightTokens: 3000, nightCost: 3 } };
const LIMITS = { tokens: 1000, cost: 1 };
const [ONE, TWO] = [testTask("one"), testTask("two")];
const PROBE: AttemptRef = { ...refOf(testTask("hello")), token: "token-of-a-probe" };

/** An answer of so many tokens, at a thousandth of a dollar each. */
function answered(ref: AttemptRef, tokens: number): Fact {
  const usage = { input: tokens, cacheRead: 0, cacheWrite: 0, output: 0 };
  return {
    type: "model.answered",
    data: {
      ...ref,
      model: "m",
      result: "complete",
      status: 200,
      errorCode: null,
      retryAt: null,
      usage,
      costUsd: tokens / 1000,
      firstByteMs: 1,
      durationMs: 2,
      bytes: 3,
    },
  };
}

function stateAfter(...answers: readonly Fact[]): NightState {
  return nightOf([started([ONE, TWO]), begun(ONE), begun(TWO), ...answers]);
}

describe("what an attempt may still use", () => {
  it.each([
    ["is its own cap at first", [], ONE, { tokens: 1000, tokensBound: "attempt", costUsd: 1 }],
    ["is its own cap whatever another task used", [answered(refOf(TWO), 400)], ONE, { tokens: 1000 }],
    [
      "is what is left to the task",
      [answered(refOf(ONE), 900), answered(refOf(ONE), 500)],
      ONE,
      { tokens: 600, tokensBound: "task" },
    ],
    [
      "is what is left to the night",
      [answered(refOf(TWO), 1500), answered(refOf(TWO), 1100)],
      ONE,
      { tokens: 400, tokensBound: "night" },
    ],
    ["counts what the health checks used", [answered(PROBE, 2700)], TWO, { tokens: 300, costBound: "night" }],
    ["is never below zero", [answered(refOf(ONE), 5000)], TWO, { tokens: 0, costUsd: 0 }],
  ])("%s", (_, used, task, expected) => {
    const state = stateAfter(...used);
    const budget = budgetOf({ state, task: task.id, limits: LIMITS, policy: POLICY, others: [] });
    expect(budget).toMatchObject(expected);
  });

  it.each([
    [
      "leaves others what they were given",
      [],
      2100,
      { tokens: 900, tokensBound: "night", costBound: "night" },
    ],
    ["counts what they have used of it once", [answered(refOf(TWO), 1500)], 2100, { tokens: 900 }],
    ["counts also what they used beyond it", [answered(refOf(TWO), 2300)], 2100, { tokens: 700 }],
    ["is its own cap where that is left as well", [], 2000, { tokens: 1000, tokensBound: "attempt" }],
    ["is the night's where no other has a share: control", [answered(refOf(TWO), 1500)], 0, { tokens: 1000 }],
  ])("%s", (_, used, share, expected) => {
    const others = [{ attempt: refOf(TWO), tokens: share, costUsd: share / 1000 }];
    const state = stateAfter(...used);
    const budget = budgetOf({ state, task: ONE.id, limits: LIMITS, policy: POLICY, others });
    expect(budget).toMatchObject(expected);
    expect(isCutByNight(budget)).toBe(budget.tokens < 1000);
  });

  it("is nothing only where the night has nothing left, and not where the task has not", () => {
    const budgetAfter = (...used: readonly Fact[]) =>
      budgetOf({ state: stateAfter(...used), task: ONE.id, limits: LIMITS, policy: POLICY, others: [] });
    expect(isNothingLeft(budgetAfter(answered(refOf(TWO), 3000)))).toBe(true);
    expect(isNothingLeft(budgetAfter(answered(refOf(TWO), 2999)))).toBe(false);
    expect(isNothingLeft(budgetAfter(answered(refOf(ONE), 2000)))).toBe(false);
  });

  it("costs what the price list says, by kind of token", () => {
    const price = { input: 3, cacheRead: 0.3, cacheWrite: 3.75, output: 15 };
    const usage = { input: 1000, cacheRead: 20_000, cacheWrite: 2000, output: 500 };
    expect(costOf(usage, price)).toBeCloseTo(0.003 + 0.006 + 0.0075 + 0.0075, 10);
  });
});

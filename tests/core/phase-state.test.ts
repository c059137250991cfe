import { expect, test } from "vitest";
import type { Fact } from "../../src/core/event.ts";
import { demotionFrom, demotionInWords, phaseState } from "../../src/core/phase-state.ts";
import { eventsOf } from "../fixtures/night-story.ts";

const demoted = (from: "1" | "2a" | "2b" | "3"): Fact => ({
  type: "phase.demoted",
  data: demotionFrom(from, "route (a way)"),
});
const stateAfter = (...facts: Fact[]) => phaseState(eventsOf(facts, { night: null }));

test("a new workspace is in phase 1, and never lost trust", () => {
  expect(stateAfter()).toEqual({ phase: "1", demotion: undefined });
  expect(stateAfter({ type: "workspace.created", data: { version: "0" } }).phase).toBe("1");
});

test.each([
  ["3", "2b"],
  ["2b", "2a"],
  ["2a", "1"],
  ["1", "1"],
] as const)("a workspace in phase %s that loses trust is in phase %s", (from, to) => {
  const { phase, demotion } = stateAfter(demoted(from));
  expect(phase).toBe(to);
  expect(demotion).toMatchObject({ from, to, why: "route (a way)" });
  expect(demotion?.at).toMatch(/^20\d\d-/);
});

test("the last demotion counts", () => {
  expect(stateAfter(demoted("3"), demoted("2b")).phase).toBe("2a");
});

test("a demotion in words says from where to where, and that phase 1 is the end", () => {
  expect(demotionInWords(demotionFrom("2a", "why"))).toBe("demoted from phase 2a to 1: why");
  expect(demotionInWords(demotionFrom("1", "why"))).toBe("phase 1 is the lowest, so it stays: why");
});

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findCycle, forwardDependencies } from "../../src/core/plan-order.ts";

const IDS = ["a", "b", "c", "d", "e", "f", "g"];

/** Plans of seven tasks with any dependencies, and a few that do not exist. */
const plans = fc
  .array(fc.array(fc.constantFrom(...IDS, "unknown"), { maxLength: 4 }), { minLength: 7, maxLength: 7 })
  .map((dependencies) => IDS.map((id, index) => ({ id, dependsOn: dependencies[index] ?? [] })));

/** Whether some task reaches itself, found by following every dependency again and again. */
function hasCycle(nodes: readonly { readonly id: string; readonly dependsOn: readonly string[] }[]): boolean {
  const dependsOn = new Map(nodes.map((node) => [node.id, node.dependsOn]));
  return nodes.some(({ id }) => {
    let reached = new Set(dependsOn.get(id));
    for (let step = 0; step < nodes.length; step += 1) {
      reached = new Set([...reached, ...[...reached].flatMap((next) => dependsOn.get(next) ?? [])]);
    }
    return reached.has(id);
  });
}

describe("findCycle", () => {
  it("finds a cycle if and only if there is one", () => {
    fc.assert(
      fc.property(plans, (nodes) => {
        expect(findCycle(nodes) !== undefined).toBe(hasCycle(nodes));
      }),
      { numRuns: 1000 },
    );
  });

  it("returns ids that really wait for each other, the first one again at the end", () => {
    fc.assert(
      fc.property(plans, (nodes) => {
        const cycle = findCycle(nodes);
        if (!cycle) return;
        expect(cycle.at(-1)).toBe(cycle[0]);
        expect(new Set(cycle).size).toBe(cycle.length - 1);
        for (const [index, id] of cycle.slice(0, -1).entries()) {
          expect(nodes.find((node) => node.id === id)?.dependsOn).toContain(cycle[index + 1]);
        }
      }),
    );
  });

  it("finds none in a plan that depends on earlier tasks only", () => {
    fc.assert(
      fc.property(plans, (nodes) => {
        const earlier = nodes.map(({ id, dependsOn }) => ({
          id,
          dependsOn: dependsOn.filter((other) => other < id),
        }));
        expect(findCycle(earlier)).toBeUndefined();
        expect(forwardDependencies(earlier)).toEqual([]);
      }),
    );
  });

  it("follows a chain of 100,000 without running out of stack", { timeout: 10_000 }, () => {
    const chain = Array.from({ length: 100_000 }, (_, index) => ({
      id: `${index}`,
      dependsOn: [`${index + 1}`],
    }));
    expect(findCycle(chain)).toBeUndefined();
    expect(findCycle([...chain, { id: "100000", dependsOn: ["0"] }])).toHaveLength(100_002);
  });
});

it("forwardDependencies names each dependency that is listed later, and no unknown one", () => {
  const nodes = [
    { id: "a", dependsOn: ["c", "unknown"] },
    { id: "b", dependsOn: ["a", "c"] },
    { id: "c", dependsOn: [] },
  ];
  expect(forwardDependencies(nodes)).toEqual([
    { task: "a", dependency: "c" },
    { task: "b", dependency: "c" },
  ]);
});

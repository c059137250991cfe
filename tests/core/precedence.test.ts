import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byPrecedence } from "../../src/core/precedence.ts";

const IDS = ["a", "b", "c", "d", "e", "f", "g", "h"];
interface Node {
  readonly id: string;
  readonly dependsOn: readonly string[];
  readonly priority: number;
}
const node = (id: string, dependsOn: readonly string[] = [], priority = 0): Node => ({
  id,
  dependsOn,
  priority,
});
const order = (nodes: readonly Node[]): string =>
  byPrecedence(nodes)
    .map(({ id }) => id)
    .join(" ");

/** Plans without cycles whose tasks are listed in any order, with some dependencies that are not tonight's. */
const plans = fc
  .record({
    edges: fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 16 }),
    priorities: fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 8, maxLength: 8 }),
    listed: fc.shuffledSubarray(IDS, { minLength: 8, maxLength: 8 }),
    elsewhere: fc.subarray(IDS),
  })
  .map(({ edges, priorities, listed, elsewhere }) =>
    listed.map((id) => {
      const at = IDS.indexOf(id);
      const before = edges.filter(([from, to]) => to === at && from < to).map(([from]) => IDS[from] ?? "");
      const outside = elsewhere.includes(id) ? [`old-${id}`] : [];
      return node(id, [...before, ...outside], priorities[at] ?? 0);
    }),
  );

/** The written rules, taken word by word: slow, and with recursion. */
function slowOrder(nodes: readonly Node[]): string[] {
  const waiting = (id: string): Node[] => nodes.filter(({ dependsOn }) => dependsOn.includes(id));
  const priority = (of: Node): number => Math.max(of.priority, ...waiting(of.id).map(priority));
  const chain = (of: Node): number => Math.max(0, ...waiting(of.id).map((each) => chain(each) + 1));
  return nodes
    .map((each, index) => ({ id: each.id, index, priority: priority(each), chain: chain(each) }))
    .toSorted((a, b) => b.priority - a.priority || b.chain - a.chain || a.index - b.index)
    .map(({ id }) => id);
}

describe("the order in which tasks have their turn", () => {
  it.each([
    ["as listed, where nothing else speaks", [node("a"), node("b"), node("c")], "a b c"],
    ["the higher priority first", [node("a"), node("b", [], 1), node("c", [], -1)], "b a c"],
    [
      "the longer chain behind it first",
      [node("a"), node("b"), node("c", ["b"]), node("d", ["c"])],
      "b c a d",
    ],
    [
      "a task has the priority of one that waits for it",
      [node("a", [], 5), node("b", [], -9), node("c", ["b"], 9)],
      "b c a",
    ],
    ["a dependency that is listed later still goes first", [node("a", ["b"]), node("b")], "b a"],
    ["a dependency that is named twice counts once", [node("a", ["b", "b"]), node("b")], "b a"],
    ["a dependency that is not tonight's counts as met", [node("a", ["old"]), node("b")], "a b"],
  ])("%s", (_, nodes, expected) => {
    expect(order(nodes)).toBe(expected);
  });

  it("is what the written rules say, whatever the plan", () => {
    fc.assert(
      fc.property(plans, (nodes) => {
        expect(byPrecedence(nodes).map(({ id }) => id)).toEqual(slowOrder(nodes));
      }),
      { numRuns: 1000 },
    );
  });

  it("never has a task before one that it depends on", () => {
    fc.assert(
      fc.property(plans, (nodes) => {
        const ids = byPrecedence(nodes).map(({ id }) => id);
        for (const { id, dependsOn } of nodes)
          for (const dependency of dependsOn) expect(ids.indexOf(dependency)).toBeLessThan(ids.indexOf(id));
      }),
    );
  });

  it("refuses tasks that wait for each other", () => {
    expect(() => byPrecedence([node("a", ["b"]), node("b", ["a"]), node("c")])).toThrow(RangeError);
    expect(() => byPrecedence([node("a", ["a"])])).toThrow(RangeError);
  });

  it("follows a chain of 100,000", () => {
    const chain = Array.from({ length: 100_000 }, (_, index) => node(`${index}`, [`${index + 1}`]));
    expect(byPrecedence(chain).at(0)?.id).toBe("99999");
  });
});

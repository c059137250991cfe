import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ask,
  defaultMemoryBudget,
  freeBytes,
  leave,
  noClaims,
  refusalOf,
  type AdmissionState,
} from "../../src/core/admission.ts";
import { GIB } from "../../src/core/byte-size.ts";

const ids = (claims: AdmissionState["admitted"]): string => claims.map(({ id }) => id).join(" ");

describe("admission", () => {
  it("lets in what fits, and the next in turn when there is room", () => {
    let state = noClaims(10);
    for (const [id, bytes] of [
      ["a", 6],
      ["b", 4],
      ["c", 5],
      ["d", 1],
    ] as const)
      state = ask(state, { id, bytes });
    expect([ids(state.admitted), ids(state.waiting), freeBytes(state)]).toEqual(["a b", "c d", 0]);
    state = leave(state, "b");
    // The small one would fit; it does not overtake the large one, which could otherwise wait for ever.
    expect([ids(state.admitted), ids(state.waiting)]).toEqual(["a", "c d"]);
    state = leave(state, "a");
    expect([ids(state.admitted), ids(state.waiting), freeBytes(state)]).toEqual(["c d", "", 4]);
  });

  it("lets the others on when one who waits gives up", () => {
    const full = ask(ask(ask(noClaims(10), { id: "a", bytes: 6 }), { id: "b", bytes: 9 }), {
      id: "c",
      bytes: 4,
    });
    expect(ids(leave(full, "b").admitted)).toBe("a c");
  });

  it("refuses what can never fit, and says so before", () => {
    expect(refusalOf({ bytes: 3 * GIB }, 2 * GIB)).toBe(
      "it needs 3 GiB of memory, and all sandboxes together may have 2 GiB",
    );
    expect(refusalOf({ bytes: 2 * GIB }, 2 * GIB)).toBeUndefined();
    expect(() => ask(noClaims(2), { id: "a", bytes: 3 })).toThrow(RangeError);
  });

  it("keeps a reserve of the machine: a gibibyte, or an eighth of a small one", () => {
    expect(defaultMemoryBudget(24 * GIB)).toBe(23 * GIB);
    expect(defaultMemoryBudget(4 * GIB)).toBe(3.5 * GIB);
  });

  it("never goes over the budget, keeps the order, and leaves nobody waiting for ever", () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant("ask" as const), bytes: fc.integer({ min: 1, max: 10 }) }),
      fc.record({ do: fc.constant("leave" as const), bytes: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let state = noClaims(10);
        const asked: string[] = [];
        const order: string[] = [];
        const note = (next: AdmissionState): void => {
          for (const { id } of next.admitted) if (!order.includes(id)) order.push(id);
          state = next;
          expect(freeBytes(state)).toBeGreaterThanOrEqual(0);
        };
        for (const { do: what, bytes } of steps) {
          if (what === "ask") {
            asked.push(String(asked.length));
            note(ask(state, { id: asked.at(-1) ?? "", bytes }));
          } else {
            const { admitted } = state;
            const one = admitted[bytes % Math.max(1, admitted.length)];
            if (one) note(leave(state, one.id));
          }
        }
        for (let first = state.admitted[0]; first; [first] = state.admitted) note(leave(state, first.id));
        expect(state.waiting).toEqual([]);
        expect(order).toEqual(asked);
      }),
    );
  });
});

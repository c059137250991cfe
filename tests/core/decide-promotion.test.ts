import { describe, expect, it } from "vitest";
import { decidePromotion } from "../../src/core/decide-promotion.ts";
import { atLeast } from "../../src/core/gate-criterion.ts";
import type { NightId } from "../../src/core/ids.ts";
import type { JournalGap } from "../../src/core/journal-gaps.ts";

const GAP: JournalGap = { night: "2026-11-20-k3f9" as NightId, message: "its journal is missing" };

function gate(measured: number, gaps: readonly JournalGap[] = []): Parameters<typeof decidePromotion>[0] {
  const rest = { says: "", sample: { of: 0, what: "nights" }, loosened: [], evidence: [] } as const;
  const criteria = [
    atLeast(3, measured, { criterion: "nights", ...rest }),
    atLeast(1, 1, { criterion: "docker-trial", ...rest }),
  ];
  return { phase: "2a", next: "2b", policyHash: "p", criteria, gaps };
}

describe("a promotion", () => {
  it("is made where all is met, with the policy that it was earned under", () => {
    const data = { from: "2a", to: "2b", forced: null, policyHash: "p" };
    expect(decidePromotion(gate(3), "2b", undefined)).toEqual({ kind: "promote", data });
  });

  it("is refused with every criterion that is unmet", () => {
    expect(decidePromotion(gate(2), "2b", undefined)).toEqual({ kind: "unmet", unmet: ["nights"] });
  });

  it("is refused while a journal is not whole, whatever was measured", () => {
    expect(decidePromotion(gate(3, [GAP]), "2b", undefined)).toEqual({ kind: "unmet", unmet: ["journal"] });
  });

  it("can be forced with a reason, and then names what was unmet", () => {
    expect(decidePromotion(gate(2, [GAP]), "2b", "the disk was lost")).toMatchObject({
      kind: "promote",
      data: { forced: { reason: "the disk was lost", unmet: ["nights", "journal"] } },
    });
  });

  it("is not called forced where nothing was in its way", () => {
    expect(decidePromotion(gate(3), "2b", "to be sure")).toMatchObject({
      kind: "promote",
      data: { forced: null },
    });
  });

  it.each([
    ["3", "phase 2b comes next after phase 2a, and no phase is left out"],
    ["2a", "the workspace is in phase 2a already"],
    ["1", "phase 1 is below phase 2a"],
  ] as const)("to phase %s is no way, not even by force", (to, why) => {
    expect(decidePromotion(gate(3), to, "please, now")).toEqual({ kind: "no-way", why });
  });
});

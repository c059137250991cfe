import type { NightwardenEvent } from "./event.ts";
import type { Phase } from "./policy.ts";
import { safeLine } from "./safe-text.ts";

/** A promotion that a person forced though criteria were unmet. */
export interface ForcedPromotion {
  readonly from: Phase;
  readonly to: Phase;
  readonly at: string;
  readonly reason: string;
  readonly unmet: readonly string[];
}

/** All that there ever were, oldest first: they are shown ever after, whatever came later. */
export function forcedPromotions(workspace: readonly NightwardenEvent[]): ForcedPromotion[] {
  return workspace.flatMap((event) => {
    if (event.type !== "phase.promoted" || !event.data.forced) return [];
    const { from, to, forced } = event.data;
    return [{ from, to, at: event.at, reason: forced.reason, unmet: forced.unmet }];
  });
}

/** The same with texts that do nothing where they are shown. */
export function inertPromotion(promotion: ForcedPromotion): ForcedPromotion {
  const { reason, unmet } = promotion;
  return { ...promotion, reason: safeLine(reason), unmet: unmet.map((name) => safeLine(name)) };
}

/** A forced promotion on one line. */
export function forcedInWords({ from, to, at, reason, unmet }: ForcedPromotion): string {
  return `Forced from phase ${from} to ${to} on ${at.slice(0, 10)}: ${reason} (unmet then: ${unmet.join(", ")})`;
}

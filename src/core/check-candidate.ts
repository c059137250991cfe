import type { Finding } from "./event.ts";

/** What is known of an attempt's change before it may land. */
export interface CandidateFacts {
  readonly added: number;
  readonly changed: number;
  readonly deleted: number;
  readonly insertions: number;
  readonly deletions: number;
  readonly refused: readonly { readonly path: string; readonly reason: string }[];
}

/** The findings about a change, from facts alone. One `block` keeps it from landing. */
export function checkCandidate(facts: Pick<CandidateFacts, "refused">): Finding[] {
  return facts.refused.map(({ path, reason }) => ({
    rule: "refused-entry",
    level: "block",
    path,
    message: reason,
  }));
}

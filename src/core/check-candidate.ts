import type { Finding } from "./event.ts";
import type { Limits } from "./limits.ts";

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
export function checkCandidate(facts: CandidateFacts, limits: Limits): Finding[] {
  const findings: Finding[] = facts.refused.map(({ path, reason }) => ({
    rule: "refused-entry",
    level: "block",
    path,
    message: reason,
  }));
  const files = facts.added + facts.changed + facts.deleted;
  if (files > limits.changedFiles) {
    const message = `${files} files changed; at most ${limits.changedFiles} may (limit changedFiles)`;
    findings.push({ rule: "change-size", level: "block", message });
  }
  const lines = facts.insertions + facts.deletions;
  if (lines > limits.changedLines) {
    const message = `${lines} lines changed; at most ${limits.changedLines} may (limit changedLines)`;
    findings.push({ rule: "change-size", level: "block", message });
  }
  return findings;
}

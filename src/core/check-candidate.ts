import type { Finding } from "./finding.ts";

/** What is known of an attempt's change before it may land. */
export interface CandidateFacts {
  readonly added: number;
  readonly changed: number;
  readonly deleted: number;
  readonly insertions: number;
  readonly deletions: number;
  readonly refused: readonly { readonly path: string; readonly reason: string }[];
  /** Changed files that dependencies are installed from. Absent: none are installed, or none changed. */
  readonly dependencyFiles?: readonly string[];
}

/** The findings about a change, from facts alone. One `block` keeps it from landing. */
export function checkCandidate(facts: Pick<CandidateFacts, "refused" | "dependencyFiles">): Finding[] {
  return [
    ...facts.refused.map(({ path, reason }): Finding => ({
      rule: "refused-entry",
      level: "block",
      path,
      message: reason,
    })),
    ...(facts.dependencyFiles ?? []).map((path): Finding => ({
      rule: "dependency-files",
      level: "warn",
      path,
      message: "says what is installed, and was changed: verify ran with what the base's files say",
    })),
  ];
}

/** What keeps a candidate from landing, in one line for a person; undefined: nothing. */
export function blockingDetail(findings: readonly Finding[]): string | undefined {
  const [first, ...others] = findings.filter(({ level }) => level === "block");
  if (!first) return undefined;
  const place =
    first.path === undefined ? "" : `${first.path}${first.line === undefined ? "" : `:${first.line}`}: `;
  return `${place}${first.message}${others.length > 0 ? ` (and ${others.length} more)` : ""}`;
}

import type { Finding } from "./finding.ts";

/** What is known of an attempt's change before it may land. */
export interface CandidateFacts {
  readonly added: number;
  readonly changed: number;
  readonly deleted: number;
  readonly insertions: number;
  readonly deletions: number;
  readonly refused: readonly { readonly path: string; readonly reason: string }[];
  /** Files that dependencies are installed from, and that the agent has changed. Absent: none are installed, or none changed. */
  readonly dependencyFiles?: readonly string[];
  /** For verify they are installed anew from those files. Absent: verify runs with what the agent had. */
  readonly isInstalledAnew?: boolean;
}

/** The findings about a change, from facts alone. One `block` keeps it from landing. */
export function checkCandidate(
  facts: Pick<CandidateFacts, "refused" | "dependencyFiles" | "isInstalledAnew">,
): Finding[] {
  const used = facts.isInstalledAnew
    ? "verify ran with what it says now, installed without any program of a package"
    : "verify ran with what was installed before, since prepare.commands are the repository's own";
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
      message: `says what is installed, and was changed: ${used}`,
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

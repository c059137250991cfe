import type { Finding } from "../core/finding.ts";
import type { Inspection } from "../core/inspection.ts";
import { byImportance } from "./inspect-change.ts";

/** More than a person reads, and little enough for one line of the journal. */
const MAX_FINDINGS = 200;

/** The worst findings, and how many more there are. */
export function boundFindings(findings: readonly Finding[]): Inspection {
  const listed = [...findings].sort(byImportance).slice(0, MAX_FINDINGS);
  return { findings: listed, unlisted: findings.length - listed.length };
}

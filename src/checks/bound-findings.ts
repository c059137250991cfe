import type { Finding } from "../core/finding.ts";
import type { Inspection } from "../core/inspection.ts";
import { byImportance } from "./inspect-change.ts";

/** More than a person reads, and little enough for one line of the journal. */
const MAX_FINDINGS = 200;

/** The worst findings, and how many more there are. What a rule says twice about one line is said once, at its worst level. */
export function boundFindings(findings: readonly Finding[]): Inspection {
  const said = new Set<string>();
  const different = [...findings].sort(byImportance).filter(({ rule, path, line, message }) => {
    const key = JSON.stringify([rule, path, line, message]);
    if (line === undefined || !said.has(key)) return Boolean(said.add(key));
    return false;
  });
  const listed = different.slice(0, MAX_FINDINGS);
  return { findings: listed, unlisted: different.length - listed.length };
}

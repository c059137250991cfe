import type { Finding } from "../core/finding.ts";
import type { Inspection } from "../core/inspection.ts";
import { byImportance } from "./inspect-change.ts";

/** More than a person reads, and little enough for one line of the journal. */
const MAX_FINDINGS = 200;

/**
 * The worst findings, and how many more there are. What a rule says twice about one line is said once, at its worst level. Of many that are
 * equally bad each rule is heard before one is heard twice, and then each file: a thousand places of one kind leave room for the others.
 */
export function boundFindings(findings: readonly Finding[]): Inspection {
  const said = new Set<string>();
  const different = [...findings].sort(byImportance).filter(({ rule, path, line, message }) => {
    const key = JSON.stringify([rule, path, line, message]);
    if (line === undefined || !said.has(key)) return Boolean(said.add(key));
    return false;
  });
  const listed = different.length <= MAX_FINDINGS ? different : byTurns(different).slice(0, MAX_FINDINGS);
  return { findings: listed.toSorted(byImportance), unlisted: different.length - listed.length };
}

/** The same findings, level by level: the first of each rule, then the first of each rule and file, then the second, and so on. */
function byTurns(findings: readonly Finding[]): Finding[] {
  const heard = new Map<string, number>();
  const count = (key: string): number => {
    const before = heard.get(key) ?? 0;
    heard.set(key, before + 1);
    return before;
  };
  return [...Map.groupBy(findings, ({ level }) => level).values()].flatMap((equal) =>
    equal
      .map((finding) => {
        const isFirst = count(`${finding.level} ${finding.rule}`) === 0;
        const turn = count(JSON.stringify([finding.level, finding.rule, finding.path]));
        return { finding, turn: isFirst ? -1 : turn };
      })
      .toSorted((a, b) => a.turn - b.turn)
      .map(({ finding }) => finding),
  );
}

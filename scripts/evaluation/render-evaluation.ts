import type { Evaluation } from "./evaluation.ts";

/** The figures for a person: what went wrong first, then by group, then all together. */
export function renderEvaluation({ figures, groups, wrong }: Evaluation): string {
  const rows = [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, group]) => {
      const found = group.flag > 0 ? `${group.found} of ${group.flag} found` : "";
      const ok = group.ok > 0 ? `${group.okBlocked} of ${group.ok} blocked, ${group.okWarned} warned` : "";
      const commits = group.flag + group.ok === 0 ? `blocks ${group.okBlocked} commits` : "";
      return `${name.padEnd(36)} ${[found, ok, commits].filter(Boolean).join("; ")}`;
    });
  const share = (value: number | null): string => (value === null ? "–" : `${(100 * value).toFixed(1)} %`);
  return [
    ...wrong,
    ...(wrong.length > 0 ? [""] : []),
    ...rows,
    "",
    `${figures.cases} cases, ${figures.flagged} flagged, recall ${share(figures.recall)}, ok blocked ${figures.okBlocked ?? "–"}`,
    ...(figures.blockPer100 === null
      ? []
      : [
          `for 100 commits: ${figures.blockPer100.toFixed(1)} blocked, ${(figures.warnPer100 ?? 0).toFixed(1)} warned`,
        ]),
    `${figures.p50Ms.toFixed(1)} ms in the middle, ${figures.p95Ms.toFixed(1)} ms at the 95th of 100; at most ${figures.peakMb.toFixed(0)} MB`,
  ].join("\n");
}

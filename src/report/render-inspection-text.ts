import { formatDiffFacts } from "../core/diff-facts.ts";
import type { Finding, FindingLevel } from "../core/finding.ts";
import type { Inspection } from "../core/inspection.ts";
import { safeLine } from "../core/safe-text.ts";
import type { TextTarget } from "./text-target.ts";

const STYLES = { block: "red", warn: "yellow", info: "dim" } as const;

/** What the checks found in a change: each finding with its place and its line, the worst first, and a last line that says it all. */
export function renderInspectionText(
  { inspection, files }: { readonly inspection: Inspection; readonly files: number },
  { paint }: TextTarget,
): string {
  const { findings, unlisted, kinds } = inspection;
  const lines = findings.flatMap((finding) => [
    `${paint(STYLES[finding.level], finding.level.padEnd(5))}  ${safeLine(`${placeOf(finding)}${finding.message}`)} (${finding.rule})`,
    ...(finding.excerpt === undefined ? [] : [`       ${paint("dim", safeLine(finding.excerpt))}`]),
  ]);
  const count = (level: FindingLevel): number => findings.filter((finding) => finding.level === level).length;
  const counts = `${count("block")} block, ${count("warn")} warn, ${count("info")} info`;
  const more = unlisted > 0 ? `, and ${unlisted} more` : "";
  const conclusion = `${files} ${files === 1 ? "file" : "files"} changed: ${findings.length === 0 ? "nothing found" : `${counts}${more}`}`;
  const made = kinds && files > 0 ? [`What it is made of: ${formatDiffFacts(kinds)}`] : [];
  const hint = findings.length > 0 ? ["What a rule is for: nightwarden inspect --explain RULE"] : [];
  return `${[...lines, ...(lines.length > 0 ? [""] : []), paint("bold", conclusion), ...made, ...hint].join("\n")}\n`;
}

function placeOf({ path, line }: Finding): string {
  if (path === undefined) return "";
  return `${path}${line === undefined ? "" : `:${line}`}: `;
}

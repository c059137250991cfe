import { formatDuration } from "../core/duration.ts";
import type { ProbeResult } from "../core/probe.ts";
import { safeLine } from "../core/safe-text.ts";
import { column, displayWidth } from "./fit-width.ts";
import type { TextStyle, TextTarget } from "./text-target.ts";

const MARKS: Readonly<Record<ProbeResult["verdict"], readonly [mark: string, style: TextStyle]>> = {
  ok: ["✓", "green"],
  warning: ["!", "yellow"],
  refused: ["✗", "red"],
  "not-run": ["–", "dim"],
};

const MAX_SUBJECT_COLUMNS = 24;
/** A refusal is told whole, however narrow the terminal is. */
const MAX_MESSAGE_CHARS = 2000;

/** The health checks as a table: mark, probe, subject, time, what was found; what to do is below. */
export function renderProbesText(results: readonly ProbeResult[], target: TextTarget): string {
  const rows = results.map((result) => ({
    ...result,
    time: result.verdict === "not-run" ? "" : formatDuration(result.durationMs),
  }));
  const widest = (texts: readonly string[]): number => Math.max(0, ...texts.map(displayWidth));
  const probeColumns = widest(rows.map(({ probe }) => probe));
  const subjectColumns = Math.min(MAX_SUBJECT_COLUMNS, widest(rows.map(({ subject }) => safeLine(subject))));
  const timeColumns = widest(rows.map(({ time }) => time));
  const indent = " ".repeat(2 + probeColumns + 2 + subjectColumns + 2 + timeColumns + 2);
  const lines = rows.flatMap(({ probe, subject, verdict, message, hint, time }) => {
    const [mark, style] = MARKS[verdict];
    const cells = [
      `${target.paint(style, mark)} ${column(probe, probeColumns)}`,
      column(subject, subjectColumns),
      target.paint("dim", time.padStart(timeColumns)),
      safeLine(message, MAX_MESSAGE_CHARS),
    ];
    return [cells.join("  "), ...(hint === undefined ? [] : [`${indent}hint: ${safeLine(hint)}`])];
  });
  return `${lines.join("\n")}\n\n${target.paint("bold", conclusion(results))}\n`;
}

function conclusion(results: readonly ProbeResult[]): string {
  const count = (verdict: ProbeResult["verdict"]): number =>
    results.filter((result) => result.verdict === verdict).length;
  const [refused, warnings, notRun] = [count("refused"), count("warning"), count("not-run")];
  const others = notRun > 0 ? `, ${notRun} not run` : "";
  if (refused > 0) return `${refused} refused${others}: a night would not start`;
  return warnings > 0 ? `Ready, with ${warnings} to look at: nightwarden run` : "Ready: nightwarden run";
}

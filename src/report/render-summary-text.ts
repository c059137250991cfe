import { formatDuration } from "../core/duration.ts";
import { forcedInWords } from "../core/forced-promotion.ts";
import { demotionInWords } from "../core/phase-state.ts";
import type { NightSummary } from "../core/summary.ts";
import type { TaskSummary } from "../core/task-summary.ts";
import { column, displayWidth, fitWidth } from "./fit-width.ts";
import {
  alertWords,
  byAttention,
  changeWords,
  conditionWords,
  deliveryWords,
  oldVersionWords,
  leakWords,
  RESULT_COLUMNS,
  resultStyle,
  revokedWords,
  resultWords,
} from "./task-words.ts";
import type { TextTarget } from "./text-target.ts";

const MAX_WARNINGS = 3;
const MAX_ID_COLUMNS = 24;

/**
 * A night for a terminal: the result, what needs a person, the tasks with what went wrong first, and where the results
 * are. A night of ten tasks fits on a screen of 24 lines; no line but a command is wider than the target.
 */
export function renderSummaryText(summary: NightSummary, target: TextTarget): string {
  const fit = (text: string): string => fitWidth(text, target.width);
  const conditions = [...conditionWords(summary), formatDuration(summary.durationMs)].join(" · ");
  const sections = [
    [
      target.paint("bold", fit(`Night ${summary.night}: ${summary.headline}`)),
      fit(summary.why),
      target.paint("dim", fit(conditions)),
      ...[
        ...gapLines(summary),
        ...loosenedLines(summary),
        ...summary.forced.map(forcedInWords),
        ...oldVersionLines(summary),
      ].map((line) => target.paint("yellow", fit(line))),
      ...revokedLines(summary).map((line) => target.paint("yellow", fit(line))),
      ...summary.alerts.map((alert) => target.paint("red", fit(alertWords(alert)))),
      ...leakLines(summary).map((line) => target.paint("red", fit(line))),
      ...trustLines(summary).map((line) => target.paint("red", fit(line))),
    ],
    [
      ...summary.nextActions.flatMap(({ why, command }) => actionLines(why, command, target)),
      ...warningLines(summary).map((line) => target.paint("yellow", fit(line))),
    ],
    byAttention(summary.tasks).map((task) => taskLine(task, summary.tasks, target)),
    summary.repositories.map((repository) => {
      const uncommitted =
        repository.uncommitted > 0 ? ` (${repository.uncommitted} uncommitted files left out)` : "";
      return fit(`${deliveryWords(repository)}${uncommitted} · ${repository.branch} in ${repository.path}`);
    }),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join("\n")}\n`)
    .join("\n");
}

function gapLines({ isolationGap }: NightSummary): string[] {
  return isolationGap === null ? [] : [isolationGap];
}

function loosenedLines({ loosened, loosenedReason, phase }: NightSummary): string[] {
  if (loosened.length === 0) return [];
  const values = loosened
    .map(({ key, specified, used }) => `${key} ${used} (specified: ${specified})`)
    .join(", ");
  return [`Looser than phase ${phase}: ${values}. Reason: ${loosenedReason ?? "none given"}`];
}

/** One line: `nightwarden doctor` and `--json` say what they lack. */
function oldVersionLines({ oldVersions }: NightSummary): string[] {
  if (oldVersions.length === 0) return [];
  return [`Old or unknown versions: ${oldVersionWords(oldVersions)}. See nightwarden doctor`];
}

function revokedLines(summary: NightSummary): string[] {
  const words = revokedWords(summary);
  return words === undefined ? [] : [words];
}

function leakLines({ leaks }: NightSummary): string[] {
  if (leaks.length === 0) return [];
  return [
    "LEFT BEHIND, and not removed; no night starts before a repair:",
    ...leaks.map((leak) => `  ${leakWords(leak)}`),
  ];
}

/** What the workspace lost, and by which attack. */
function trustLines({ containment, demotion }: NightSummary): string[] {
  const failed = containment?.canaries.filter(({ verdict }) => verdict === containment.verdict) ?? [];
  return [
    ...(demotion ? [demotionInWords(demotion)] : []),
    ...(containment && containment.verdict !== "held"
      ? failed.map(({ canary, verdict, detail }) => `Containment: ${canary} ${verdict}: ${detail}`)
      : []),
  ];
}

/** On one line where it fits. A command is never cut: half of one is worse than a long line. */
function actionLines(why: string, command: string, { width, paint }: TextTarget): string[] {
  const isShort = displayWidth(`> ${why}: ${command}`) <= width;
  const emphasised = paint("bold", command);
  return isShort ? [`> ${why}: ${emphasised}`] : [fitWidth(`> ${why}:`, width), `    ${emphasised}`];
}

function warningLines({ warnings }: NightSummary): string[] {
  const shown = warnings.slice(0, MAX_WARNINGS).map(({ message }) => `! ${message}`);
  const more = warnings.length - shown.length;
  return more > 0 ? [...shown, `! and ${more} more (see --json)`] : shown;
}

function taskLine(task: TaskSummary, all: readonly TaskSummary[], { width, paint }: TextTarget): string {
  const idColumns = Math.min(MAX_ID_COLUMNS, Math.max(...all.map(({ id }) => id.length)));
  const result = paint(resultStyle(task.result), column(resultWords(task.result), RESULT_COLUMNS));
  const about = fitWidth(aboutTask(task), Math.max(0, width - RESULT_COLUMNS - idColumns - 4));
  return `${result}  ${column(task.id, idColumns)}  ${about}`;
}

function aboutTask(task: TaskSummary): string {
  if (task.why !== null) return task.why;
  return task.result === "landed" && task.change ? `${changeWords(task.change)} · ${task.title}` : task.title;
}

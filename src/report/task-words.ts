import { formatByteSize } from "../core/byte-size.ts";
import { FILE_KINDS } from "../core/diff-facts.ts";
import { formatMoney } from "../core/limits.ts";
import type { Spending } from "../core/spending.ts";
import type { AlertSummary, LeakSummary, NightSummary } from "../core/summary.ts";
import type { TaskSummary } from "../core/task-summary.ts";
import type { TextStyle } from "./text-target.ts";

const RESULT_WORDS: Readonly<Record<TaskSummary["result"], string>> = {
  landed: "landed",
  failed: "failed",
  skipped: "skipped",
  "set-aside": "set aside",
  "carried-over": "carried over",
  "not-started": "not started",
  running: "running",
};

const RESULT_STYLES: Readonly<Record<TaskSummary["result"], TextStyle>> = {
  landed: "green",
  failed: "red",
  skipped: "yellow",
  "set-aside": "red",
  "carried-over": "yellow",
  "not-started": "dim",
  running: "bold",
};

/** The order of attention: what went wrong first, what went well last. */
const ATTENTION: readonly TaskSummary["result"][] = [
  "failed",
  "set-aside",
  "running",
  "skipped",
  "carried-over",
  "not-started",
  "landed",
];

export const RESULT_COLUMNS = Math.max(...Object.values(RESULT_WORDS).map((words) => words.length));

export function resultWords(result: TaskSummary["result"]): string {
  return RESULT_WORDS[result];
}

export function resultStyle(result: TaskSummary["result"]): TextStyle {
  return RESULT_STYLES[result];
}

/** The tasks by attention; those of one result in the plan's order. */
export function byAttention(tasks: readonly TaskSummary[]): TaskSummary[] {
  return tasks.toSorted((a, b) => ATTENTION.indexOf(a.result) - ATTENTION.indexOf(b.result));
}

/** `+12 -3 in 2 files`. */
export function changeWords(change: NonNullable<TaskSummary["change"]>): string {
  const { insertions, deletions, files, kinds = {} } = change;
  const counted = FILE_KINDS.flatMap((kind) => (kinds[kind] ? [`${kinds[kind].files} ${kind}`] : []));
  // That a file is one of source goes without saying.
  const isPlain = counted.length === 0 || (counted.length === 1 && kinds.source !== undefined);
  const of = isPlain ? "" : ` (${counted.join(", ")})`;
  return `+${insertions} -${deletions} in ${files} ${files === 1 ? "file" : "files"}${of}`;
}

/** The conditions of a night, such as `phase 1 · docker · attended · 2h 5m`. */
export function conditionWords(summary: NightSummary): string[] {
  return [
    `phase ${summary.phase}`,
    summary.isolation,
    summary.attended ? "attended" : "unattended",
    ...(summary.purpose === "demo" ? ["demo: no evidence for a promotion"] : []),
    ...(summary.resumes > 0
      ? [`went on after ${summary.resumes === 1 ? "a crash" : `${summary.resumes} crashes`}`]
      : []),
    ...(summary.leftovers > 0 ? [`${summary.leftovers} leftovers removed`] : []),
    ...(summary.spending.answers > 0 ? [spendingWords(summary.spending)] : []),
    ...(summary.denied > 0
      ? [`${summary.denied} ${summary.denied === 1 ? "request" : "requests"} refused by gateways`]
      : []),
  ];
}

/** `ALERT breaker (one, two): 2 tasks in a row failed`. */
export function alertWords({ alert, tasks, message }: AlertSummary): string {
  return `ALERT ${alert}${tasks.length > 0 ? ` (${tasks.join(", ")})` : ""}: ${message}`;
}

/** `volume NAME (docker), 12 MiB, left by fix-login.1`. */
export function leakWords({ attempt, kind, place, name, bytes }: LeakSummary): string {
  const size = bytes === null ? "" : `, ${formatByteSize(bytes)}`;
  const whose = attempt === null ? "" : `, left by ${attempt}`;
  return `${kind} ${name} (${place})${size}${whose}`;
}

/** `1.2M tokens, $0.42`; what has no price is said. */
export function spendingWords({ tokens, costUsd, unpriced }: Spending): string {
  const cost = unpriced > 0 ? `${formatMoney(costUsd)} and what has no price` : formatMoney(costUsd);
  return `${formatTokens(tokens)}, ${cost}`;
}

function formatTokens(tokens: number): string {
  if (tokens < 1000) return `${tokens} tokens`;
  return tokens < 1e6 ? `${Math.round(tokens / 1000)}k tokens` : `${(tokens / 1e6).toFixed(1)}M tokens`;
}

/** `engine 20.10.24, runc 1.1.5`. */
export function oldVersionWords(oldVersions: NightSummary["oldVersions"]): string {
  return oldVersions.map(({ program, version }) => `${program} ${version}`).join(", ");
}

/** What checkpoints took back, each task once, as the last of them said; undefined: nothing. */
export function revokedWords({ revoked, tasks }: NightSummary): string | undefined {
  if (revoked.length === 0) return undefined;
  const roles = new Map(revoked.map(({ task, role }) => [task, role]));
  const words = [...roles].map(([task, role]) => {
    const hasLanded = tasks.some(({ id, result }) => id === task && result === "landed");
    return `${task} (${role === "innocent" ? (hasLanded ? "landed again" : "not landed again") : role})`;
  });
  return `Taken back by a checkpoint: ${words.join(", ")}`;
}

/** What is notable about where a repository's results are. */
export function deliveryWords(repository: NightSummary["repositories"][number]): string {
  if (repository.landed === 0 && repository.delivered) return "nothing landed";
  const uncovered = repository.uncovered ?? 0;
  const since = uncovered > 0 ? `, ${uncovered} of them not covered by a checkpoint` : "";
  const number = `${repository.landed} landed${since}`;
  if (repository.delivered) return number;
  return `${number}, NOT delivered${repository.deferred === null ? "" : `: ${repository.deferred}`}`;
}

import { formatDuration } from "../core/duration.ts";
import { forcedInWords } from "../core/forced-promotion.ts";
import { demotionInWords } from "../core/phase-state.ts";
import { markdownCode, markdownFence, markdownText } from "../core/safe-text.ts";
import type { NightSummary } from "../core/summary.ts";
import type { TaskSummary } from "../core/task-summary.ts";
import {
  alertWords,
  byAttention,
  changeWords,
  conditionWords,
  deliveryWords,
  oldVersionWords,
  leakWords,
  resultWords,
  spendingWords,
} from "./task-words.ts";

/**
 * A night as Markdown, in the order of the terminal's summary, with the details of each task that did not land.
 * Whatever an agent wrote is escaped, or in code: there is no HTML, no link and no image in it.
 */
export function renderSummaryMarkdown(summary: NightSummary): string {
  const sections = [
    `# Night ${summary.night}`,
    `**${markdownText(summary.headline)}.** ${markdownText(summary.why)}.`,
    [...conditionWords(summary), `began ${summary.startedAt}`, formatDuration(summary.durationMs)]
      .map((words) => markdownText(words))
      .join(" · "),
    ...(summary.isolationGap === null ? [] : [`**${markdownText(summary.isolationGap)}.**`]),
    ...loosenedSection(summary),
    ...summary.forced.map((each) => `**${markdownText(forcedInWords(each))}.**`),
    ...oldVersionsSection(summary),
    ...(summary.demotion ? [`**Trust:** ${markdownText(demotionInWords(summary.demotion))}.`] : []),
    ...containmentSection(summary),
    ...section("Checkpoints", checkpointItems(summary)),
    ...section(
      "Alerts",
      summary.alerts.map((alert) => `- ${markdownText(alertWords(alert))}`),
    ),
    ...section(
      "Left behind, and not removed",
      summary.leaks.map((leak) => `- ${markdownText(leakWords(leak))}`),
    ),
    ...section(
      "What needs you",
      [
        ...summary.nextActions.map(
          ({ why, command }) => `${markdownText(why)}: ${markdownCode(command, 5000)}`,
        ),
        ...summary.warnings.map(({ message }) => `Warning: ${markdownText(message)}`),
      ].map((line) => `- ${line}`),
    ),
    ...section("Tasks", byAttention(summary.tasks).map(taskItem)),
    ...byAttention(summary.tasks).flatMap(taskDetails),
    ...section(
      "Where the results are",
      summary.repositories.map((repository) => {
        const { branch, path, baseRef, base, uncommitted } = repository;
        const from = `from ${markdownCode(baseRef)} at ${markdownCode(base.slice(0, 12))}`;
        const left = uncommitted > 0 ? `; ${uncommitted} files with uncommitted changes were left out` : "";
        const place = `${markdownCode(branch)} in ${markdownCode(path, 4096)}`;
        return `- ${place}, ${from}: ${markdownText(deliveryWords(repository))}${left}`;
      }),
    ),
  ];
  return `${sections.join("\n\n")}\n`;
}

function section(title: string, items: readonly string[]): string[] {
  return items.length > 0 ? [`## ${title}`, items.join("\n")] : [];
}

function loosenedSection({ loosened, loosenedReason, phase }: NightSummary): string[] {
  if (loosened.length === 0) return [];
  const items = loosened.map(
    ({ key, specified, used }) =>
      `- ${markdownCode(key)}: ${markdownText(used)} (specified: ${markdownText(specified)})`,
  );
  const reason = markdownText(loosenedReason ?? "none given");
  return [`The policy is looser than phase ${phase}. Reason: ${reason}`, items.join("\n")];
}

function checkpointItems({ checkpoints, revoked }: NightSummary): string[] {
  return [
    ...checkpoints.map(
      ({ repo, commit, result }) =>
        `- ${markdownText(repo)} at ${markdownCode(commit.slice(0, 12))}: ${result.replace("-", ", ")}`,
    ),
    ...revoked.map(
      ({ task, commit, role, why }) =>
        `- taken back: ${markdownCode(task)} at ${markdownCode(commit.slice(0, 12))} (${role}): ${markdownText(why)}`,
    ),
  ];
}

function oldVersionsSection({ oldVersions }: NightSummary): string[] {
  if (oldVersions.length === 0) return [];
  const items = oldVersions.map(({ message }) => `- ${markdownText(message)}`);
  return [`Old or unknown versions: ${markdownText(oldVersionWords(oldVersions))}.`, items.join("\n")];
}

/** Only where it did not hold. */
function containmentSection({ containment }: NightSummary): string[] {
  if (!containment || containment.verdict === "held") return [];
  const failed = containment.canaries.filter(({ verdict }) => verdict === containment.verdict);
  return section(
    "Containment",
    failed.map(
      ({ canary, verdict, detail }) => `- ${markdownCode(canary)} ${verdict}: ${markdownText(detail)}`,
    ),
  );
}

function taskItem(task: TaskSummary): string {
  const facts = [
    ...(task.result === "landed" && task.change ? [changeWords(task.change)] : []),
    ...(task.commit ? [task.commit.slice(0, 12)] : []),
    ...(task.attempts > 1 ? [`${task.attempts} attempts`] : []),
    ...(task.agent === null ? [] : [`agent ${task.agent}`]),
    ...(task.attempts > 0 ? [formatDuration(task.durationMs)] : []),
    ...(task.spending.answers > 0 ? [spendingWords(task.spending)] : []),
  ];
  const why = task.why === null ? "" : ` — ${markdownText(task.why)}`;
  const about = facts.length > 0 ? ` (${markdownText(facts.join(", "))})` : "";
  return `- **${resultWords(task.result)}** ${markdownCode(task.id)} ${markdownText(task.title)}${about}${why}`;
}

const LEVEL_WORDS = { block: "blocked", warn: "warned", info: "noted" } as const;

/** What the checks and the tests said, for a task that did not land; nothing where they had no turn. */
function taskDetails(task: TaskSummary): string[] {
  if (task.result === "landed") return [];
  const items = [
    ...task.findings.map(({ rule, level, path, line, message, excerpt }) => {
      const place = path === null ? "" : ` in ${markdownCode(line === null ? path : `${path}:${line}`)}`;
      const text = excerpt === null ? "" : ` — ${markdownCode(excerpt)}`;
      return `- ${LEVEL_WORDS[level]} by ${markdownCode(rule)}${place}: ${markdownText(message)}${text}`;
    }),
    ...task.refused.map(({ path, reason }) => `- not taken: ${markdownCode(path)}: ${markdownText(reason)}`),
    ...(task.omitted > 0 ? [`- and ${task.omitted} more, in the journal`] : []),
  ];
  const blocks = [
    ...(items.length > 0 ? [items.join("\n")] : []),
    ...(task.verifyTail === null ? [] : [markdownFence(task.verifyTail)]),
  ];
  return blocks.length > 0 ? [`### ${markdownCode(task.id)}`, ...blocks] : [];
}

import { capInWords } from "../core/cap.ts";
import { formatDuration } from "../core/duration.ts";
import { demotionInWords } from "../core/phase-state.ts";
import type { QueuePlace } from "../core/queue.ts";
import type { OpenAttempt, WorkspaceStatus } from "../core/status.ts";
import { column, fitWidth } from "./fit-width.ts";
import type { TextStyle, TextTarget } from "./text-target.ts";

const STEP_WORDS: Readonly<Record<OpenAttempt["step"], string>> = {
  started: "preparing the sandbox",
  agent: "the agent works",
  captured: "checking the change",
  checked: "checked",
  verifying: "running its tests",
  replaying: "its tests are run as they were",
  replayed: "its tests were run as they were",
  verified: "verified",
  landing: "landing",
  landed: "landed",
};

const CHECKPOINT_WORDS = {
  verifying: "all that has landed is verified together",
  bisecting: "it is red, and the landing that did it is looked for",
  "going-back": "the branch goes back",
} as const;

const PLACE_WORDS: Readonly<Record<QueuePlace, string>> = {
  open: "to do",
  landed: "landed",
  failed: "failed",
  "set-aside": "set aside",
};

const PLACE_STYLES: Readonly<Record<QueuePlace, TextStyle>> = {
  open: "bold",
  landed: "green",
  failed: "red",
  "set-aside": "red",
};

const PLACE_COLUMNS = Math.max(...Object.values(PLACE_WORDS).map((words) => words.length));

/** What goes on in a workspace, in a few lines for a terminal. */
export function renderStatusText(status: WorkspaceStatus, target: TextTarget): string {
  const lines = [...activityLines(status), ...trustLines(status), queueLine(status)].map((line) =>
    fitWidth(line, target.width),
  );
  const tasks = status.tasks.map(({ id, title, place, cap }) => {
    const words = target.paint(PLACE_STYLES[place], column(PLACE_WORDS[place], PLACE_COLUMNS));
    return `${words}  ${fitWidth(`${id} · ${cap ? `${capInWords(cap)} · ` : ""}${title}`, Math.max(0, target.width - PLACE_COLUMNS - 2))}`;
  });
  const [first = "", ...rest] = lines;
  return `${[target.paint("bold", first), ...rest, "", ...tasks].join("\n").trimEnd()}\n`;
}

function activityLines({ activity, owner, night }: WorkspaceStatus): string[] {
  if (!night) return ["No night yet. Start one with: nightwarden run"];
  const time = formatDuration(night.durationMs);
  switch (activity) {
    case "working": {
      const by = owner ? `, process ${owner.pid}` : "";
      return [
        `Night ${night.id} ${night.stopping ? "is stopping" : "is running"}, for ${time}${by}`,
        night.headline,
        ...gapLines(night),
        ...(night.pause
          ? [
              `Waiting until ${night.pause.until} for ${night.pause.agent ?? night.pause.task}: ${night.pause.detail}`,
            ]
          : []),
        ...(night.checkpoint
          ? [`Checkpoint of ${night.checkpoint.repo}: ${CHECKPOINT_WORDS[night.checkpoint.step]}`]
          : []),
        ...night.attempts.map(attemptLine),
      ];
    }
    case "crashed":
      return [
        `Night ${night.id} has no end, and nobody works on it: it crashed after ${time}`,
        night.headline,
        ...gapLines(night),
        "It goes on with: nightwarden run",
      ];
    case "idle":
      return [
        `Nothing is running. Last night: ${night.id}, ${time}`,
        night.headline,
        ...gapLines(night),
        night.why,
      ];
  }
}

function trustLines({ phase, gate, demotion }: WorkspaceStatus): string[] {
  const { next, met, of, gaps, forced } = gate;
  const goal = next === null ? "of being complete" : `for phase ${next}`;
  const gap = gaps.length === 0 ? "" : `; ${gaps.length} of the journals not whole`;
  return [
    `Phase ${phase}: ${met} of ${of} criteria ${goal} met${gap} (nightwarden gates)`,
    ...forced.map(
      ({ from, to, at, reason }) => `${at.slice(0, 10)}: forced from phase ${from} to ${to}: ${reason}`,
    ),
    ...(demotion ? [`${demotion.at.slice(0, 10)}: ${demotionInWords(demotion)}`] : []),
  ];
}

function gapLines({ isolationGap }: NonNullable<WorkspaceStatus["night"]>): string[] {
  return isolationGap === null ? [] : [isolationGap];
}

function attemptLine({ task, title, number, step, elapsedMs }: OpenAttempt): string {
  const attempt = number > 1 ? `, attempt ${number}` : "";
  return `${task}${attempt}: ${STEP_WORDS[step]}, for ${formatDuration(elapsedMs)} · ${title}`;
}

function queueLine({ queue }: WorkspaceStatus): string {
  const aside = queue["set-aside"] > 0 ? `, ${queue["set-aside"]} set aside` : "";
  return `Queue: ${queue.open} to do, ${queue.landed} landed, ${queue.failed} failed${aside}`;
}

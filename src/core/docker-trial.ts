import type { EventData, NightwardenEvent } from "./event.ts";
import { formatDuration } from "./duration.ts";
import { DRILL_REPOSITORY, writes, type DrillTask } from "./guard-drills.ts";
import type { NightId } from "./ids.ts";
import { replay } from "./night-state.ts";
import type { ProbeResult } from "./probe.ts";

type DrillFinished = EventData<"drill.finished">;

/** The trial's three small tasks: one changes a line, one adds a module with its test, one takes something away. */
export const TRIAL_TASKS: readonly DrillTask[] = [
  {
    id: "change",
    role: "control",
    title: "Add the other way round",
    script: writes("src/add.mjs", "export const add = (a, b) => b + a;"),
  },
  {
    id: "add",
    role: "control",
    title: "Treble a number",
    script: [
      writes("src/treble.mjs", "export const treble = (a) => 3 * a;"),
      writes(
        "test/treble.test.mjs",
        'import assert from "node:assert/strict";',
        'import { test } from "node:test";',
        'import { treble } from "../src/treble.mjs";',
        'test("trebles", () => assert.equal(treble(2), 6));',
      ),
    ].join(""),
  },
  { id: "remove", role: "control", title: "Take away what nobody uses", script: "rm src/unused.mjs\n" },
];

/** What the tasks work on. */
export const TRIAL_REPOSITORY: Readonly<Record<string, string>> = {
  ...DRILL_REPOSITORY,
  "src/unused.mjs": "export const unused = 1;\n",
};

/** What was found out, part by part. */
export interface TrialFacts {
  /** Why there are no containers; undefined: there are. */
  readonly noEngine: string | undefined;
  /** The dummy prompt of each agent that uses a model. */
  readonly hellos: readonly Pick<ProbeResult, "subject" | "verdict" | "message">[];
  /** Medians, or why they could not be had. */
  readonly starts: { readonly sandboxMs: number; readonly bareMs: number } | string;
  /** The journal of the night of three tasks. */
  readonly events: readonly NightwardenEvent[];
  /** Why it is empty, or how it ended. */
  readonly why: string;
}

/** What the trial came to. */
export interface TrialResult {
  readonly verdict: DrillFinished["verdict"];
  readonly observations: NonNullable<DrillFinished["observations"]>;
  /** Absent: no verdict yet. */
  readonly trial?: NonNullable<DrillFinished["trial"]>;
}

/**
 * Whether attempts of this workspace can run in containers, on this machine. Yes: every model answered through its
 * gateway, the three tasks landed, and what a container costs was measured. No: there is no engine, or the tasks did not
 * land in it; that is a verdict, too. A prompt that was not answered although all else works is neither: a key, a quota or
 * the network may be to blame, and the trial is to be held again.
 */
export function judgeDockerTrial(facts: TrialFacts): TrialResult {
  const { noEngine, hellos, starts } = facts;
  if (noEngine !== undefined) {
    const observations = [observe("the engine", "answers", noEngine, false)];
    return judged("no", `there are no containers: ${noEngine}`, { observations, starts });
  }
  const tasks = taskObservations(facts);
  const prompts = helloObservations(hellos);
  const start = startObservation(starts);
  const observations = [observe("the engine", "answers", "answers", true), ...prompts, ...tasks, start];
  const lost = tasks.find(({ held }) => !held);
  if (lost) return judged("no", `${lost.what}: ${lost.seen}`, { observations, starts });
  if (!start.held)
    return judged("no", `a container's start could not be measured: ${start.seen}`, { observations, starts });
  if (prompts.some(({ held }) => !held)) return { verdict: "inconclusive", observations };
  const models =
    hellos.length === 0
      ? "no agent of this workspace uses a model, so no prompt was sent"
      : `${hellos.map(({ subject }) => subject).join(", ")} answered through the gateway`;
  return judged("yes", `${models}; ${tasks.length} small tasks landed; ${start.seen}`, {
    observations,
    starts,
  });
}

function judged(
  answer: "yes" | "no",
  why: string,
  facts: Pick<TrialFacts, "starts"> & Pick<TrialResult, "observations">,
): TrialResult {
  const { observations, starts } = facts;
  const { sandboxMs, bareMs } = typeof starts === "string" ? { sandboxMs: null, bareMs: null } : starts;
  return { verdict: "held", observations, trial: { answer, why, sandboxMs, bareMs } };
}

function observe(
  what: string,
  expected: string,
  seen: string,
  held: boolean,
): TrialResult["observations"][number] {
  return { what, expected, seen, held };
}

function helloObservations(hellos: TrialFacts["hellos"]): TrialResult["observations"] {
  const expected = "answered through the gateway";
  if (hellos.length === 0)
    return [observe("the prompt", expected, "not sent: no agent of this workspace uses a model", true)];
  return hellos.map(({ subject, verdict, message }) =>
    observe(`the prompt to ${subject}`, expected, message, verdict === "ok" || verdict === "warning"),
  );
}

function taskObservations({ events, why }: TrialFacts): TrialResult["observations"] {
  const night = replay(events[0]?.night ?? ("" as NightId), events);
  return TRIAL_TASKS.map(({ id }) => {
    const task = [...night.tasks.values()].find((each) => each.id === id);
    const last = task?.attempts.at(-1);
    const isLanded = last?.landed !== undefined && last.outcome?.kind === "landed";
    const seen = isLanded
      ? `landed in ${formatDuration(Date.parse(last.finishedAt ?? "") - Date.parse(last.startedAt))}`
      : last?.outcome?.kind === "failed"
        ? `${last.outcome.reason}: ${last.outcome.detail}`
        : `not done: ${night.endDetail ?? why}`;
    return observe(`task: ${id}`, "landed", seen, isLanded);
  });
}

function startObservation(starts: TrialFacts["starts"]): TrialResult["observations"][number] {
  const expected = "measured";
  if (typeof starts === "string") return observe("a container's start", expected, starts, false);
  const { sandboxMs, bareMs } = starts;
  const seen = `first command after ${formatDuration(sandboxMs)}, without a container after ${formatDuration(bareMs)}`;
  return observe("a container's start", expected, seen, true);
}

import type { CanaryResult, DrillVerdict } from "./canary.ts";
import { summariseCheckpoints, type CheckpointSummary } from "./checkpoint-summary.ts";
import type { EventData } from "./event.ts";
import { inertPromotion, type ForcedPromotion } from "./forced-promotion.ts";
import type { Alert, NightEnd } from "./night-events.ts";
import type { NightId, TaskId } from "./ids.ts";
import { UNKNOWN_VERSION } from "./judge-version.ts";
import { isolationGap } from "./isolation-gap.ts";
import { nextActions, type NextAction } from "./next-actions.ts";
import type { NightState } from "./night-state.ts";
import { spendingOfNight } from "./budget.ts";
import { endInWords } from "./plain-words.ts";
import type { Isolation, Loosening, Phase } from "./policy.ts";
import { summariseRepository, type RepositorySummary } from "./repository-summary.ts";
import type { ResidueKind } from "./residue.ts";
import { safeLine } from "./safe-text.ts";
import type { Spending } from "./spending.ts";
import { countTasks, headlineOf, summariseTask, type TaskCounts, type TaskSummary } from "./task-summary.ts";

/**
 * What a person needs in the morning, and what `nightwarden summary --json` prints. Computed from the night's journal
 * alone, so that it can be made again at any time. All text in it is inert (see safe-text.ts); times are ISO 8601 in
 * UTC, durations milliseconds.
 */
export interface NightSummary extends CheckpointSummary {
  readonly version: 1;
  readonly night: NightId;
  readonly purpose: "work" | "demo";
  readonly attended: boolean;
  readonly phase: Phase;
  readonly isolation: Isolation;
  /** What that isolation does not restrict, in one line; null: it is the strongest. */
  readonly isolationGap: string | null;
  readonly startedAt: string;
  /** null: the night has not ended. */
  readonly finishedAt: string | null;
  /** To the last event, where the night has not ended. */
  readonly durationMs: number;
  readonly end: NightEnd | null;
  /** How it ended and why, in words. */
  readonly why: string;
  /** The result in one line. */
  readonly headline: string;
  readonly counts: TaskCounts;
  /** In the plan's order. */
  readonly tasks: readonly TaskSummary[];
  readonly repositories: readonly RepositorySummary[];
  /** Programs that were recorded when the night began, by name: `engine`, `runc`, `git` and more. */
  readonly versions: Readonly<Record<string, string>>;
  /** Programs that are too old for what is known of them, or do not say how old they are. */
  readonly oldVersions: readonly {
    readonly program: string;
    readonly version: string;
    readonly message: string;
  }[];
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  /** What somebody should have heard of at once, oldest first. */
  readonly alerts: readonly AlertSummary[];
  /** Policy values that allow more than the specification's, beside those. */
  readonly loosened: readonly Loosening[];
  readonly loosenedReason: string | null;
  /** Promotions of the workspace that were forced, up to this night: see `gates`. */
  readonly forced: readonly ForcedPromotion[];
  /** How often the night went on after a crash. */
  readonly resumes: number;
  /** How much something left behind that was removed. */
  readonly leftovers: number;
  /** What was left and could not be removed when it was found: the next night is refused until a repair finds nothing. */
  readonly leaks: readonly LeakSummary[];
  /** What the night used of model APIs, its health checks included. */
  readonly spending: Spending;
  /** Requests that gateways refused: something in a sandbox tried more than it may. */
  readonly denied: number;
  /** What the containment drill before the first agent said; null: it had no turn, or is of an earlier version. */
  readonly containment: {
    readonly verdict: DrillVerdict;
    readonly runs: number;
    readonly canaries: readonly CanaryResult[];
  } | null;
  /** The trust that the workspace lost in this night. */
  readonly demotion: EventData<"phase.demoted"> | null;
  /** What to do now, most urgent first; three at most. */
  readonly nextActions: readonly NextAction[];
}

export interface AlertSummary {
  readonly alert: Alert;
  /** The tasks that it is about: those that tripped the breaker, for example. */
  readonly tasks: readonly TaskId[];
  readonly message: string;
}

export interface LeakSummary {
  /** The attempt that left it; null: it was found at the beginning or the end of the night. */
  readonly attempt: string | null;
  readonly kind: ResidueKind;
  readonly place: string;
  readonly name: string;
  /** null: nobody could say. */
  readonly bytes: number | null;
}

/** Throws for a night without its first event: there is nothing to say about it. */
export function summarise(state: NightState): NightSummary {
  const { started, startedAt } = state;
  if (!started || startedAt === undefined) throw new RangeError(`night ${state.night} has not begun`);
  const tasks = [...state.tasks.values()].map((task) => summariseTask(task, state.end !== undefined));
  const counts = countTasks(tasks);
  const repositories = [...state.repositories.values()].map((repository) =>
    summariseRepository({
      night: state.night,
      state: repository,
      tasks,
      hasCheckpoints: hasCheckpoints(state),
    }),
  );
  return {
    version: 1,
    night: state.night,
    purpose: started.purpose,
    attended: started.attended,
    phase: started.phase,
    isolation: started.isolation,
    isolationGap: isolationGap(started.isolation),
    startedAt,
    finishedAt: state.finishedAt ?? null,
    durationMs: Math.max(
      0,
      Date.parse(state.finishedAt ?? state.lastAt ?? startedAt) - Date.parse(startedAt),
    ),
    end: state.end ?? null,
    why: state.end
      ? endInWords(state.end, state.endDetail ?? "")
      : "It has no end yet: it still runs, or it crashed",
    headline: headlineOf(counts),
    counts,
    tasks,
    repositories,
    versions: Object.fromEntries(
      Object.entries(started.versions).map(([program, version]) => [safeLine(program), safeLine(version)]),
    ),
    oldVersions: oldVersions(state),
    warnings: [...probeWarnings(state), ...state.warnings].map(({ code, message }) => ({
      code: safeLine(code),
      message: safeLine(message),
    })),
    alerts: state.alerts.map(({ alert, tasks: about, message }) => ({
      alert,
      tasks: about,
      message: safeLine(message),
    })),
    loosened: started.loosened.map(({ key, specified, used }) => ({
      key: safeLine(key),
      specified: safeLine(specified),
      used: safeLine(used),
    })),
    loosenedReason: started.loosenedReason === undefined ? null : safeLine(started.loosenedReason),
    forced: (started.forced ?? []).map(inertPromotion),
    resumes: state.resumes,
    leftovers: state.leftovers,
    leaks: summariseLeaks(state),
    spending: spendingOfNight(state),
    denied: tasks.reduce((sum, task) => sum + task.denied, 0),
    containment: containmentOf(state),
    ...summariseCheckpoints(state),
    demotion: state.demotion ? { ...state.demotion, why: safeLine(state.demotion.why) } : null,
    nextActions: nextActions({
      night: state.night,
      end: state.end ?? null,
      hasLeaked: state.leaks.length > 0,
      tasks,
      repositories,
      containment: state.drill?.verdict,
    }),
  };
}

/** As its policy said; journals of earlier versions do not tell, and had none. */
function hasCheckpoints({ started }: NightState): boolean {
  return started?.checkpointEvery !== undefined;
}

/** Each once, though several accounts may have shown it. */
function summariseLeaks({ leaks }: NightState): LeakSummary[] {
  const byName = new Map<string, LeakSummary>();
  for (const { of, residue } of leaks) {
    for (const { kind, place, name, bytes } of residue) {
      const key = JSON.stringify([kind, place, name]);
      const known = byName.get(key);
      byName.set(key, {
        attempt: known ? known.attempt : (of?.attempt ?? null),
        kind,
        place: safeLine(place),
        name: safeLine(name),
        bytes,
      });
    }
  }
  return [...byName.values()];
}

function containmentOf({ drill }: NightState): NightSummary["containment"] {
  if (!drill) return null;
  const { verdict, runs, canaries } = drill;
  return { verdict, runs, canaries: canaries.map((each) => ({ ...each, detail: safeLine(each.detail) })) };
}

/** What a health check found and let pass. What it refused is why the night ended. */
function probeWarnings({ probes }: NightState): { readonly code: string; readonly message: string }[] {
  return probes
    .filter(({ probe, verdict }) => verdict === "warning" && probe !== "version")
    .map(({ probe, subject, message }) => ({ code: `probe-${probe}`, message: `${subject}: ${message}` }));
}

/** What was found old, refused or not. A night that went on after a crash has asked twice: the last answer counts. */
function oldVersions({ probes }: NightState): NightSummary["oldVersions"] {
  const last = new Map(probes.filter(({ probe }) => probe === "version").map((each) => [each.subject, each]));
  return [...last.values()]
    .filter(({ verdict }) => verdict !== "ok")
    .map(({ subject, value, message }) => ({
      program: safeLine(subject),
      version: safeLine(value ?? UNKNOWN_VERSION),
      message: safeLine(message),
    }));
}

import type { JournalStore } from "../contracts/journal.ts";
import { afterCanaries } from "../core/canary.ts";
import type { EventData, NightwardenEvent } from "../core/event.ts";
import type { GuardDrill } from "../core/guard-drills.ts";
import { failedObservations, judgeGuardDrill } from "../core/judge-guard-drill.ts";
import { phaseState } from "../core/phase-state.ts";
import type { Isolation } from "../core/policy.ts";
import { recordDrill, type RecordedDrill } from "./record-drill.ts";

/** What a drill's own night left behind: its journal, or why there is none. */
export interface DrillNight {
  readonly events: readonly NightwardenEvent[];
  /** How the program ended that ran it, in words. */
  readonly why: string;
}

/**
 * A drill that runs a night of its own: once more where it could not tell. What it came to is recorded, and so is the
 * demotion where an attack got through. The night and its workspace are gone by then; the hash of its last event is kept.
 */
export async function guardDrill(options: {
  readonly drill: GuardDrill;
  readonly journals: JournalStore;
  /** Runs the drill's night, in a workspace that is made for it and removed after it. */
  readonly runNight: () => Promise<DrillNight>;
  readonly categoryOf: (rule: string) => string | undefined;
  readonly isolation: Isolation;
  /** Of the workspace's policy, whose checks are drilled. */
  readonly policyHash: string;
  readonly versions: Readonly<Record<string, string>>;
  /** Milliseconds that only rise. */
  readonly monotonicMs: () => number;
  /** Told before the night is run a second time. */
  readonly onAgain: (what: string) => void;
}): Promise<RecordedDrill> {
  const { drill, journals, runNight, categoryOf, isolation, policyHash, versions, monotonicMs } = options;
  const startedMs = monotonicMs();
  let night = await runNight();
  let judged = judgeGuardDrill(drill, { ...night, categoryOf });
  let runs = 1;
  if (afterCanaries(judged.verdict, runs) === "again") {
    options.onAgain(failedObservations(recorded(judged.observations)));
    night = await runNight();
    judged = judgeGuardDrill(drill, { ...night, categoryOf });
    runs += 1;
  }
  const observations = recorded(judged.observations);
  const last = night.events.at(-1);
  const finished: EventData<"drill.finished"> = {
    drill: drill.id,
    verdict: judged.verdict,
    runs,
    isolation,
    image: imageOf(night.events),
    versions: { ...versions },
    durationMs: Math.round(monotonicMs() - startedMs),
    canaries: [],
    policyHash,
    observations,
    ...(last?.night ? { of: { night: last.night, hash: last.hash } } : {}),
  };
  const { phase } = phaseState((await journals.read(null)).events);
  const why = `drill ${drill.id}: ${failedObservations(observations)}`;
  return await recordDrill({ journals, drill: finished, phase, why });
}

function recorded(
  observations: ReturnType<typeof judgeGuardDrill>["observations"],
): NonNullable<EventData<"drill.finished">["observations"]> {
  return observations.map(({ what, expected, seen, verdict }) => ({
    what,
    expected,
    seen,
    held: verdict === "held",
  }));
}

/** Empty: the night ended before it had one. */
function imageOf(events: readonly NightwardenEvent[]): string {
  const ready = events.find((event) => event.type === "image.ready");
  return ready?.type === "image.ready" ? ready.data.image : "";
}

import type { JournalStore } from "../contracts/journal.ts";
import { afterCanaries, drillVerdict, failedCanaries, type CanaryResult } from "../core/canary.ts";
import type { EventData } from "../core/event.ts";
import type { Isolation, Phase } from "../core/policy.ts";
import { recordDrill, type RecordedDrill } from "./record-drill.ts";

/** What one run of all canaries came to. */
export interface CanaryRun {
  readonly isolation: Isolation;
  /** The image's id. */
  readonly image: string;
  readonly canaries: readonly CanaryResult[];
}

/**
 * The containment drill: all canaries, and once more where they could not tell. What it came to is recorded in the
 * workspace's journal, before anything else follows from it. So is the demotion from `phase`, where an attack succeeded.
 */
export async function containmentDrill(options: {
  readonly journals: JournalStore;
  readonly runCanaries: () => Promise<CanaryRun>;
  readonly phase: Phase;
  readonly versions: Readonly<Record<string, string>>;
  /** Milliseconds that only rise. */
  readonly monotonicMs: () => number;
  /** Told before the canaries are run a second time. */
  readonly onAgain: (first: readonly CanaryResult[]) => void;
}): Promise<RecordedDrill> {
  const { journals, runCanaries, phase, versions, monotonicMs } = options;
  const startedMs = monotonicMs();
  let run = await runCanaries();
  let runs = 1;
  if (afterCanaries(drillVerdict(run.canaries), runs) === "again") {
    options.onAgain(run.canaries);
    run = await runCanaries();
    runs += 1;
  }
  const { isolation, image, canaries } = run;
  const verdict = drillVerdict(canaries);
  const drill: EventData<"drill.finished"> = {
    drill: "containment",
    verdict,
    runs,
    isolation,
    image,
    versions: { ...versions },
    durationMs: Math.round(monotonicMs() - startedMs),
    canaries: [...canaries],
  };
  return await recordDrill({ journals, drill, phase, why: failedCanaries(canaries) });
}

import type { JournalStore } from "../contracts/journal.ts";
import type { EventData } from "../core/event.ts";
import { demotionFrom } from "../core/phase-state.ts";
import type { Phase } from "../core/policy.ts";

/** A drill that is over, and what the workspace has lost by it. */
export interface RecordedDrill {
  readonly drill: EventData<"drill.finished">;
  readonly demotion: EventData<"phase.demoted"> | undefined;
}

/**
 * Records a drill in the workspace's journal, before anything else follows from it. Where the guard did not hold, so is
 * the demotion from `phase`: `why` says what got through.
 */
export async function recordDrill(options: {
  readonly journals: JournalStore;
  readonly drill: EventData<"drill.finished">;
  readonly phase: Phase;
  readonly why: string;
}): Promise<RecordedDrill> {
  const { journals, drill, phase, why } = options;
  const demotion: RecordedDrill["demotion"] =
    drill.verdict === "survived" ? { ...demotionFrom(phase, why), by: "guard" } : undefined;
  const journal = await journals.open(null);
  try {
    await journal.append({ type: "drill.finished", data: drill });
    if (demotion) await journal.append({ type: "phase.demoted", data: demotion });
  } finally {
    await journal.close();
  }
  return { drill, demotion };
}

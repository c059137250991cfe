import type { JournalStore } from "../contracts/journal.ts";
import type { EventData } from "../core/event.ts";
import { demotionFrom, demotionInWords, phaseState } from "../core/phase-state.ts";
import type { NightRecord } from "./night-record.ts";

/**
 * Takes a phase from the workspace where a branch of the night could not go back: first in the workspace's journal, which
 * counts, then in the night's. Once, also where a crash came between the two.
 */
export async function loseTrust({
  record,
  journals,
}: {
  readonly record: NightRecord;
  readonly journals: JournalStore;
}): Promise<void> {
  const { state } = record;
  const [unmoved] = state.failedRollbacks;
  if (!unmoved || state.demotion?.by === "rollback") return;
  const why = `in night ${state.night} the branch of ${unmoved.repo} could not go back to its last checkpoint: ${unmoved.message}`;
  const demotion = await demote(journals, why);
  await record.record({ type: "phase.demoted", data: demotion });
  const message = demotionInWords(demotion);
  await record.record({ type: "alert.raised", data: { alert: "demoted", tasks: [], message } });
}

async function demote(journals: JournalStore, why: string): Promise<EventData<"phase.demoted">> {
  const { events } = await journals.read(null);
  const known = events.findLast((event) => event.type === "phase.demoted" && event.data.why === why);
  if (known?.type === "phase.demoted") return known.data;
  const demotion = { ...demotionFrom(phaseState(events).phase, why), by: "rollback" as const };
  const journal = await journals.open(null);
  try {
    await journal.append({ type: "phase.demoted", data: demotion });
  } finally {
    await journal.close();
  }
  return demotion;
}

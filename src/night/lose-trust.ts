import type { JournalStore } from "../contracts/journal.ts";
import type { EventData } from "../core/event.ts";
import { demotionAlert, demotionFrom, phaseState } from "../core/phase-state.ts";
import { trustLost, type TrustLost } from "../core/trust-lost.ts";
import type { NightRecord } from "./night-record.ts";

/**
 * Takes a phase from the workspace where the night failed what it was trusted with: first in the workspace's journal, which
 * counts, then in the night's, with an alert. Each once, also where a crash came between them.
 */
export async function loseTrust({
  record,
  journals,
}: {
  readonly record: NightRecord;
  readonly journals: JournalStore;
}): Promise<void> {
  const lost = trustLost(record.state);
  if (lost && !record.state.demotion)
    await record.record({ type: "phase.demoted", data: await demote(journals, lost) });
  const { demotion, alerts } = record.state;
  if (demotion && !alerts.some(({ alert }) => alert === "demoted"))
    await record.record({ type: "alert.raised", data: demotionAlert(demotion) });
}

async function demote(journals: JournalStore, { why, by }: TrustLost): Promise<EventData<"phase.demoted">> {
  const { events } = await journals.read(null);
  const known = events.findLast((event) => event.type === "phase.demoted" && event.data.why === why);
  if (known?.type === "phase.demoted") return known.data;
  const demotion = { ...demotionFrom(phaseState(events).phase, why), by };
  const journal = await journals.open(null);
  try {
    await journal.append({ type: "phase.demoted", data: demotion });
  } finally {
    await journal.close();
  }
  return demotion;
}

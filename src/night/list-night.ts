import type { JournalStore } from "../contracts/journal.ts";
import type { Fact, NightwardenEvent } from "../core/event.ts";

/**
 * The workspace's own stream names every night when it has begun and, with its last event, when it has ended: a night
 * whose file is lost, or that lost lines at its end, is then missed.
 *
 * A night is listed after its first event and not before: a crash between the two leaves a night that nobody misses,
 * and not the name of one that never was. It is listed when it goes on, or is closed.
 */
export async function listNight(journals: JournalStore, started: NightwardenEvent): Promise<void> {
  const { night, stream } = started;
  if (night === null) throw new TypeError("the workspace's own stream is no night");
  const { events } = await journals.read(null);
  if (events.some(({ type, data }) => type === "night.listed" && data.listed === night)) return;
  await append(journals, { type: "night.listed", data: { listed: night, stream } });
}

/** See `listNight`. Never rejects: the night has ended, and says why it ended; one that is not sealed counts all the same. */
export async function sealNight(journals: JournalStore, finished: NightwardenEvent): Promise<void> {
  const { night, seq, hash } = finished;
  if (night === null) throw new TypeError("the workspace's own stream is no night");
  await append(journals, { type: "night.sealed", data: { sealed: night, seq, hash } }).catch(() => undefined);
}

async function append(journals: JournalStore, fact: Fact): Promise<void> {
  const journal = await journals.open(null);
  try {
    await journal.append(fact);
  } finally {
    await journal.close();
  }
}

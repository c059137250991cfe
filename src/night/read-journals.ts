import type { JournalStore } from "../contracts/journal.ts";
import type { NightwardenEvent } from "../core/event.ts";
import type { JournalGap } from "../core/journal-gaps.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";

/** Every event that a workspace has recorded, and the nights whose journals could not be read. */
export interface Journals {
  readonly workspace: readonly NightwardenEvent[];
  /** Oldest first, each with its events. */
  readonly nights: readonly (readonly NightwardenEvent[])[];
  readonly unread: readonly JournalGap[];
}

/** Reads all journals. One night's that is damaged keeps nobody from the others; the workspace's own throws `refused.journal`. */
export async function readJournals(journals: JournalStore): Promise<Journals> {
  const { events: workspace } = await journals.read(null);
  const nights: (readonly NightwardenEvent[])[] = [];
  const unread: JournalGap[] = [];
  for (const night of await journals.nights()) {
    try {
      nights.push((await journals.read(night)).events);
    } catch (error) {
      if (!(error instanceof NightwardenError)) throw error;
      unread.push({ night, message: error.message });
    }
  }
  return { workspace, nights, unread };
}

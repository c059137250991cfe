import type { JournalStore } from "../contracts/journal.ts";
import type { Repository } from "../contracts/repository.ts";
import type { NightId } from "../core/ids.ts";
import { replay } from "../core/night-state.ts";
import { deliver, isUndelivered } from "./deliver.ts";
import { NightRecord } from "./night-record.ts";

/** What became of one repository's results: `reason` says why they are still not delivered. */
export interface DeliveredNight {
  readonly repo: string;
  readonly reason: string | undefined;
}

/** Tries again to bring a night's branches into the repositories, and records it in that night's journal. */
export async function deliverNight(options: {
  readonly journals: JournalStore;
  readonly repositories: ReadonlyMap<string, Repository>;
  readonly night: NightId;
}): Promise<DeliveredNight[]> {
  const { events } = await options.journals.read(options.night);
  const state = replay(options.night, events);
  const record = new NightRecord(state, await options.journals.open(options.night));
  const results: DeliveredNight[] = [];
  try {
    for (const repository of state.repositories.values()) {
      if (!isUndelivered(repository)) continue;
      const { repo } = repository;
      await deliver({ record, repositories: options.repositories }, repo);
      results.push({ repo, reason: state.repositories.get(repo)?.deferred });
    }
  } finally {
    await record.close();
  }
  return results;
}

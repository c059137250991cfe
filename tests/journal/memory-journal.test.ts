import { MemoryJournalStore } from "../fakes/memory-journal.ts";
import { journalStoreContract } from "../contract/journal-store.ts";

journalStoreContract("the journal in memory", async () => {
  const store = new MemoryJournalStore();
  return { store, reopen: () => store, dispose: async () => {} };
});

import { createJournalStore } from "../../src/journal/journal-store.ts";
import type { NightId } from "../../src/core/ids.ts";
import { systemClock } from "../../src/lib/system-clock.ts";

/** A process that writes a journal until it is killed, and prints the number of each event that it was promised. */
const [stateDir = ""] = process.argv.slice(2);
const clock = systemClock;
const store = createJournalStore({ stateDir, actor: "test", version: "0.0.0", clock });
const journal = await store.open("2026-11-20-k3f9" as NightId, (event) =>
  process.stdout.write(`${event.seq}\n`),
);
for (;;) {
  const group = Array.from({ length: 8 }, (_, index) =>
    journal.append({ type: "warning.raised", data: { code: "test", message: "x".repeat(index * 1000) } }),
  );
  await Promise.all(group);
}

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { JournalStore } from "../../src/contracts/journal.ts";
import { createJournalStore } from "../../src/journal/journal-store.ts";
import { TickingClock } from "../fakes/ticking-clock.ts";

/** A state folder that is gone after the test. */
export async function temporaryStateDir(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "nightwarden-state-"));
  onTestFinished(async () => rm(folder, { recursive: true, force: true }));
  return join(folder, ".nightwarden");
}

export function storeIn(stateDir: string): JournalStore {
  return createJournalStore({ stateDir, actor: "test", version: "0.0.0", clock: new TickingClock() });
}

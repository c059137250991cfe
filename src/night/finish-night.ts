import type { NightEnd } from "../core/event.ts";
import { messageOf } from "../core/nightwarden-error.ts";
import { deliver } from "./deliver.ts";
import type { Night } from "./night.ts";

/**
 * The end of every night, however it came: what could not be delivered is tried once more, what is left on the engine
 * is removed and counted, and the journal gets its last event. None of these steps can keep the next from happening.
 */
export async function finishNight(night: Night, end: NightEnd, detail: string): Promise<void> {
  const { record, deps } = night;
  for (const { repo, deferred } of record.state.repositories.values()) {
    if (deferred === undefined) continue;
    await warnOnFailure(
      night,
      "delivery-failed",
      async () => await deliver({ record: night.record, repositories: night.deps.repositories }, repo),
    );
  }
  await warnOnFailure(night, "leftovers", async () => {
    const swept = await deps.sweep();
    if (swept.containers + swept.volumes > 0) await record.record({ type: "leftovers.removed", data: swept });
  });
  await record.record({ type: "night.finished", data: { end, detail } });
}

async function warnOnFailure(night: Night, code: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    await night.record.record({ type: "warning.raised", data: { code, message: messageOf(error) } });
  }
}

import type { Night } from "./night.ts";

/** Waits until a quota is reset, or the night has to stop: then the next step is to end it. The pause is recorded already. */
export async function waitForQuota(night: Night, pause: { readonly until: string }): Promise<void> {
  const { record, deps, stop } = night;
  try {
    await deps.clock.waitUntil(new Date(pause.until), stop);
  } catch (error) {
    if (stop.aborted) return;
    throw error;
  }
  await record.record({ type: "night.continued", data: {} });
}

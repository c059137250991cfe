import type { Pause } from "../core/night-state.ts";
import type { Night } from "./night.ts";

/** Waits until an agent's quota is reset, or `signal` says that nobody waits any more. The pause is recorded already. */
export async function waitForQuota(
  { record, deps }: Night,
  { agent, until }: Pick<Pause, "agent" | "until">,
  signal: AbortSignal,
): Promise<void> {
  try {
    await deps.clock.waitUntil(new Date(until), signal);
  } catch (error) {
    if (signal.aborted) return;
    throw error;
  }
  await record.record({ type: "night.continued", data: agent === undefined ? {} : { agent } });
}

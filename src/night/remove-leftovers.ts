import type { Night } from "./night.ts";

/** Removes what an earlier run, or this night, has left on the engine, and counts it. Only while nothing of the night runs. */
export async function removeLeftovers({ deps, record }: Night): Promise<void> {
  const swept = await deps.sweep();
  if (swept.containers + swept.volumes + swept.networks > 0)
    await record.record({ type: "leftovers.removed", data: swept });
}

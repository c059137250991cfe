import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import type { Attempt } from "./attempt.ts";

/** Removes the sets that were installed from what an attempt has written, where it did not land: nobody will ask for them. */
export async function dropSets({ night, ref }: Pick<Attempt, "night" | "ref">): Promise<void> {
  const { attemptSets } = night.record.state;
  for (const { of, source, result, set } of attemptSets) {
    const isOwn = of.attempt === ref.attempt && of.token === ref.token && source === "candidate";
    if (!isOwn || result !== "prepared" || set === null) continue;
    try {
      await night.deps.preparation?.dependencies.remove(set);
    } catch (error) {
      if (!(error instanceof NightwardenError)) throw error;
      // The next gate removes it.
      const message = `${ref.attempt}: ${messageOf(error)}`;
      await night.record.record({ type: "warning.raised", data: { code: "leftovers", message } });
    }
  }
}

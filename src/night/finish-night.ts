import type { NightEnd } from "../core/night-events.ts";
import { nextUndoing } from "../core/next-checkpoint.ts";
import { openAttempts } from "../core/night-state.ts";
import { messageOf } from "../core/nightwarden-error.ts";
import { deliver } from "./deliver.ts";
import type { History } from "./history.ts";
import { closeAccount } from "./night-account.ts";
import { sealNight } from "./list-night.ts";
import type { Night } from "./night.ts";
import { loseTrust } from "./lose-trust.ts";
import { raiseAlert } from "./raise-alert.ts";
import { settleInterrupted } from "./settle-interrupted.ts";
import { dropRevoked } from "./undo-landings.ts";

/**
 * The end of every night, however it came: of a fault somebody hears, an attempt without an outcome gets one, what could not be delivered is tried
 * once more, what is left is removed and counted, what the night failed in costs the workspace a phase, and the journal gets
 * its last event. A step that fails does not keep the next from happening.
 */
export async function finishNight(
  night: Night,
  history: History,
  ending: { readonly end: NightEnd; readonly detail: string; readonly isFault?: true },
): Promise<void> {
  const { end, detail, isFault } = ending;
  const { record, deps } = night;
  const { repositories } = deps;
  // What the plan came to by itself has been told at its moment.
  if (isFault) await warnOnFailure(night, "not-alerted", async () => await raiseAlert(record, ending));
  const isUndoing = [...record.state.repositories.values()].some((each) => nextUndoing(record.state, each));
  if (openAttempts(record.state).length > 0 || isUndoing) {
    await warnOnFailure(night, "unsettled", async () => await settleInterrupted({ record, repositories }));
  }
  for (const { repo, deferred } of record.state.repositories.values()) {
    if (deferred === undefined) continue;
    await warnOnFailure(night, "delivery-failed", async () => await deliver({ record, repositories }, repo));
  }
  await warnOnFailure(night, "leftovers", async () => {
    const left = await closeAccount(night, history);
    if (left !== undefined && end !== "leak") await raiseAlert(record, { end: "leak", detail: left });
  });
  await warnOnFailure(night, "not-demoted", async () => await loseTrust({ record, journals: deps.journals }));
  await sealNight(deps.journals, await record.record({ type: "night.finished", data: { end, detail } }));
  // Only now is it certain that the night does not go on and land them again.
  await dropRevoked({ record, repositories });
}

async function warnOnFailure(night: Night, code: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const warning = night.record.record({
      type: "warning.raised",
      data: { code, message: messageOf(error) },
    });
    await warning.catch(() => undefined); // a journal that cannot be written says so with the last event
  }
}

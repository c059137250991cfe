import type { TaskId } from "../core/ids.ts";
import { ALERTS, type Alert, type NightEnd } from "../core/night-events.ts";
import type { NightRecord } from "./night-record.ts";

/**
 * Records an alert where a night ends, or is about to end, so that somebody should hear of it now; else nothing. Once, also
 * where a crash came between the alert and the end.
 */
export async function raiseAlert(
  record: NightRecord,
  ending: { readonly end: NightEnd; readonly detail: string; readonly tasks?: readonly TaskId[] },
): Promise<void> {
  const { end, detail, tasks = [] } = ending;
  if (!isAlert(end)) return;
  if (record.state.alerts.some((each) => each.alert === end && each.message === detail)) return;
  await record.record({ type: "alert.raised", data: { alert: end, tasks: [...tasks], message: detail } });
}

function isAlert(end: NightEnd): end is NightEnd & Alert {
  return ALERTS.some((alert) => alert === end);
}

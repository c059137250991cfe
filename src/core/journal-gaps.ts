import type { NightwardenEvent } from "./event.ts";
import type { NightId } from "./ids.ts";

/** Why what the journals say is not all that there was. */
export interface JournalGap {
  readonly night: NightId;
  readonly message: string;
}

/**
 * What the workspace's own stream knows of nights and their journals do not bear out: a file that is missing or another,
 * lines that were cut off its end; nights without an end; and what nights know of the workspace's stream and it does not hold
 * any more, which is how lines are missed that were cut off its own end. `unread` are nights whose journals could not be read. What
 * is wrong inside of a journal is seen when it is read: its chain breaks.
 */
export function journalGaps(facts: {
  readonly workspace: readonly NightwardenEvent[];
  readonly nights: readonly (readonly NightwardenEvent[])[];
  readonly unread: readonly JournalGap[];
}): JournalGap[] {
  const { workspace, unread } = facts;
  const nights = new Map(
    facts.nights.flatMap((events) => (events[0]?.night ? [[events[0].night, events]] : [])),
  );
  const gaps = [...unread];
  const add = (night: NightId, message: string): void => {
    if (!gaps.some((gap) => gap.night === night)) gaps.push({ night, message });
  };
  for (const { type, data } of workspace) {
    if (type === "night.listed") {
      const events = nights.get(data.listed);
      if (!events) add(data.listed, "its journal is missing");
      else if (events[0]?.stream !== data.stream) add(data.listed, "its journal is another file than it was");
    } else if (type === "night.sealed") {
      const events = nights.get(data.sealed);
      if (!events) add(data.sealed, "its journal is missing");
      else if (events[data.seq]?.hash !== data.hash)
        add(data.sealed, `its journal does not hold the event ${data.seq} that it ended with`);
    }
  }
  for (const [night, events] of nights) {
    if (!events.some(({ type }) => type === "night.finished"))
      add(night, "it has no end: it still runs, or it crashed");
    else if (isForgotten(workspace, night, events))
      add(night, "the workspace's own journal does not name it: lines are gone from there");
    else if (hasLostDemotion(workspace, night, events))
      add(night, "it cost the workspace a phase, and the workspace's own journal does not hold that");
  }
  return gaps.toSorted((a, b) => (a.night === b.night ? 0 : a.night < b.night ? -1 : 1));
}

/** A night that has ended was listed, but for those of earlier versions, which do not say how long their window was. */
function isForgotten(
  workspace: readonly NightwardenEvent[],
  night: NightId,
  events: readonly NightwardenEvent[],
): boolean {
  const isListing = events.some(({ type, data }) => type === "night.started" && data.windowMs !== undefined);
  return isListing && listedAt(workspace, night) === undefined;
}

/** A demotion is recorded for the workspace first, and then in its night. */
function hasLostDemotion(
  workspace: readonly NightwardenEvent[],
  night: NightId,
  events: readonly NightwardenEvent[],
): boolean {
  const since = listedAt(workspace, night) ?? -1;
  return events.some(
    ({ type, data }) =>
      type === "phase.demoted" &&
      !workspace.some(
        (own) =>
          own.type === "phase.demoted" &&
          own.seq > since &&
          own.data.from === data.from &&
          own.data.to === data.to,
      ),
  );
}

function listedAt(workspace: readonly NightwardenEvent[], night: NightId): number | undefined {
  return workspace.find(({ type, data }) => type === "night.listed" && data.listed === night)?.seq;
}

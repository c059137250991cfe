import type { EventData, NightwardenEvent } from "./event.ts";
import type { NightId } from "./ids.ts";
import type { NightLeak, NightState } from "./night-state.ts";

/** What the journals say about leaks. */
export interface LeakHistory {
  /** Oldest first. */
  readonly nights: readonly Pick<NightState, "night" | "leaks">[];
  readonly workspace: readonly NightwardenEvent[];
}

interface LeakOfNight {
  readonly night: NightId;
  readonly leak: NightLeak;
}

/**
 * The last thing that a night left and could not remove, unless a repair has found everything clean since. While there
 * is one no night starts: nobody knows what it still does. A projection of the journals, as everything is.
 */
export function unrepairedLeak(history: LeakHistory): LeakOfNight | undefined {
  const leaks = leaksOf(history);
  const answers = history.workspace.flatMap((event) =>
    event.type === "workspace.repaired" && event.data.verdict === "clean" ? [event.data.answers] : [],
  );
  // Times are only names here: a clock that was set back must not hide a leak.
  const isAnswered = ({ night, leak }: LeakOfNight): boolean =>
    answers.some((answer) => answer?.leakOf === night && answer.at === leak.at);
  return leaks.slice(leaks.findLastIndex(isAnswered) + 1).at(-1);
}

/** What a repair that is made now answers. */
export function answerOf(history: LeakHistory): EventData<"workspace.repaired">["answers"] {
  const last = leaksOf(history).at(-1);
  return last ? { leakOf: last.night, at: last.leak.at } : null;
}

/** A leak in words, on one line; what others wrote in it is to be escaped where it is shown. */
export function leakInWords({ residue, omitted }: Pick<NightLeak, "residue" | "omitted">): string {
  const named = residue.slice(0, NAMED).map(({ kind, name, place }) => `${kind} ${name} (${place})`);
  const more = residue.length - named.length + omitted;
  return `${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

const NAMED = 3;

function leaksOf({ nights }: LeakHistory): LeakOfNight[] {
  return nights.flatMap(({ night, leaks }) => leaks.map((leak) => ({ night, leak })));
}

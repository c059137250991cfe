import type { EventData, NightwardenEvent } from "./event.ts";
import { PHASES, type Phase } from "./policy.ts";

/** Where a workspace stands, as its own journal tells it. */
export interface PhaseState {
  readonly phase: Phase;
  /** The last time that it lost trust; undefined: it never did. */
  readonly demotion: (EventData<"phase.demoted"> & { readonly at: string }) | undefined;
}

/** The phase after all of the workspace's `events`. A new workspace is in phase 1. */
export function phaseState(events: Iterable<NightwardenEvent>): PhaseState {
  let state: PhaseState = { phase: "1", demotion: undefined };
  for (const { type, data, at } of events) {
    if (type === "phase.promoted") state = { ...state, phase: data.to };
    else if (type === "phase.demoted") state = { phase: data.to, demotion: { ...data, at } };
  }
  return state;
}

/** Where a workspace goes that loses trust: one phase down. From the first there is no way down: it stays, and that is said. */
export function demotionFrom(phase: Phase, why: string): EventData<"phase.demoted"> {
  const below = PHASES[Math.max(0, PHASES.indexOf(phase) - 1)] ?? "1";
  return { from: phase, to: below, why };
}

/** What a person should hear of it now. */
export function demotionAlert(demotion: EventData<"phase.demoted">): EventData<"alert.raised"> {
  return { alert: "demoted", tasks: [], message: demotionInWords(demotion) };
}

/** A demotion in words. */
export function demotionInWords({ from, to, why }: EventData<"phase.demoted">): string {
  const what =
    from === to ? `phase ${from} is the lowest, so it stays` : `demoted from phase ${from} to ${to}`;
  return `${what}: ${why}`;
}

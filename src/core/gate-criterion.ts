import type { NightwardenEvent } from "./event.ts";
import type { NightId } from "./ids.ts";
import type { Loosening } from "./policy.ts";

export const CRITERIA = [
  "landed-tasks",
  "kinds",
  "drill-dangerous-symbol",
  "drill-failing-test",
  "drill-forbidden-import",
  "drill-two-failures",
  "nights",
  "docker-trial",
  "caps-reached",
  "abnormal-ends",
  "failed-rollbacks",
  "tasks-in-night",
  "landed-share",
  "nights-in-a-row",
] as const;
export type CriterionName = (typeof CRITERIA)[number];

/** One condition of a gate, what was measured for it, and the events that it was measured from. */
export interface Criterion {
  readonly criterion: CriterionName;
  /** What is asked for, in words: `5 tasks have landed`. */
  readonly says: string;
  readonly bound: "at-least" | "at-most";
  readonly needed: number;
  readonly measured: number;
  /** What it was measured in: `of` so many of `what`. */
  readonly sample: { readonly of: number; readonly what: "tasks" | "nights" | "drills" };
  readonly met: boolean;
  /** The thresholds that this workspace lowered for it, beside the phase's own. */
  readonly loosened: readonly Loosening[];
  /** In the order in which it happened. */
  readonly evidence: readonly Evidence[];
}

/** One event, so that anybody can look it up, and what it says in a few words. */
export interface Evidence {
  readonly stream: string;
  readonly seq: number;
  readonly at: string;
  /** null: in the workspace's own stream. */
  readonly night: NightId | null;
  readonly what: string;
}

export function evidenceOf(
  { stream, seq, at, night }: Pick<NightwardenEvent, "stream" | "seq" | "at" | "night">,
  what: string,
): Evidence {
  return { stream, seq, at, night, what };
}

/** A condition of which there must be enough. */
export function atLeast(
  needed: number,
  measured: number,
  rest: Omit<Criterion, "bound" | "needed" | "measured" | "met">,
): Criterion {
  return { ...rest, bound: "at-least", needed, measured, met: measured >= needed };
}

/** A condition of which there must not be too much. */
export function atMost(
  needed: number,
  measured: number,
  rest: Omit<Criterion, "bound" | "needed" | "measured" | "met">,
): Criterion {
  return { ...rest, bound: "at-most", needed, measured, met: measured <= needed };
}

import type { EventData } from "./event.ts";

/** The kinds of health checks. */
export type ProbeName =
  | "git"
  | "disk"
  | "memory"
  | "clock"
  | "credentials"
  | "engine"
  | "isolation"
  | "checks"
  | "version"
  | "leaks"
  | "image"
  | "sandbox"
  | "client"
  | "hello";

/** What a probe found. */
export interface ProbeFinding {
  /** `refused`: no night may start. */
  readonly verdict: "ok" | "warning" | "refused";
  /** One line for people. Whatever others wrote in it is escaped where it is shown. */
  readonly message: string;
  /** What to do; always there where the verdict is not `ok`. */
  readonly hint?: string;
  /** What was measured, where the next night compares it. */
  readonly value?: string;
}

export interface ProbeResult extends Omit<ProbeFinding, "verdict"> {
  readonly probe: ProbeName;
  /** What was looked at, such as a repository's or an agent's name. */
  readonly subject: string;
  /** `not-run`: another probe, which this one needs, was refused. */
  readonly verdict: ProbeFinding["verdict"] | "not-run";
  readonly durationMs: number;
}

/** The results as a night records them. A probe that did not run is no fact. */
export function probeFacts(results: readonly ProbeResult[]): EventData<"probe.finished">[] {
  return results.flatMap(({ verdict, ...result }) => (verdict === "not-run" ? [] : [{ ...result, verdict }]));
}

/** Names one probe of one thing among all: the key of `lastProbeValues`. */
export function probeKey(probe: string, subject: string): string {
  return `${probe} ${subject}`;
}

/**
 * What each probe measured last, by `probeKey`, from results in the order of their nights. A value that was refused does
 * not count: it would be accepted by being tried twice.
 */
export function lastProbeValues(
  facts: Iterable<Pick<EventData<"probe.finished">, "probe" | "subject" | "verdict" | "value">>,
): Map<string, string> {
  const values = new Map<string, string>();
  for (const { probe, subject, verdict, value } of facts) {
    if (verdict !== "refused" && value !== undefined) values.set(probeKey(probe, subject), value);
  }
  return values;
}

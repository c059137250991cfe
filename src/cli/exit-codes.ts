import type { NightState } from "../core/night-state.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";

/** The one table of exit codes; docs/exit-codes.md says the same to users. */
export const EXIT = {
  /** All that was asked for was done; every task landed. */
  done: 0,
  /** At least one task failed, was skipped or was not started. */
  unfinished: 1,
  /** Configuration, plan or usage error: nothing was started. */
  usage: 2,
  /** A probe, a gate or the phase said no. */
  refused: 3,
  /** Phase 1's rule, the breaker, auth or infrastructure. */
  stopped: 4,
  /** Nightwarden's own fault. */
  internal: 70,
  /** A person ended it; drained. */
  interrupted: 130,
} as const;

export function exitCodeOfError(error: unknown): number {
  if (!(error instanceof NightwardenError)) return EXIT.internal;
  if (error.code.startsWith("usage.")) return EXIT.usage;
  return error.code.startsWith("refused.") ? EXIT.refused : EXIT.stopped;
}

export function exitCodeOfNight(state: NightState): number {
  const { end } = state;
  if (end === undefined) return EXIT.stopped;
  // Whatever the tasks came to: the next night is refused until somebody has looked.
  if (state.leaks.length > 0 && end !== "refused" && end !== "interrupted") return EXIT.stopped;
  switch (end) {
    case "queue-empty": {
      const isDone = [...state.tasks.values()].every((task) => task.result === "landed");
      return isDone ? EXIT.done : EXIT.unfinished;
    }
    case "time-limit":
    case "quota":
    case "budget":
      return EXIT.unfinished;
    case "interrupted":
      return EXIT.interrupted;
    case "refused":
      return EXIT.refused;
    case "first-failure":
    case "breaker":
    case "infra":
    case "auth":
    case "dependency-unmet":
    case "leak":
    case "rollback-failed":
    case "abandoned":
      return EXIT.stopped;
  }
}

import { formatDuration, MINUTE_MS, SECOND_MS } from "./duration.ts";
import type { ProbeFinding } from "./probe.ts";

/** This program did not exist before; no clock that is right is earlier. */
const EARLIEST_YEAR = 2026;
const LATEST_YEAR = 2099;
/** A leap second, a step of a time service at the start: clocks are not perfect. */
const TOLERATED_JUMP_MS = 5 * SECOND_MS;
const TOLERATED_FUTURE_MS = SECOND_MS;
const ENGINE_WARNING_MS = 30 * SECOND_MS;
/** Beyond this, certificates and the times of quota resets are judged wrongly. */
const ENGINE_REFUSED_MS = 5 * MINUTE_MS;

const HINT = "Let a time service set the clock of this machine (timedatectl status says whether one does).";

export interface ClockFacts {
  /** Milliseconds since 1970, by the wall clock. */
  readonly nowMs: number;
  /** How far the wall clock has moved since the program started, … */
  readonly wallElapsedMs: number;
  /** … and how much time has passed since then. */
  readonly monotonicElapsedMs: number;
  /** The last event of the workspace's journals; null: there is none. */
  readonly lastEventMs: number | null;
}

/** Resets of quotas, certificates and the end of the night are judged by this machine's wall clock. */
export function judgeClock(facts: ClockFacts): ProbeFinding {
  const now = new Date(facts.nowMs);
  const year = now.getUTCFullYear();
  const message = `it is ${now.toISOString()}`;
  if (year < EARLIEST_YEAR || year > LATEST_YEAR) {
    return { verdict: "refused", message: `${message}, which cannot be`, hint: HINT };
  }
  const futureMs = (facts.lastEventMs ?? -Infinity) - facts.nowMs;
  if (futureMs > TOLERATED_FUTURE_MS) {
    const earlier = `the journal's last event is ${formatDuration(futureMs)} later`;
    return { verdict: "warning", message: `${message}, and ${earlier}`, hint: HINT };
  }
  const jumpMs = Math.abs(facts.wallElapsedMs - facts.monotonicElapsedMs);
  if (jumpMs > TOLERATED_JUMP_MS) {
    const jump = `the clock was moved by ${formatDuration(jumpMs)} since the program started`;
    return { verdict: "warning", message: `${message}; ${jump}`, hint: HINT };
  }
  return { verdict: "ok", message };
}

/** Both in milliseconds since 1970, read at the same moment. */
export function judgeEngineClock(nowMs: number, engineMs: number): ProbeFinding {
  const apartMs = Math.abs(engineMs - nowMs);
  if (apartMs <= ENGINE_WARNING_MS) {
    return { verdict: "ok", message: `${formatDuration(apartMs)} apart from this machine's` };
  }
  return {
    verdict: apartMs > ENGINE_REFUSED_MS ? "refused" : "warning",
    message: `${formatDuration(apartMs)} ${engineMs < nowMs ? "behind" : "before"} this machine's`,
    hint: "Let a time service set both clocks; a virtual machine's is often wrong after a sleep: restart it.",
  };
}

import type { Clock } from "../contracts/clock.ts";
import { judgeClock } from "../core/judge-clock.ts";
import type { Probe } from "./probe.ts";

/** Where both clocks of a process stood at one moment. */
export interface ClockReading {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** Whether this machine's wall clock can be right. */
export function clockProbe(options: {
  readonly clock: Pick<Clock, "now" | "monotonicMs">;
  /** Read when the program started. */
  readonly started: ClockReading;
  /** Of the last event in the workspace's journals, in milliseconds since 1970; undefined: there is none. */
  readonly lastEventMs: () => Promise<number | undefined>;
}): Probe {
  const { clock, started, lastEventMs } = options;
  return {
    name: "clock",
    subject: "this machine",
    deadlineMs: 30_000,
    cleanUpMs: 0,
    needs: [],
    lack: "the clock is wrong",
    run: async () => {
      const last = (await lastEventMs()) ?? null;
      const nowMs = clock.now().getTime();
      return judgeClock({
        nowMs,
        wallElapsedMs: nowMs - started.wallMs,
        monotonicElapsedMs: clock.monotonicMs() - started.monotonicMs,
        lastEventMs: last,
      });
    },
  };
}

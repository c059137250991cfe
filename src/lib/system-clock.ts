import { setTimeout as delay } from "node:timers/promises";

/** A timer that spans a machine's sleep is late by the sleep; short ones are soon right again. */
const LONGEST_NAP_MS = 15_000;

/** The machine's clocks. */
export const systemClock = {
  now: (): Date => new Date(),
  monotonicMs: (): number => performance.now(),
  waitUntil: async (at: Date, signal: AbortSignal): Promise<void> => {
    for (;;) {
      signal.throwIfAborted();
      const leftMs = at.getTime() - Date.now();
      if (leftMs <= 0) return;
      // Its own rejection says only that it was aborted, not why.
      await delay(Math.min(leftMs, LONGEST_NAP_MS), undefined, { signal }).catch(() => undefined);
    }
  },
};

/** Time, as the flow sees it. Nothing in night/ or core/ asks the machine. */
export interface Clock {
  /** The wall clock: for events and for people. May jump. */
  now(): Date;
  /** Milliseconds that only rise: for durations and deadlines. */
  monotonicMs(): number;
}

export interface WaitingClock extends Clock {
  /**
   * Resolves when the wall clock has reached `at`, also where the machine slept or the clock was set meanwhile; at once
   * for a time that has passed. Rejects with the signal's reason when it is aborted.
   */
  waitUntil(at: Date, signal: AbortSignal): Promise<void>;
}

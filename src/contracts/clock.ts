/** Time, as the flow sees it. Nothing in night/ or core/ asks the machine. */
export interface Clock {
  /** The wall clock: for events and for people. May jump. */
  now(): Date;
  /** Milliseconds that only rise: for durations and deadlines. */
  monotonicMs(): number;
}

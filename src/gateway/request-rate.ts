const MINUTE_MS = 60_000;

/** Counts the requests of the last minute. */
export class RequestRate {
  private readonly perMinute: number;
  private readonly admittedMs: number[] = [];

  constructor(perMinute: number) {
    this.perMinute = perMinute;
  }

  /** Milliseconds until another request may come; 0: it is counted, and may come now. */
  admit(nowMs: number): number {
    while (this.admittedMs[0] !== undefined && this.admittedMs[0] <= nowMs - MINUTE_MS)
      this.admittedMs.shift();
    const oldest = this.admittedMs[0];
    if (oldest !== undefined && this.admittedMs.length >= this.perMinute) return oldest + MINUTE_MS - nowMs;
    this.admittedMs.push(nowMs);
    return 0;
  }
}

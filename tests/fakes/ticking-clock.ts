import type { Clock } from "../../src/contracts/clock.ts";

/** A clock that goes on by a second whenever it is asked, so that no two events have the same time. */
export class TickingClock implements Clock {
  private ms: number;

  constructor(start = "2026-11-20T22:00:00.000Z") {
    this.ms = Date.parse(start);
  }

  now(): Date {
    this.ms += 1000;
    return new Date(this.ms);
  }

  monotonicMs(): number {
    return this.now().getTime();
  }
}

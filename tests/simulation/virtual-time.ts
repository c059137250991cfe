import type { WaitingClock } from "../../src/contracts/clock.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** The wall clock is set forward or back, by hand or by a time server. */
export interface ClockJump {
  readonly atMs: number;
  readonly byMs: number;
}

interface Timer {
  readonly atMs: number;
  /** Which of two that are due at one moment comes first. */
  readonly order: number;
  readonly run: () => void;
}

/**
 * Time that passes only when nothing is left to do: then it jumps to the next timer. What ends first is thereby a matter
 * of the durations, and these come from the seed. Nothing waits in reality.
 */
export class VirtualTime implements WaitingClock {
  /** Called when nothing is left to do at this moment: whoever was told something has acted on it. */
  onQuiet: () => void = () => undefined;
  private nowMs = 0;
  private readonly random: SeededRandom;
  private readonly jumps: readonly ClockJump[];
  private readonly timers: Timer[] = [];

  constructor(random: SeededRandom, jumps: readonly ClockJump[] = []) {
    this.random = random;
    this.jumps = jumps;
  }

  monotonicMs(): number {
    return this.nowMs;
  }

  now(): Date {
    return new Date(this.wallMs());
  }

  /** Resolves when so much time has passed. */
  async pass(ms: number): Promise<void> {
    await new Promise<void>((resolve) => this.at(this.nowMs + ms, resolve));
  }

  at(atMs: number, run: () => void): void {
    push(this.timers, { atMs: Math.max(atMs, this.nowMs), order: this.random.next(), run });
  }

  async waitUntil(at: Date, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const aborted = new Promise<"aborted">((resolve) => {
      signal.addEventListener("abort", () => resolve("aborted"), { once: true });
    });
    for (;;) {
      const leftMs = at.getTime() - this.wallMs();
      if (leftMs <= 0) return;
      // A jump is noticed when it comes.
      const jump = this.jumps.find(({ atMs }) => atMs > this.nowMs);
      const sleepMs = Math.min(leftMs, jump ? jump.atMs - this.nowMs : Infinity);
      if ((await Promise.race([this.pass(sleepMs), aborted])) === "aborted") throw signal.reason;
    }
  }

  /**
   * Lets everything run until `isOver`. False: nothing can ever happen any more, and it is not over.
   */
  async run(isOver: () => boolean): Promise<boolean> {
    for (;;) {
      await allSettled();
      this.onQuiet();
      if (isOver()) return true;
      const next = pop(this.timers);
      if (!next) return false;
      this.nowMs = next.atMs;
      next.run();
    }
  }

  /** Nobody waits for what was to come: the processes that would are gone. */
  forgetTimers(isOf: (run: () => void) => boolean = () => true): void {
    const kept = this.timers.filter(({ run }) => !isOf(run));
    this.timers.splice(0, this.timers.length, ...kept);
  }

  private wallMs(): number {
    const jumped = this.jumps.reduce((sum, { atMs, byMs }) => (atMs <= this.nowMs ? sum + byMs : sum), 0);
    return START_MS + this.nowMs + jumped;
  }
}

export const START_MS = Date.parse("2026-11-20T21:00:00.000Z");

/** When every promise that could go on has gone on. */
async function allSettled(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

function push(heap: Timer[], timer: Timer): void {
  let at = heap.push(timer) - 1;
  while (at > 0) {
    const above = (at - 1) >> 1;
    if (!isBefore(heap[at]!, heap[above]!)) return;
    [heap[at], heap[above]] = [heap[above]!, heap[at]!];
    at = above;
  }
}

function pop(heap: Timer[]): Timer | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (!first || !last || heap.length === 0) return first;
  heap[0] = last;
  for (let at = 0; ;) {
    const left = 2 * at + 1;
    let least = at;
    if (left < heap.length && isBefore(heap[left]!, heap[least]!)) least = left;
    if (left + 1 < heap.length && isBefore(heap[left + 1]!, heap[least]!)) least = left + 1;
    if (least === at) return first;
    [heap[at], heap[least]] = [heap[least]!, heap[at]!];
    at = least;
  }
}

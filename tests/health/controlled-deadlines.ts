import type { StartDeadline } from "../../src/health/deadline.ts";

/** Deadlines that pass when a test says so, and never by themselves. */
export class ControlledDeadlines {
  private readonly running = new Set<{ readonly ms: number; readonly controller: AbortController }>();
  private onStart: () => void = () => undefined;

  readonly start: StartDeadline = (ms) => {
    const deadline = { ms, controller: new AbortController() };
    this.running.add(deadline);
    this.onStart();
    return { signal: deadline.controller.signal, cancel: () => void this.running.delete(deadline) };
  };

  /** Lets the deadline of `ms` pass, as soon as there is one. */
  async pass(ms: number): Promise<void> {
    for (;;) {
      const due = [...this.running].find((deadline) => deadline.ms === ms);
      if (due) {
        this.running.delete(due);
        due.controller.abort(new DOMException("the deadline has passed", "TimeoutError"));
        return;
      }
      await new Promise<void>((resolve) => (this.onStart = resolve));
    }
  }

  /** Deadlines that were neither cancelled nor passed: each would keep the process alive. */
  get left(): number {
    return this.running.size;
  }
}

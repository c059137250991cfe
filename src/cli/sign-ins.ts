/**
 * Commands that read a credential and were left to themselves, since somebody may be signing in with them. This process
 * holds their outputs: it stays until they have ended.
 */
export class SignIns {
  private readonly running: Promise<unknown>[] = [];

  add(work: Promise<unknown>): void {
    this.running.push(work);
  }

  /** Returns at once where there is none. */
  async wait(options: {
    readonly signal: AbortSignal;
    readonly progress: (line: string) => void;
  }): Promise<void> {
    if (this.running.length === 0) return;
    const { signal } = options;
    options.progress("a command that reads a credential still works; waiting for its end. Ctrl-C ends it");
    const stopped = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await Promise.race([Promise.allSettled(this.running), stopped]);
  }
}

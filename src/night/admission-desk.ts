import { ask, freeBytes, leave, noClaims, type AdmissionState, type Claim } from "../core/admission.ts";

/** Lets attempts in as the memory budget has room for their containers, in the order in which they came. */
export class AdmissionDesk {
  private state: AdmissionState;
  private readonly called = new Map<string, () => void>();

  constructor(budgetBytes: number) {
    this.state = noClaims(budgetBytes);
  }

  /**
   * Resolves when the claim is admitted; what comes back gives its memory back. `onWait` is told once, with what is
   * free, where it has to wait. Rejects with the signal's reason where that comes first.
   */
  async enter(
    claim: Claim,
    options: { readonly signal: AbortSignal; readonly onWait: (freeBytes: number) => void },
  ): Promise<() => void> {
    const { signal, onWait } = options;
    signal.throwIfAborted();
    const admitted = new Promise<void>((resolve) => this.called.set(claim.id, resolve));
    this.change(ask(this.state, claim));
    const leaveOnce = (): void => {
      this.called.delete(claim.id);
      this.change(leave(this.state, claim.id));
    };
    if (!this.called.has(claim.id)) return leaveOnce;
    onWait(freeBytes(this.state));
    const stopped = new Promise<"stopped">((resolve) => {
      signal.addEventListener("abort", () => resolve("stopped"), { once: true });
    });
    if ((await Promise.race([admitted, stopped])) !== "stopped") return leaveOnce;
    leaveOnce();
    throw signal.reason;
  }

  private change(state: AdmissionState): void {
    this.state = state;
    for (const { id } of state.admitted) {
      this.called.get(id)?.();
      this.called.delete(id);
    }
  }
}

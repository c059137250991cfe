type StopReason = "over-budget" | "gateway-died";

/**
 * The reason with which a run in a sandbox is aborted where it is not the night that stops. Its name makes it an abort
 * like any other.
 */
export class SandboxStop extends Error {
  override readonly name = "AbortError";
  readonly why: StopReason;

  constructor(why: StopReason, detail: string) {
    super(detail);
    this.why = why;
  }
}

import type { GatewayFact } from "../contracts/gateway.ts";
import type { AttemptRef } from "../core/attempt.ts";
import type { ModelAnswer } from "../core/gateway-protocol.ts";
import { SandboxStop } from "../core/sandbox-stop.ts";
import type { Night } from "./night.ts";

/** More answers than these at the end of a run cannot change what it came to. */
const KEPT_ANSWERS = 20;

/**
 * Writes what a gateway tells into the journal, in order, keeps what the judgement of the run needs, and ends the run
 * where nothing more can come of it.
 */
export class GatewayRecord {
  readonly answers: ModelAnswer[] = [];
  died: string | null = null;
  overBudget: Extract<GatewayFact, { readonly type: "over-budget" }> | null = null;
  /** By the monotonic clock: when the gateway told something last. */
  heardAtMs = 0;
  private readonly night: Night;
  private readonly attempt: AttemptRef;
  private readonly givingUp = new AbortController();
  private written: Promise<unknown> = Promise.resolve();

  constructor(night: Night, attempt: AttemptRef) {
    this.night = night;
    this.attempt = attempt;
  }

  /** Aborted, with a SandboxStop, when the run has to end. */
  get giveUp(): AbortSignal {
    return this.givingUp.signal;
  }

  readonly onFact = (fact: GatewayFact): void => {
    this.heardAtMs = this.night.deps.clock.monotonicMs();
    const { attempt } = this;
    switch (fact.type) {
      case "alive":
        return;
      case "answered":
        this.answers.push(fact.answer);
        if (this.answers.length > KEPT_ANSWERS) this.answers.shift();
        this.write(
          this.night.record.record({ type: "model.answered", data: { ...attempt, ...fact.answer } }),
        );
        return;
      case "denied":
        this.write(this.night.record.record({ type: "egress.denied", data: { ...attempt, ...fact.denial } }));
        return;
      case "over-budget":
        this.overBudget = fact;
        this.givingUp.abort(new SandboxStop("over-budget", fact.cap));
        return;
      case "died":
        this.died = fact.message;
        this.givingUp.abort(new SandboxStop("gateway-died", fact.message));
    }
  };

  /** When all that was told is durable. Rejects where the journal cannot be written. */
  async flush(): Promise<void> {
    await this.written;
  }

  private write(recording: Promise<unknown>): void {
    this.written = Promise.all([this.written, recording]);
    this.written.catch(() => undefined); // told by flush
  }
}

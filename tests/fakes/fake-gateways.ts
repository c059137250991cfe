import type { GatewayFact, GatewayRequest, Gateways, OpenGateway } from "../../src/contracts/gateway.ts";
import type { ModelAnswer } from "../../src/core/gateway-protocol.ts";

/**
 * Gateways in memory, with a scripted model API behind them. A program of the fake engine asks its model by `ask`, with
 * what its environment says; the script decides what the API makes of it.
 */
export class FakeGateways implements Gateways {
  /** Every gateway that was ever opened. */
  readonly requests: GatewayRequest[] = [];
  /** Those that are open now, by their token: nothing may be left in here. */
  readonly open_ = new Map<string, GatewayRequest>();
  /** Called before a gateway opens, and when it should serve; throws to let it fail. */
  beforeOpen: () => void = () => undefined;
  beforeReady: () => void = () => undefined;
  private facts: readonly GatewayFact[] = [answered()];
  /** Facts are told when the gateway closes, as they may be where it is a process of its own. */
  tellsLate = false;
  private asked = 0;
  private readonly untold: (() => void)[] = [];

  /** What the next requests come to, in order; the last one stands for all that follow. */
  set script(facts: readonly GatewayFact[]) {
    this.facts = facts;
    this.asked = 0;
  }

  async open(request: GatewayRequest): Promise<OpenGateway> {
    this.beforeOpen();
    this.requests.push(request);
    const token = `gateway-token-${this.requests.length}`;
    this.open_.set(token, request);
    return await Promise.resolve({
      id: `gateway-${this.requests.length}`,
      model: { url: "http://127.0.0.1:8402", token },
      ready: async () => {
        this.beforeReady();
        return await Promise.resolve();
      },
      close: async () => {
        for (const tell of this.untold.splice(0)) tell();
        this.open_.delete(token);
        return await Promise.resolve();
      },
    });
  }

  /** One request of a sandbox. False: it got no whole answer. */
  ask(token: string): boolean {
    const request = this.open_.get(token);
    if (!request) throw new Error("a sandbox asked a gateway that is not its own, or is closed");
    const fact = this.facts[Math.min(this.asked, this.facts.length - 1)];
    this.asked += 1;
    if (!fact) return false;
    if (this.tellsLate) this.untold.push(() => request.onFact(fact));
    else request.onFact(fact);
    return fact.type === "answered" && fact.answer.result === "complete";
  }
}

/** An exchange with the model API; where nothing is said, a whole answer. */
export function modelAnswer(answer: Partial<ModelAnswer> = {}): ModelAnswer {
  return {
    model: "model-1",
    result: "complete",
    status: 200,
    errorCode: null,
    retryAt: null,
    usage: { input: 1000, cacheRead: 0, cacheWrite: 0, output: 20 },
    costUsd: 0.01,
    firstByteMs: 100,
    durationMs: 400,
    bytes: 2000,
    ...answer,
  };
}

export function answered(answer: Partial<ModelAnswer> = {}): GatewayFact {
  return { type: "answered", answer: modelAnswer(answer) };
}

import { costOf, totalTokens, type Price, type Usage } from "../core/usage.ts";

/** A cap that was reached. */
export interface OverBudget {
  readonly cap: "tokens" | "cost";
  readonly limit: number;
  readonly value: number;
}

/**
 * What an attempt may use, over all its answers, the running ones included. Reaching a cap is final: `onOver` is called
 * once, and `over` stays set.
 */
export class Budget {
  over: OverBudget | null = null;
  private readonly caps: { readonly tokens: number; readonly costUsd: number };
  private readonly prices: ReadonlyMap<string, Price>;
  private readonly onOver: (over: OverBudget) => void;
  private readonly running = new Map<symbol, { readonly model: string; readonly usage: Usage }>();
  private settledTokens = 0;
  private settledUsd = 0;

  constructor(options: {
    readonly caps: { readonly tokens: number; readonly costUsd: number };
    readonly prices: Readonly<Record<string, Price>>;
    readonly onOver: (over: OverBudget) => void;
  }) {
    this.caps = options.caps;
    this.prices = new Map(Object.entries(options.prices));
    this.onOver = options.onOver;
  }

  /** US dollars; null: the model has no price. */
  costOf(model: string, usage: Usage): number | null {
    const price = this.prices.get(model);
    return price ? costOf(usage, price) : null;
  }

  /** Whether another answer may begin. With nothing left it could only be cut. */
  admits(): boolean {
    const { tokens, usd } = this.spent();
    if (tokens >= this.caps.tokens) this.end({ cap: "tokens", limit: this.caps.tokens, value: tokens });
    else if (usd >= this.caps.costUsd) this.end({ cap: "cost", limit: this.caps.costUsd, value: usd });
    return this.over === null;
  }

  /** How long an answer may be with what is left, in tokens; at least one. */
  affordableOutput(model: string): number {
    const { tokens, usd } = this.spent();
    const price = this.prices.get(model)?.output ?? 0;
    const byCost = price > 0 ? ((this.caps.costUsd - usd) / price) * 1e6 : Number.POSITIVE_INFINITY;
    return Math.max(1, Math.floor(Math.min(this.caps.tokens - tokens, byCost)));
  }

  /** What a running answer has used so far. */
  update(answer: symbol, model: string, usage: Usage): void {
    this.running.set(answer, { model, usage });
    const { tokens, usd } = this.spent();
    if (tokens > this.caps.tokens) this.end({ cap: "tokens", limit: this.caps.tokens, value: tokens });
    else if (usd > this.caps.costUsd) this.end({ cap: "cost", limit: this.caps.costUsd, value: usd });
  }

  /** What an answer has used that has ended. */
  settle(answer: symbol, model: string, usage: Usage): void {
    this.running.delete(answer);
    this.settledTokens += totalTokens(usage);
    this.settledUsd += this.costOf(model, usage) ?? 0;
  }

  private spent(): { readonly tokens: number; readonly usd: number } {
    let [tokens, usd] = [this.settledTokens, this.settledUsd];
    for (const { model, usage } of this.running.values()) {
      tokens += totalTokens(usage);
      usd += this.costOf(model, usage) ?? 0;
    }
    return { tokens, usd };
  }

  private end(over: OverBudget): void {
    if (this.over) return;
    this.over = over;
    this.onOver(over);
  }
}

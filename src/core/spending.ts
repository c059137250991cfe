import { addUsage, NO_USAGE, totalTokens, type Usage } from "./usage.ts";

/** What was used of model APIs: by an attempt, a task or a night. */
export interface Spending {
  /** Exchanges with the API, failed ones included. */
  readonly answers: number;
  readonly usage: Usage;
  /** All kinds of tokens together. */
  readonly tokens: number;
  /** US dollars, by the models' prices; what had no price is left out (see `unpriced`). */
  readonly costUsd: number;
  /** Answers of models without a price. */
  readonly unpriced: number;
}

export const NO_SPENDING: Spending = { answers: 0, usage: NO_USAGE, tokens: 0, costUsd: 0, unpriced: 0 };

export function spendingOf(answer: { readonly usage: Usage; readonly costUsd: number | null }): Spending {
  const { usage, costUsd } = answer;
  return {
    answers: 1,
    usage,
    tokens: totalTokens(usage),
    costUsd: costUsd ?? 0,
    unpriced: costUsd === null ? 1 : 0,
  };
}

export function addSpending(parts: Iterable<Spending>): Spending {
  let sum = NO_SPENDING;
  for (const part of parts) {
    sum = {
      answers: sum.answers + part.answers,
      usage: addUsage(sum.usage, part.usage),
      tokens: sum.tokens + part.tokens,
      costUsd: sum.costUsd + part.costUsd,
      unpriced: sum.unpriced + part.unpriced,
    };
  }
  return sum;
}

import type { AttemptRef } from "../core/attempt.ts";
import { isCutByNight, type Budget, type Share } from "../core/budget.ts";
import { abortable } from "./abortable.ts";
import { Turns } from "./turns.ts";

/** What an attempt was given, until it gives it back. */
interface GivenBudget {
  readonly budget: Budget;
  readonly giveBack: () => void;
}

/**
 * Shares what the night may use of model APIs among attempts side by side, in the order in which they came. Each gets all
 * that its own caps allow; where the night has less left than that, it waits until it is alone, and then has the rest.
 */
export class BudgetDesk {
  private readonly shares = new Map<string, Share>();
  private readonly turns = new Turns();
  private onGivenBack: () => void = () => undefined;

  /**
   * `ask` says what the attempt may use beside the shares of others. `onWait` is told once, where it has to wait. Rejects
   * with the signal's reason where that comes first.
   */
  async enter(
    attempt: AttemptRef,
    options: {
      readonly ask: (others: Iterable<Share>) => Budget;
      readonly signal: AbortSignal;
      readonly onWait: () => void;
    },
  ): Promise<GivenBudget> {
    const { ask, signal, onWait } = options;
    return await this.turns.take(async () => {
      for (let turn = 1; ; turn += 1) {
        signal.throwIfAborted();
        const budget = ask(this.shares.values());
        // Between the question and the answer nobody else may have one.
        if (this.shares.size === 0 || !isCutByNight(budget)) return this.give(attempt, budget);
        if (turn === 1) onWait();
        await abortable(new Promise<void>((resolve) => (this.onGivenBack = resolve)), signal);
      }
    });
  }

  private give(attempt: AttemptRef, { tokens, costUsd, ...bounds }: Budget): GivenBudget {
    this.shares.set(attempt.token, { attempt, tokens, costUsd });
    const giveBack = (): void => {
      this.shares.delete(attempt.token);
      this.onGivenBack();
    };
    return { budget: { tokens, costUsd, ...bounds }, giveBack };
  }
}

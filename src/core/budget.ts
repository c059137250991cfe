import type { AttemptRef } from "./attempt.ts";
import { formatMoney, type Limits } from "./limits.ts";
import { findAttempt, type NightState } from "./night-state.ts";
import type { Policy } from "./policy.ts";
import { addSpending, NO_SPENDING, type Spending } from "./spending.ts";
import type { TaskId } from "./ids.ts";

/** Whose cap is the next to be reached. */
export type BudgetBound = "attempt" | "task" | "night";

/** What one attempt may still use of the model APIs, and whose cap that is. */
export interface Budget {
  readonly tokens: number;
  readonly tokensBound: BudgetBound;
  /** US dollars. */
  readonly costUsd: number;
  readonly costBound: BudgetBound;
}

/** What an attempt was given: until it has ended, what it has not used of it is left to nobody else. */
export interface Share extends Pick<Budget, "tokens" | "costUsd"> {
  readonly attempt: AttemptRef;
}

/**
 * The smallest of what the attempt, its task and the night may still use. Never below 0. Of the night it is what the others
 * that run cannot use any more: whatever all of them do, together they stay within it.
 */
export function budgetOf(options: {
  readonly state: NightState;
  readonly task: TaskId;
  readonly limits: Pick<Limits, "tokens" | "cost">;
  readonly policy: Pick<Policy, "budget">;
  /** Of the other attempts that run. */
  readonly others: Iterable<Share>;
}): Budget {
  const { state, limits } = options;
  const { taskTokens, taskCost, nightTokens, nightCost } = options.policy.budget;
  const task = spendingOfTask(state, options.task);
  const night = withShares(state, options.others);
  const [tokens, tokensBound] = smallest([
    [limits.tokens, "attempt"],
    [taskTokens - task.tokens, "task"],
    [nightTokens - night.tokens, "night"],
  ]);
  const [costUsd, costBound] = smallest([
    [limits.cost, "attempt"],
    [taskCost - task.costUsd, "task"],
    [nightCost - night.costUsd, "night"],
  ]);
  return { tokens, tokensBound, costUsd, costBound };
}

/** What the night has used, and what those that run may still use of their shares. */
function withShares(state: NightState, shares: Iterable<Share>): Pick<Spending, "tokens" | "costUsd"> {
  let { tokens, costUsd } = spendingOfNight(state);
  for (const share of shares) {
    const used = findAttempt(state, share.attempt)?.spending ?? NO_SPENDING;
    tokens += Math.max(0, share.tokens - used.tokens);
    costUsd += Math.max(0, share.costUsd - used.costUsd);
  }
  return { tokens, costUsd };
}

/** Whether there is less for an attempt than its own caps and its task's would allow, since others may use it. */
export function isCutByNight({ tokensBound, costBound }: Budget): boolean {
  return tokensBound === "night" || costBound === "night";
}

/** Whether the night leaves an attempt nothing at all. */
export function isNothingLeft({ tokens, tokensBound, costUsd, costBound }: Budget): boolean {
  return (tokensBound === "night" && tokens === 0) || (costBound === "night" && costUsd === 0);
}

/** What of the night's own caps is used up, in words; undefined: it may go on. */
export function nightBudgetReached(state: NightState, policy: Pick<Policy, "budget">): string | undefined {
  const { tokens, costUsd } = spendingOfNight(state);
  const { nightTokens, nightCost } = policy.budget;
  if (tokens >= nightTokens) return `${tokens} tokens of ${nightTokens} (budget.nightTokens)`;
  if (costUsd >= nightCost) return `${formatMoney(costUsd)} of ${formatMoney(nightCost)} (budget.nightCost)`;
  return undefined;
}

/** What of a task's own caps is used up, in words; undefined: it may be tried again. */
export function taskBudgetReached(
  state: NightState,
  task: TaskId,
  policy: Pick<Policy, "budget">,
): string | undefined {
  const { tokens, costUsd } = spendingOfTask(state, task);
  const { taskTokens, taskCost } = policy.budget;
  if (tokens >= taskTokens) return `${tokens} tokens of ${taskTokens} (budget.taskTokens)`;
  if (costUsd >= taskCost) return `${formatMoney(costUsd)} of ${formatMoney(taskCost)} (budget.taskCost)`;
  return undefined;
}

function spendingOfTask(state: NightState, task: TaskId): Spending {
  return addSpending((state.tasks.get(task)?.attempts ?? []).map(({ spending }) => spending));
}

/** With what the health checks of the night used. */
export function spendingOfNight(state: NightState): Spending {
  const tasks = [...state.tasks.values()].flatMap(({ attempts }) => attempts);
  return addSpending([state.otherSpending, ...tasks.map(({ spending }) => spending)]);
}

function smallest(caps: readonly [number, BudgetBound][]): [number, BudgetBound] {
  const [value, bound] = caps.reduce((least, cap) => (cap[0] < least[0] ? cap : least));
  return [Math.max(0, value), bound];
}

import { MAX_QUOTA_ATTEMPTS, type Outcome } from "./attempt.ts";
import type { NightState, TaskState } from "./night-state.ts";
import type { Policy } from "./policy.ts";
import { isWorthWaiting, usedQuota, type UsedQuota } from "./used-quota.ts";

/** The agent of a task's next attempt. */
export interface AgentChoice {
  /** undefined: all quotas are used up that it could use. */
  readonly agent: string | undefined;
  /** Agents before that one whose quota is worth waiting for. */
  readonly resets: readonly { readonly agent: string; readonly quota: UsedQuota }[];
  /** The quota that is reset first, where none is worth waiting for and there is no agent. */
  readonly usedUp: UsedQuota | undefined;
}

/**
 * The task's own agent, or the first of the policy's `agentFallback` whose quota is not known to be used up. That one
 * agent's quota was used up is no second time for another.
 */
export function chooseAgent(
  own: string,
  task: TaskState,
  state: NightState,
  context: {
    readonly policy: Pick<Policy, "agentFallback" | "quotaWait">;
    readonly endsAt: string | undefined;
  },
): AgentChoice {
  const resets: { agent: string; quota: UsedQuota }[] = [];
  const used: UsedQuota[] = [];
  for (const agent of [own, ...context.policy.agentFallback.filter((each) => each !== own)]) {
    const asked = task.attempts.filter((attempt) => attempt.agent === agent && isQuota(attempt.outcome));
    const last = asked.at(-1);
    const isThrough = asked.length >= MAX_QUOTA_ATTEMPTS;
    const known = state.quotas.get(agent);
    // It may have been reset since for others; this task is through with it.
    const found = isThrough && last?.outcome && usedQuota(task.id, last.outcome, last.finishedAt ?? "");
    const quota = known ?? (found || undefined);
    if (!quota) return { agent, resets, usedUp: undefined };
    used.push(quota);
    if (!isThrough && isWorthWaiting(quota, context)) resets.push({ agent, quota });
  }
  const [first] = used.toSorted((a, b) => Date.parse(a.until) - Date.parse(b.until));
  return { agent: undefined, resets, usedUp: resets.length > 0 ? undefined : first };
}

function isQuota(outcome: Outcome | undefined): boolean {
  return outcome?.kind === "failed" && outcome.cause === "quota";
}

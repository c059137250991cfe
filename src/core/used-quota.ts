import type { Outcome } from "./attempt.ts";
import { MINUTE_MS } from "./duration.ts";
import type { TaskId } from "./ids.ts";
import type { Policy } from "./policy.ts";

/** The quota of an agent, as an attempt has found it used up. */
export interface UsedQuota {
  /** Whose attempt found it. */
  readonly task: TaskId;
  /** When it did, ISO 8601. */
  readonly since: string;
  /** When it is worth trying again, ISO 8601. */
  readonly until: string;
  readonly detail: string;
}

/** How long to wait where the provider has not said it. */
const UNKNOWN_WAIT_MS = 5 * MINUTE_MS;

/** What the end of an attempt says about its agent's quota; undefined: nothing. */
export function usedQuota(task: TaskId, outcome: Outcome, endedAt: string): UsedQuota | undefined {
  if (outcome.kind === "landed" || outcome.cause !== "quota") return undefined;
  const endedMs = Date.parse(endedAt);
  const retryAtMs = outcome.retryAt === undefined ? NaN : Date.parse(outcome.retryAt);
  const untilMs = Number.isNaN(retryAtMs) ? endedMs + UNKNOWN_WAIT_MS : Math.max(retryAtMs, endedMs);
  const detail = `${outcome.reason}: ${outcome.detail}`;
  return { task, since: endedAt, until: new Date(untilMs).toISOString(), detail };
}

/** Whether the reset leaves time in the night. A night that would only wait is closed instead, and says when to go on. */
export function isWorthWaiting(
  { since, until }: UsedQuota,
  { policy, endsAt }: { readonly policy: Pick<Policy, "quotaWait">; readonly endsAt: string | undefined },
): boolean {
  const untilMs = Date.parse(until);
  const endsMs = endsAt === undefined ? Infinity : Date.parse(endsAt);
  return untilMs - Date.parse(since) <= policy.quotaWait && untilMs < endsMs;
}

import type { Cap } from "./cap.ts";
import type { AttemptId, ObjectId, TaskId } from "./ids.ts";
import type { Policy } from "./policy.ts";

/** Who or what an attempt ended for. It decides retry, breaker and night: see docs/failure-classes.md. */
export const CAUSES = ["task", "infra", "quota", "auth", "interrupted"] as const;
export type Cause = (typeof CAUSES)[number];

/** Why an attempt did not land, as one closed list: docs/failure-classes.md has a heading for each. */
export const FAILURE_REASONS = [
  "agent-failed",
  "agent-not-started",
  "no-change",
  "prepare-failed",
  "check-blocked",
  "verify-failed",
  "replay-failed",
  "conflict",
  "cap-wall-clock",
  "cap-first-output",
  "cap-verify-time",
  "cap-memory",
  "cap-pids",
  "cap-file-size",
  "cap-output",
  "cap-silence",
  "cap-disk",
  "cap-inodes",
  "cap-changed-files",
  "cap-changed-lines",
  "cap-tokens",
  "cap-cost",
  "cap-capture",
  "quota-exceeded",
  "api-overloaded",
  "login-refused",
  "api-failed",
  "gateway-failed",
  "sandbox-lost",
  "sandbox-refused",
  "host-memory",
  "engine-failed",
  "git-failed",
  "collector-failed",
  "stopped",
  "crashed",
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** How an attempt ended. `landed` is the only success: exit code 0 is not. */
export type Outcome =
  | { readonly kind: "landed"; readonly commit: ObjectId }
  | {
      readonly kind: "failed";
      readonly cause: Cause;
      readonly reason: FailureReason;
      readonly detail: string;
      /** For a quota: when it is worth trying again, ISO 8601, as far as the provider said. */
      readonly retryAt?: string | undefined;
      /** The cap that was reached. */
      readonly cap?: Cap | undefined;
    };

/**
 * One attempt's identity. The token is new for every attempt; capture, landing and delivery are refused when it is
 * no longer the task's current one, so that nothing of a worker that was given up can arrive late.
 */
export interface AttemptRef {
  readonly task: TaskId;
  readonly attempt: AttemptId;
  readonly token: string;
}

const CAUSE_OF: Readonly<Record<FailureReason, Cause>> = {
  "agent-failed": "task",
  "agent-not-started": "task",
  "no-change": "task",
  "prepare-failed": "task",
  "check-blocked": "task",
  "verify-failed": "task",
  "replay-failed": "task",
  conflict: "task",
  "cap-wall-clock": "task",
  "cap-first-output": "task",
  "cap-verify-time": "task",
  "cap-memory": "task",
  "cap-pids": "task",
  "cap-file-size": "task",
  "cap-output": "task",
  "cap-silence": "task",
  "cap-disk": "task",
  "cap-inodes": "task",
  "cap-changed-files": "task",
  "cap-changed-lines": "task",
  "cap-tokens": "task",
  "cap-cost": "task",
  "cap-capture": "task",
  "quota-exceeded": "quota",
  "api-overloaded": "quota",
  "login-refused": "auth",
  "api-failed": "infra",
  "gateway-failed": "infra",
  "sandbox-lost": "infra",
  "sandbox-refused": "infra",
  "host-memory": "infra",
  "engine-failed": "infra",
  "git-failed": "infra",
  "collector-failed": "infra",
  stopped: "interrupted",
  crashed: "interrupted",
};

export function failed(
  reason: FailureReason,
  detail: string,
  more: { readonly retryAt?: string; readonly cap?: Cap } = {},
): Outcome {
  return { kind: "failed", cause: CAUSE_OF[reason], reason, detail, ...more };
}

export function isCap(reason: FailureReason): boolean {
  return reason.startsWith("cap-");
}

export type AfterAttempt =
  | { readonly kind: "retry"; readonly afterProbe: boolean }
  | { readonly kind: "finish"; readonly result: "landed" | "failed" | "set-aside" | "carried-over" }
  /** Again, when the quota is reset, or with an agent that has another. */
  | { readonly kind: "wait" }
  /** For a quota: unless another agent may be asked. */
  | { readonly kind: "stop-night"; readonly end: "infra" | "auth" | "quota" };

/** So many attempts of a task may end so before it is decided otherwise. What the task itself causes is the policy's. */
const MAX_INFRA_ATTEMPTS = 2;
/** With the same agent. */
export const MAX_QUOTA_ATTEMPTS = 2;
const MAX_INTERRUPTIONS = 3;

/**
 * What follows an attempt, from all outcomes of the task so far, the last one included: tonight's, and of earlier nights
 * those that bear on tonight (what the task caused, and interruptions, since a task that is always interrupted must end
 * with a person some day). Where the last one is of a quota, those of other agents' quotas are left out.
 */
export function decideAfterAttempt(
  outcomes: readonly Outcome[],
  policy: Pick<Policy, "retries">,
): AfterAttempt {
  const last = outcomes.at(-1);
  if (!last) throw new RangeError("without an attempt there is nothing to decide");
  if (last.kind === "landed") return { kind: "finish", result: "landed" };
  const { length: count } = outcomes.filter((each) => each.kind === "failed" && each.cause === last.cause);
  switch (last.cause) {
    case "task":
      // A cap is never retried: the same work would cost the same again.
      if (isCap(last.reason) || count > policy.retries) return { kind: "finish", result: "failed" };
      return { kind: "retry", afterProbe: false };
    case "infra":
      if (count >= MAX_INFRA_ATTEMPTS) return { kind: "stop-night", end: "infra" };
      return { kind: "retry", afterProbe: true };
    case "auth":
      return { kind: "stop-night", end: "auth" };
    case "quota":
      return count >= MAX_QUOTA_ATTEMPTS ? { kind: "stop-night", end: "quota" } : { kind: "wait" };
    case "interrupted":
      return { kind: "finish", result: count >= MAX_INTERRUPTIONS ? "set-aside" : "carried-over" };
  }
}

import type { CheckPolicy } from "./check-policy.ts";
import { NO_GRANTS, type Grants } from "./grants.ts";

/** What the policy and the task say about the checks of one change. */
export interface CheckSettings extends CheckPolicy {
  readonly grants: Grants;
}

export function checkSettings(policy: CheckPolicy, grants: Grants = NO_GRANTS): CheckSettings {
  return { ...policy, grants };
}

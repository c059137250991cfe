import { refusalOf, type Claim } from "../core/admission.ts";
import { formatByteSize } from "../core/byte-size.ts";
import { taskLimits, type Limits } from "../core/limits.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import type { Task } from "../core/plan.ts";
import { agentOf, type Night } from "./night.ts";

/**
 * What an attempt's containers may use at one time: one sandbox, since verify begins when the agent's is gone; the
 * collector of its trees; and the gateway of an agent with a model, or of what installs dependencies. Claimed as a whole: who held a part and waited for
 * the rest could wait for one who does the same.
 */
export function memoryClaim(night: Night, task: Task, limits: Pick<Limits, "memory">, id: string): Claim {
  const { budgetBytes, collectorBytes, gatewayBytes } = night.deps.memory;
  const hasModel = agentOf(night, task).client !== undefined;
  const own = limits.memory + collectorBytes + (hasModel ? gatewayBytes : 0);
  if (!night.deps.preparation || !night.order.prepare?.has(task.repo)) return { id, bytes: own };
  // Before its agent and before verify, dependencies may have to be installed. That was done at the gate within no claim:
  // what is more than the budget is let in alone, and not refused.
  const installing = Math.max(limits.memory, night.order.limits.memory) + collectorBytes + gatewayBytes;
  return { id, bytes: Math.max(own, Math.min(installing, budgetBytes)) };
}

/** What a full verification's containers may use at one time, in the same way. */
export function checkpointClaim(night: Night, repo: string): Claim {
  const { budgetBytes, collectorBytes, gatewayBytes } = night.deps.memory;
  const installs = night.deps.preparation !== undefined && night.order.prepare?.has(repo) === true;
  const bytes = night.order.limits.memory + collectorBytes + (installs ? gatewayBytes : 0);
  // The baseline ran within no claim: what is more than the budget is let in alone, and not refused.
  return { id: `checkpoint-${repo}`, bytes: Math.min(bytes, budgetBytes) };
}

/** Refuses a night that has a task which the memory budget could never admit. */
export function refuseTooLarge(night: Night, tasks: readonly Task[]): void {
  const { limits, policy } = night.order;
  for (const task of tasks) {
    const own = taskLimits(limits, policy.taskCeilings, task.limits);
    const refusal = refusalOf(memoryClaim(night, task, own, task.id), night.deps.memory.budgetBytes);
    if (refusal === undefined) continue;
    throw new NightwardenError({
      code: "refused.memory",
      message: `task "${task.id}" can never start: ${refusal}`,
      hint: `Lower limits.memory (now ${formatByteSize(own.memory)}), or raise sandbox.memoryBudget in nightwarden.yaml.`,
    });
  }
}

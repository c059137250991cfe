import {
  CANARY_IDS,
  judgeCanary,
  promisedCanaries,
  type CanaryId,
  type CanaryResult,
} from "../../core/canary.ts";
import type { Limits } from "../../core/limits.ts";
import type { Isolation } from "../../core/policy.ts";
import { attackFromSandbox } from "./attack-from-sandbox.ts";
import type { ContainmentParts } from "./attack-place.ts";
import { controlOnHost } from "./control-on-host.ts";
import { DrillHost } from "./drill-host.ts";

const MIB = 1024 * 1024;
const MAX_MEMORY_BYTES = 256 * MIB;
/** Room for the shim, the attack and what it starts to ask, and soon full. */
const MAX_PIDS = 64;

/**
 * Asks every canary that the isolation promises once, in sandboxes as an attempt has them, and each canary's control
 * beside it, as a plain process of this host. Leaves nothing. Throws a NightwardenError where no sandbox starts, and the signal's reason.
 */
export async function runCanaries(options: {
  readonly parts: ContainmentParts;
  readonly isolation: Isolation;
  /** The image's id. */
  readonly image: string;
  /** The attempt's caps. Those on memory and processes are lowered, so that they are soon reached. */
  readonly limits: Limits;
  /** The Node of the place where agents run. Absent: ours, which is in every image. */
  readonly node?: string;
  readonly signal: AbortSignal;
}): Promise<CanaryResult[]> {
  const { parts, isolation, signal } = options;
  const limits = {
    ...options.limits,
    memory: Math.min(options.limits.memory, MAX_MEMORY_BYTES),
    pids: Math.min(options.limits.pids, MAX_PIDS),
  };
  const canaries: readonly CanaryId[] = promisedCanaries(isolation);
  const host = await DrillHost.open(parts.newToken());
  try {
    // Both are waited for: whatever becomes of one, the other must have ended before the host's part goes.
    const [attack, control] = await Promise.allSettled([
      attackFromSandbox({ ...options, host, canaries, limits }),
      controlOnHost({ host, canaries, limits, signal }),
    ]);
    signal.throwIfAborted();
    if (attack.status === "rejected") throw attack.reason;
    // A control that could not be run has shown nothing; what its canaries are worth is judged.
    const controls = control.status === "fulfilled" ? control.value : new Map<CanaryId, never>();
    return CANARY_IDS.map((canary) =>
      canaries.includes(canary)
        ? judgeCanary(canary, { attack: attack.value.get(canary), control: controls.get(canary) })
        : { canary, verdict: "not-promised", detail: "" },
    );
  } finally {
    await host.close();
  }
}

import { failedCanaries } from "../core/canary.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import { demotionAlert, demotionInWords } from "../core/phase-state.ts";
import type { Task } from "../core/plan.ts";
import { containmentDrill } from "./containment-drill.ts";
import type { Night } from "./night.ts";

/**
 * Shows that the sandboxes hold, tonight and here, by attacks with a control each. Throws `refused.containment` where one
 * succeeded, and where it could not be told twice.
 */
export async function checkContainment(night: Night, tasks: readonly Task[]): Promise<void> {
  const { deps, order, record, stop } = night;
  // Every sandbox is made in the same way; images differ in what they hold.
  const repository = tasks[0]?.repo;
  if (repository === undefined) return;
  const { drill, demotion } = await containmentDrill({
    journals: deps.journals,
    runCanaries: async () => await deps.runCanaries({ repository, signal: stop }),
    phase: order.phase,
    versions: order.versions,
    monotonicMs: () => deps.clock.monotonicMs(),
    onAgain: (first) => order.onProgress(`containment: asking once more: ${failedCanaries(first)}`),
  });
  await record.record({ type: "drill.finished", data: drill });
  if (demotion) {
    await record.record({ type: "phase.demoted", data: demotion });
    await record.record({ type: "alert.raised", data: demotionAlert(demotion) });
  }
  if (drill.verdict === "held") return;
  const what =
    drill.verdict === "survived"
      ? "an attack on the sandbox succeeded"
      : "whether the sandbox holds could not be shown, twice";
  const lost = demotion ? `; ${demotionInWords(demotion)}` : "";
  throw new NightwardenError({
    code: "refused.containment",
    message: demotion ? `${what}${lost}` : `${what}: ${failedCanaries(drill.canaries)}`,
    hint: "No agent was started. nightwarden drill containment asks again; docs/containment.md says what each canary means.",
  });
}

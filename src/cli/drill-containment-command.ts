import { canariesOf } from "../compose/canaries.ts";
import { composeCheck } from "../compose/check.ts";
import { toolVersions } from "../compose/engine.ts";
import { openBackEnd } from "../compose/sandboxes.ts";
import { clock, lockWorkspace, openJournals } from "../compose/workspace.ts";
import { failedCanaries } from "../core/canary.ts";
import type { EventData } from "../core/event.ts";
import { safeLine } from "../core/safe-text.ts";
import { containmentDrill } from "../night/containment-drill.ts";
import { renderDrillText } from "../report/render-drill-text.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-codes.ts";
import { openWorkspace } from "./open-workspace.ts";
import { refuseOtherPhase } from "./refuse-other-phase.ts";
import { listenForStop } from "./stop-signals.ts";

/** `nightwarden drill containment`: the attacks that every night's gate begins with, and nothing else. */
export async function drillContainmentCommand(
  context: CommandContext,
  options: { readonly json?: true },
): Promise<number> {
  const { terminal, version } = context;
  const workspace = await openWorkspace(context.workspaceDir);
  const { config, policy } = workspace;
  const progress = (line: string): void => terminal.progress(`${safeLine(line)}\n`);
  const lock = await lockWorkspace(config.workspaceDir, "nightwarden drill containment");
  const stop = listenForStop({ progress, maxMs: undefined });
  try {
    await refuseOtherPhase(workspace);
    const backEnd = await openBackEnd(workspace);
    const machinery = await composeCheck({
      backEnd,
      workspaceDir: config.workspaceDir,
      onProgress: progress,
    });
    stop.onForce(async () => await machinery.close());
    try {
      const runCanaries = canariesOf({
        workspace,
        images: backEnd.images,
        parts: machinery,
        isolation: backEnd.isolation,
        onProgress: progress,
      });
      const repository = workspace.plan.tasks[0]?.repo ?? config.repositories[0]?.name ?? "";
      progress(`attacking a sandbox of ${repository} …`);
      const { drill, demotion } = await containmentDrill({
        journals: openJournals(config.workspaceDir, version),
        runCanaries: async () => await runCanaries({ repository, signal: stop.signal }),
        phase: policy.phase,
        versions: await toolVersions(version, backEnd.engine),
        monotonicMs: () => clock.monotonicMs(),
        onAgain: (first) => progress(`asking once more: ${failedCanaries(first)}`),
      });
      terminal.data(
        options.json
          ? `${JSON.stringify(asJson(drill, demotion))}\n`
          : renderDrillText({ drill, demotion }, terminal),
      );
      return drill.verdict === "held" ? EXIT.done : EXIT.refused;
    } finally {
      await machinery.close();
    }
  } catch (error) {
    if (stop.signal.aborted && error === stop.signal.reason) return EXIT.interrupted;
    throw error;
  } finally {
    stop.dispose();
    await lock.release();
  }
}

/** See docs/json.md. */
function asJson(
  drill: EventData<"drill.finished">,
  demotion: EventData<"phase.demoted"> | undefined,
): object {
  return {
    version: 1,
    ok: drill.verdict === "held",
    ...drill,
    canaries: drill.canaries.map(({ canary, verdict, detail }) => ({
      canary,
      verdict,
      detail: safeLine(detail, MAX_DETAIL_CHARS),
    })),
    demotion: demotion ? { ...demotion, why: safeLine(demotion.why, MAX_DETAIL_CHARS) } : null,
  };
}

const MAX_DETAIL_CHARS = 2000;

import { holdDockerTrial } from "../compose/docker-trial.ts";
import { clock, lockWorkspace, openJournals } from "../compose/workspace.ts";
import { judgeDockerTrial } from "../core/docker-trial.ts";
import { safeLine } from "../core/safe-text.ts";
import { recordDrill } from "../night/record-drill.ts";
import { renderGuardDrillsText } from "../report/render-guard-drills-text.ts";
import type { CommandContext } from "./command-context.ts";
import { drillJson } from "./drill-json.ts";
import { EXIT } from "./exit-codes.ts";
import { openWorkspace } from "./open-workspace.ts";
import { refuseOtherPhase } from "./refuse-other-phase.ts";
import { listenForStop } from "./stop-signals.ts";

/** `nightwarden drill docker`: whether attempts of this workspace can run in containers here; a no is a verdict, too. */
export async function drillDockerCommand(
  context: CommandContext,
  options: { readonly json?: true },
): Promise<number> {
  const { terminal, version } = context;
  const workspace = await openWorkspace(context.workspaceDir);
  const { workspaceDir } = workspace.config;
  const progress = (line: string): void => terminal.progress(`${safeLine(line)}\n`);
  const lock = await lockWorkspace(workspaceDir, "nightwarden drill docker");
  const stop = listenForStop({ progress, maxMs: undefined });
  try {
    await refuseOtherPhase(workspace);
    const startedMs = clock.monotonicMs();
    const { image, versions, ...facts } = await holdDockerTrial({
      workspace,
      version,
      onProgress: progress,
      onLine: (line) => terminal.progress(`  ${safeLine(line)}\n`),
      signal: stop.signal,
    });
    const last = facts.events.at(-1);
    const recorded = await recordDrill({
      journals: openJournals(workspaceDir, version),
      drill: {
        drill: "docker",
        runs: 1,
        isolation: "docker",
        image,
        versions,
        durationMs: Math.round(clock.monotonicMs() - startedMs),
        canaries: [],
        ...judgeDockerTrial(facts),
        ...(last?.night ? { of: { night: last.night, hash: last.hash } } : {}),
      },
      // A trial never survives: it attacks nothing.
      phase: workspace.policy.phase,
      why: "",
    });
    const { trial } = recorded.drill;
    terminal.data(
      options.json
        ? `${JSON.stringify({ version: 1, ok: trial !== undefined, ...drillJson(recorded) })}\n`
        : renderGuardDrillsText([recorded], terminal),
    );
    return trial === undefined ? EXIT.refused : EXIT.done;
  } catch (error) {
    if (stop.signal.aborted && error === stop.signal.reason) return EXIT.interrupted;
    throw error;
  } finally {
    stop.dispose();
    await lock.release();
  }
}

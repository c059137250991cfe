import { toolVersions } from "../compose/engine.ts";
import { categoryOfRule, runDrillNight, scratchSettings } from "../compose/guard-drills.ts";
import { openBackEnd } from "../compose/sandboxes.ts";
import { clock, lockWorkspace, openJournals } from "../compose/workspace.ts";
import { GUARD_DRILL_IDS, GUARD_DRILLS, type GuardDrillId } from "../core/guard-drills.ts";
import { safeLine } from "../core/safe-text.ts";
import { guardDrill } from "../night/guard-drill.ts";
import type { RecordedDrill } from "../night/record-drill.ts";
import { renderGuardDrillsText } from "../report/render-guard-drills-text.ts";
import type { CommandContext } from "./command-context.ts";
import { drillJson } from "./drill-json.ts";
import { EXIT } from "./exit-codes.ts";
import { openWorkspace } from "./open-workspace.ts";
import { refuseOtherPhase } from "./refuse-other-phase.ts";
import { listenForStop } from "./stop-signals.ts";

interface DrillOptions {
  readonly json?: true;
}

/** `nightwarden drill all`: every drill that runs a night of its own, one after the other. */
export async function drillAllCommand(context: CommandContext, options: DrillOptions): Promise<number> {
  return await runDrills(context, GUARD_DRILL_IDS, (results) =>
    options.json
      ? `${JSON.stringify({ version: 1, ok: results.every(hasHeld), drills: results.map(drillJson) })}\n`
      : renderGuardDrillsText(results, context.terminal),
  );
}

/** `nightwarden drill NAME` of such a drill. */
export async function drillGuardCommand(
  context: CommandContext,
  id: GuardDrillId,
  options: DrillOptions,
): Promise<number> {
  return await runDrills(context, [id], ([result]) => {
    if (!result) throw new TypeError(`the drill ${id} gave no result`);
    return options.json
      ? `${JSON.stringify({ version: 1, ok: hasHeld(result), ...drillJson(result) })}\n`
      : renderGuardDrillsText([result], context.terminal);
  });
}

async function runDrills(
  { terminal, version, workspaceDir }: CommandContext,
  ids: readonly GuardDrillId[],
  render: (results: readonly RecordedDrill[]) => string,
): Promise<number> {
  const workspace = await openWorkspace(workspaceDir);
  const { config } = workspace;
  const progress = (line: string): void => terminal.progress(`${safeLine(line)}\n`);
  const lock = await lockWorkspace(config.workspaceDir, `nightwarden drill ${ids.join(", ")}`);
  const stop = listenForStop({ progress, maxMs: undefined });
  try {
    await refuseOtherPhase(workspace);
    const backEnd = await openBackEnd(workspace);
    const settings = scratchSettings(workspace, backEnd.isolation);
    const versions = await toolVersions(version, backEnd.engine);
    const results: RecordedDrill[] = [];
    for (const id of ids) {
      const drill = GUARD_DRILLS[id];
      progress(`${id}: ${drill.question}`);
      const onLine = (line: string): void => terminal.progress(`  ${safeLine(line)}\n`);
      const result = await guardDrill({
        drill,
        journals: openJournals(config.workspaceDir, version),
        runNight: async () => await runDrillNight({ drill, settings, version, onLine, signal: stop.signal }),
        categoryOf: categoryOfRule,
        isolation: backEnd.isolation,
        policyHash: workspace.policyHash,
        versions,
        monotonicMs: () => clock.monotonicMs(),
        onAgain: (what) => progress(`${id}: once more, since it showed nothing: ${what}`),
      });
      progress(`${id}: ${result.drill.verdict}`);
      results.push(result);
    }
    terminal.data(render(results));
    return results.every(hasHeld) ? EXIT.done : EXIT.refused;
  } catch (error) {
    if (stop.signal.aborted && error === stop.signal.reason) return EXIT.interrupted;
    throw error;
  } finally {
    stop.dispose();
    await lock.release();
  }
}

function hasHeld({ drill }: RecordedDrill): boolean {
  return drill.verdict === "held";
}

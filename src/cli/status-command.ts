import { clock, openJournals, readLock } from "../compose/workspace.ts";
import { phaseState } from "../core/phase-state.ts";
import { queueState } from "../core/queue.ts";
import { statusOf } from "../core/status.ts";
import { readHistory } from "../night/history.ts";
import { renderStatusText } from "../report/render-status-text.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-codes.ts";
import { openWorkspace } from "./open-workspace.ts";

/** `nightwarden status`: what runs now, and where each task of the plan stands. Reads only. */
export async function statusCommand(
  context: CommandContext,
  options: { readonly json?: true },
): Promise<number> {
  const { config, plan } = await openWorkspace(context.workspaceDir);
  const history = await readHistory(openJournals(config.workspaceDir, context.version));
  const queue = queueState(history.nights, history.workspace);
  const owner = await readLock(config.workspaceDir);
  const status = statusOf({
    night: history.nights.at(-1),
    owner,
    plan,
    queue,
    phase: phaseState(history.workspace),
    now: clock.now(),
  });
  const { terminal } = context;
  terminal.data(options.json ? `${JSON.stringify(status)}\n` : renderStatusText(status, terminal));
  return EXIT.done;
}

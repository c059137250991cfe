import { clock, openJournals, readLock } from "../compose/workspace.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import { replay } from "../core/night-state.ts";
import { phaseState } from "../core/phase-state.ts";
import { queueState } from "../core/queue.ts";
import { statusOf } from "../core/status.ts";
import { readJournals } from "../night/read-journals.ts";
import { renderStatusText } from "../report/render-status-text.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-codes.ts";
import { gateOfWorkspace } from "./gate-of-workspace.ts";
import { openWorkspace } from "./open-workspace.ts";

/** `nightwarden status`: what runs now, and where each task of the plan stands. Reads only. */
export async function statusCommand(
  context: CommandContext,
  options: { readonly json?: true },
): Promise<number> {
  const workspace = await openWorkspace(context.workspaceDir);
  const { config, plan } = workspace;
  const journals = await readJournals(openJournals(config.workspaceDir, context.version));
  const [unread] = journals.unread;
  // What stands in it about tasks is not known: to go on would be to guess.
  if (unread) throw new NightwardenError({ code: "refused.journal", message: unread.message });
  const nights = journals.nights.flatMap((events) => {
    const night = events[0]?.night;
    return night ? [replay(night, events)] : [];
  });
  const queue = queueState(nights, journals.workspace);
  const owner = await readLock(config.workspaceDir);
  const status = statusOf({
    night: nights.at(-1),
    owner,
    plan,
    queue,
    phase: phaseState(journals.workspace),
    gate: gateOfWorkspace(workspace, journals),
    now: clock.now(),
  });
  const { terminal } = context;
  terminal.data(options.json ? `${JSON.stringify(status)}\n` : renderStatusText(status, terminal));
  return EXIT.done;
}

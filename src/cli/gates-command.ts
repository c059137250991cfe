import { openJournals } from "../compose/workspace.ts";
import { readJournals } from "../night/read-journals.ts";
import { renderGatesText } from "../report/render-gates-text.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-codes.ts";
import { gateOfWorkspace } from "./gate-of-workspace.ts";
import { openWorkspace } from "./open-workspace.ts";

/** `nightwarden gates`: what stands between the workspace and its next phase. Reads only. */
export async function gatesCommand(
  { terminal, workspaceDir, version }: CommandContext,
  options: { readonly json?: true },
): Promise<number> {
  const workspace = await openWorkspace(workspaceDir);
  const gate = gateOfWorkspace(
    workspace,
    await readJournals(openJournals(workspace.config.workspaceDir, version)),
  );
  terminal.data(options.json ? `${JSON.stringify(gate)}\n` : renderGatesText(gate, terminal));
  return gate.ok ? EXIT.done : EXIT.unfinished;
}

import { readPhase } from "../compose/workspace.ts";
import type { LoadedWorkspace } from "../config/load-config.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";

/**
 * Throws `refused.phase` where the workspace has been promoted or demoted since it was loaded. For commands that load it before
 * they have its lock: from then on nobody else can.
 */
export async function refuseOtherPhase({
  config,
  policy,
}: Pick<LoadedWorkspace, "config" | "policy">): Promise<void> {
  const phase = await readPhase(config.workspaceDir);
  if (phase === policy.phase) return;
  throw new NightwardenError({
    code: "refused.phase",
    message: `the workspace went from phase ${policy.phase} to ${phase} while the command began`,
    hint: "Start it again: it then has that phase's policy.",
  });
}

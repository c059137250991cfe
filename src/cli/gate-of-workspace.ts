import type { LoadedWorkspace } from "../config/load-config.ts";
import { workspaceGate, type WorkspaceGate } from "../core/workspace-gate.ts";
import type { Journals } from "../night/read-journals.ts";

/** The gate of a loaded workspace, from its journals. */
export function gateOfWorkspace(workspace: LoadedWorkspace, journals: Journals): WorkspaceGate {
  const { policy, policyHash, loosened, reason, config } = workspace;
  return workspaceGate({
    ...journals,
    policy,
    policyHash,
    loosened,
    loosenedReason: reason,
    repositories: config.repositories.map(({ name }) => name),
  });
}

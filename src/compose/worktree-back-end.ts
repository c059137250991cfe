import { join } from "node:path";
import type { LoadedWorkspace } from "../config/load-config.ts";
import { programOf } from "../core/command-program.ts";
import { HostClients } from "../images/host-clients.ts";
import { HostToolchain } from "../sandbox/worktree/host-toolchain.ts";
import { sweepWorktrees } from "../sandbox/worktree/sweep-worktrees.ts";
import { WorktreeGateways } from "../sandbox/worktree/worktree-gateways.ts";
import { worktreeOwners, WorktreeResidue } from "../sandbox/worktree/worktree-residue.ts";
import { ensureWorktreeRoot, worktreeRoots } from "../sandbox/worktree/worktree-roots.ts";
import { WorktreeSandboxes } from "../sandbox/worktree/worktree-sandbox.ts";
import { WorktreeTrees } from "../sandbox/worktree/worktree-trees.ts";
import type { BackEnd } from "./back-end.ts";
import { deadOwners } from "./check-owners.ts";
import { cacheDir, clientsOf, PACKAGE_DIR, secretVariables, usedAgents } from "./engine.ts";
import { clock, digest, stateDirOf } from "./workspace.ts";

/** Plain processes of whoever runs Nightwarden, each with a folder, a HOME and an environment of its own. */
export function openWorktree(workspace: LoadedWorkspace): BackEnd {
  const { config, plan } = workspace;
  const agents = usedAgents(workspace);
  const clients = new HostClients({
    cacheDir: cacheDir(),
    packageDir: PACKAGE_DIR,
    withheld: secretVariables(config),
    clients: clientsOf(agents),
  });
  const commands = [
    ...config.repositories.flatMap(({ verify, fullVerify }) => [...verify, ...fullVerify]),
    ...plan.tasks.flatMap(({ verify }) => verify),
  ];
  const images = new HostToolchain({
    programs: [
      ...commands.flatMap((command) => programOf(command) ?? []),
      ...agents.flatMap((agent) => (agent.kind === "command" ? (agent.command[0] ?? []) : [])),
    ],
    ensureClients: async (onProgress) => await clients.ensure(onProgress),
  });
  const place = worktreePlace(config.workspaceDir);
  const roots = worktreeRoots(place);
  const programs = join(PACKAGE_DIR, "dist");
  return {
    isolation: "worktree",
    engine: undefined,
    images,
    missingProgram: {
      where: "on this machine",
      hint: "install it, or name its folder in the command: PATH=$PATH:/its/folder",
    },
    ensureOwnImage: async () => await Promise.resolve(undefined),
    clientProgram: (name) => clients.programOf(name),
    open: async ({ owner }) => {
      const root = await ensureWorktreeRoot(place);
      const trees = new WorktreeTrees({ root, owner, programs });
      return {
        trees,
        gateways: new WorktreeGateways({ owner, programs }),
        sandboxes: new WorktreeSandboxes({ trees, clock, owner, programs }),
      };
    },
    residue: (owner) => worktreeResidue(config.workspaceDir, owner),
    ownersOf: async (prefix) => await worktreeOwners(roots, prefix),
    sweep: async (owners) => void (await sweepWorktrees({ owners, roots })),
    probe: async () => void (await ensureWorktreeRoot(place)),
  };
}

/** What worktree sandboxes of a workspace have left: asked in every night, whatever its sandboxes are now. */
export function worktreeResidue(workspaceDir: string, owner: string): WorktreeResidue {
  const roots = worktreeRoots(worktreePlace(workspaceDir));
  const owners = async (prefix: string): Promise<string[]> => await worktreeOwners(roots, prefix);
  return new WorktreeResidue({
    owner,
    roots,
    otherOwners: async () => await deadOwners(workspaceDir, owners),
  });
}

function worktreePlace(workspaceDir: string): Parameters<typeof worktreeRoots>[0] {
  return { stateDir: stateDirOf(workspaceDir), cacheDir: cacheDir(), key: digest(workspaceDir).slice(0, 16) };
}

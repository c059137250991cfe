import type { LoadedWorkspace } from "../config/load-config.ts";
import type { JournalStore } from "../contracts/journal.ts";
import { createOutputFiles } from "../journal/output-files.ts";
import type { Redaction } from "../journal/redaction.ts";
import type { NightDeps } from "../night/deps.ts";
import { agentsOf, readModelAccess } from "./agents.ts";
import { canariesOf } from "./canaries.ts";
import type { EngineParts } from "./engine.ts";
import { probesOfNight } from "./probes.ts";
import { readRegistryAccess } from "./registries.ts";
import { openRepositories } from "./repositories.ts";
import { allResidue } from "./residue.ts";
import { openSandboxes } from "./sandboxes.ts";
import { clock, digest, newToken, stateDirOf, workspaceIdOf } from "./workspace.ts";

/** What one night is made of. */
export async function composeNight(options: {
  readonly workspace: LoadedWorkspace;
  readonly journals: JournalStore;
  readonly parts: EngineParts;
  /** The journals' own. */
  readonly redaction: Redaction;
  readonly onProgress: (line: string) => void;
  /** Called with a command that a health check has left: somebody may be signing in with it. Absent: nobody waits for it. */
  readonly onSignIn?: (work: Promise<unknown>) => void;
}): Promise<NightDeps> {
  const { journals, parts, redaction, onProgress, workspace } = options;
  const { config } = workspace;
  const { docker } = parts.engine;
  const workspaceId = await workspaceIdOf(journals);
  const containers = await openSandboxes({ parts, workspace: workspaceId, onProgress });
  return {
    clock,
    journals,
    ...containers,
    images: parts.images,
    outputs: createOutputFiles({ stateDir: stateDirOf(config.workspaceDir), clock, redaction }),
    repositories: await openRepositories(config),
    agents: agentsOf(config),
    modelAccess: async (agent, stop) => await readModelAccess({ config, agent, redaction, stop }),
    preparation: {
      dependencies: containers.dependencies,
      registries: { open: async (request) => await containers.gateways.openRegistry(request) },
      access: async (stop) => await readRegistryAccess({ config, redaction, stop }),
    },
    runProbes: probesOfNight({
      workspace,
      journals,
      redaction,
      engine: parts,
      machinery: { ...containers, images: parts.images, newToken },
      onProgress,
      onSignIn: options.onSignIn ?? (() => undefined),
    }),
    runCanaries: canariesOf({
      workspace,
      images: parts.images,
      parts: { ...containers, newToken },
      isolation: "docker",
      onProgress,
    }),
    residue: await allResidue({
      workspaceDir: config.workspaceDir,
      workspaceId,
      repositories: config.repositories.map(({ name }) => name),
      engine: async () => await Promise.resolve(parts),
    }),
    releaseShared: async () => {
      // What is shared by all gateways of this process is no leftover; where one still uses it, it is.
      await containers.gateways.close().catch(() => undefined);
    },
    probe: async () => {
      await docker.ping();
    },
    newToken,
    digest,
    random: Math.random,
  };
}

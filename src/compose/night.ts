import type { LoadedWorkspace } from "../config/load-config.ts";
import type { JournalStore } from "../contracts/journal.ts";
import { Inspector } from "../checks/inspector.ts";
import { createOutputFiles } from "../journal/output-files.ts";
import type { Redaction } from "../journal/redaction.ts";
import type { NightDeps } from "../night/deps.ts";
import { agentsOf, readModelAccess } from "./agents.ts";
import type { BackEnd } from "./back-end.ts";
import { openCleaner } from "./cleaner.ts";
import { canariesOf } from "./canaries.ts";
import { probesOfNight } from "./probes.ts";
import { readRegistryAccess } from "./registries.ts";
import { openRepositories } from "./repositories.ts";
import { allResidue } from "./residue.ts";
import { memoryBudget } from "./memory-budget.ts";
import { clock, digest, newToken, stateDirOf, workspaceIdOf } from "./workspace.ts";

/** What one night is made of. */
export async function composeNight(options: {
  readonly workspace: LoadedWorkspace;
  readonly journals: JournalStore;
  readonly backEnd: BackEnd;
  /** The journals' own. */
  readonly redaction: Redaction;
  readonly onProgress: (line: string) => void;
  /** Called with a command that a health check has left: somebody may be signing in with it. Absent: nobody waits for it. */
  readonly onSignIn?: (work: Promise<unknown>) => void;
}): Promise<NightDeps> {
  const { journals, backEnd, redaction, onProgress, workspace } = options;
  const { config } = workspace;
  const workspaceId = await workspaceIdOf(journals);
  const { installation, ...containers } = await backEnd.open({ owner: workspaceId, onProgress });
  const checks = new Inspector();
  return {
    clock,
    journals,
    ...containers,
    images: backEnd.images,
    outputs: createOutputFiles({ stateDir: stateDirOf(config.workspaceDir), clock, redaction }),
    repositories: await openRepositories(config),
    checks,
    agents: agentsOf(config, backEnd),
    modelAccess: async (agent, stop) => await readModelAccess({ config, agent, redaction, stop }),
    ...(installation
      ? {
          preparation: {
            ...installation,
            access: async (stop: AbortSignal) => await readRegistryAccess({ config, redaction, stop }),
          },
        }
      : {}),
    runProbes: probesOfNight({
      workspace,
      journals,
      redaction,
      backEnd,
      machinery: { ...containers, images: backEnd.images, newToken },
      onProgress,
      onSignIn: options.onSignIn ?? (() => undefined),
    }),
    runCanaries: canariesOf({
      workspace,
      images: backEnd.images,
      parts: { ...containers, newToken },
      isolation: backEnd.isolation,
      onProgress,
    }),
    memory: await memoryBudget(backEnd, config),
    residue: await allResidue({
      workspaceDir: config.workspaceDir,
      workspaceId,
      repositories: config.repositories.map(({ name }) => name),
      backEnd: async () => await Promise.resolve(backEnd),
    }),
    cleaner: await openCleaner(config),
    releaseShared: async () => {
      checks.close();
      // What is shared by all gateways of this process is no leftover; where one still uses it, it is.
      await containers.gateways.close().catch(() => undefined);
    },
    probe: async () => await backEnd.probe(),
    newToken,
    digest,
    random: Math.random,
  };
}

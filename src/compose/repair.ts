import type { LoadedWorkspace } from "../config/load-config.ts";
import type { JournalStore } from "../contracts/journal.ts";
import type { ResiduePlace } from "../contracts/residue.ts";
import type { Cleaner } from "../night/clean-old.ts";
import { openCleaner } from "./cleaner.ts";
import { allResidue } from "./residue.ts";
import { openBackEnd } from "./sandboxes.ts";
import { clock, openJournals, workspaceIdOf } from "./workspace.ts";

/**
 * Everywhere where a repair looks. An engine that cannot be found is a place that does not answer: the rest is repaired
 * all the same.
 */
export async function composeRepair(options: {
  readonly workspace: LoadedWorkspace;
  readonly version: string;
}): Promise<{
  readonly journals: JournalStore;
  readonly places: readonly ResiduePlace[];
  readonly cleaner: Cleaner & { readonly now: () => Date };
}> {
  const { workspace, version } = options;
  const { workspaceDir, repositories } = workspace.config;
  const journals = openJournals(workspaceDir, version);
  const workspaceId = await workspaceIdOf(journals);
  const places = await allResidue({
    workspaceDir,
    workspaceId,
    repositories: repositories.map(({ name }) => name),
    backEnd: async () => await openBackEnd(workspace),
  });
  const cleaner = await openCleaner(workspace.config);
  return { journals, places, cleaner: { ...cleaner, now: () => clock.now() } };
}

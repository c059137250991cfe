import { openJournals } from "./workspace.ts";

/** The names of all sets of dependencies that the workspace's journals call finished, whatever became of them. Only reads. */
export async function finishedSets(workspaceDir: string): Promise<Set<string>> {
  const journals = openJournals(workspaceDir, "");
  const sets = new Set<string>();
  for (const night of await journals.nights()) {
    for (const { type, data } of (await journals.read(night)).events)
      if (type === "prepare.finished" && data.set !== null) sets.add(data.set);
  }
  return sets;
}

import { openJournals } from "./workspace.ts";

/** The tokens of all attempts, baselines among them, that the workspace's journals know. Only reads. */
export async function attemptTokens(workspaceDir: string): Promise<Set<string>> {
  const journals = openJournals(workspaceDir, "");
  const tokens = new Set<string>();
  for (const night of await journals.nights()) {
    for (const { data } of (await journals.read(night)).events) if ("token" in data) tokens.add(data.token);
  }
  return tokens;
}

import type { LoadedWorkspace } from "../config/load-config.ts";
import type { JournalStore } from "../contracts/journal.ts";
import { leaksOf } from "../core/account.ts";
import type { judgeLeaks } from "../core/judge-leaks.ts";
import { leakInWords, unrepairedLeak } from "../core/unrepaired-leak.ts";
import { readHistory } from "../night/history.ts";
import { tokensOfLanded } from "../night/night-account.ts";
import { takeAccount } from "../night/take-account.ts";
import type { BackEnd } from "./back-end.ts";
import { allResidue } from "./residue.ts";
import { readLock } from "./workspace.ts";

/** What is left of earlier nights now. Changes nothing, and counts nothing while a night works. */
export async function leftNow(options: {
  readonly workspace: LoadedWorkspace;
  readonly journals: JournalStore;
  /** Rejects where there is no engine. */
  readonly backEnd: () => Promise<BackEnd>;
}): Promise<Parameters<typeof judgeLeaks>[0]> {
  const { workspace, journals, backEnd } = options;
  const { workspaceDir, repositories } = workspace.config;
  const history = await readHistory(journals);
  const leak = unrepairedLeak(history)?.leak;
  const unrepaired = leak && leakInWords(leak);
  const workspaceId = history.workspace[0]?.workspace;
  // Without a first event nothing has ever run here.
  if (workspaceId === undefined) return { unrepaired, now: { leaks: [], unknown: [] } };
  if (await readLock(workspaceDir)) return { unrepaired, now: undefined };
  const names = repositories.map(({ name }) => name);
  const places = await allResidue({ workspaceDir, workspaceId, repositories: names, backEnd });
  const account = await takeAccount(places, { kind: "workspace" });
  const landed = tokensOfLanded(history.nights);
  const leaks = leaksOf(account, { landed, running: new Set(), isInUse: false });
  return { unrepaired, now: { leaks, unknown: account.unknown } };
}

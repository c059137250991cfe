import type { ResiduePlace } from "../contracts/residue.ts";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import { UnfinishedSets } from "../sandbox/unfinished-sets.ts";
import { HostResidue } from "../sandbox/user/host-residue.ts";
import { attemptTokens } from "./attempt-tokens.ts";
import { findGit } from "../git/find-git.ts";
import { shadowNames, ShadowResidue } from "../git/shadow-residue.ts";
import { StateResidue } from "../schedule/state-residue.ts";
import type { BackEnd } from "./back-end.ts";
import { finishedSets } from "./finished-sets.ts";
import { loopResidue } from "./tree-bound.ts";
import { worktreeResidue } from "./worktree-back-end.ts";
import { clock, stateDirOf } from "./workspace.ts";

/**
 * Everywhere where something of a workspace can stand: the back ends, the shadows, the state folder. A back end that
 * cannot be had is a place that does not answer: the others are asked all the same.
 */
export async function allResidue(options: {
  readonly workspaceDir: string;
  /** Marks what is in a back end. */
  readonly workspaceId: string;
  /** By name. Whatever else has a shadow in the state folder is looked at, too. */
  readonly repositories: readonly string[];
  /** Rejects where there is none. */
  readonly backEnd: () => Promise<BackEnd>;
}): Promise<ResiduePlace[]> {
  const { workspaceDir, repositories } = options;
  const stateDir = stateDirOf(workspaceDir);
  const program = await findGit();
  const shadows = new Set([...repositories, ...(await shadowNames(stateDir))]);
  return [
    ...(await backEndResidue(options)),
    loopResidue(workspaceDir),
    ...[...shadows].map((repo) => new ShadowResidue({ program, repo, stateDir })),
    new StateResidue({ stateDir, now: () => clock.now() }),
    new HostResidue({ tokens: async () => await attemptTokens(workspaceDir) }),
  ];
}

async function backEndResidue(options: {
  readonly workspaceDir: string;
  readonly workspaceId: string;
  readonly backEnd: () => Promise<BackEnd>;
}): Promise<ResiduePlace[]> {
  const { workspaceDir, workspaceId } = options;
  // Also where sandboxes are others now: its processes go on by themselves.
  const worktree = worktreeResidue(workspaceDir, workspaceId);
  try {
    const backEnd = await options.backEnd();
    if (backEnd.isolation === "worktree") return [worktree];
    const sets = backEnd.sets?.(workspaceId);
    const finished = async (): Promise<ReadonlySet<string>> => await finishedSets(workspaceDir);
    return [
      backEnd.residue(workspaceId),
      ...(sets ? [new UnfinishedSets({ sets, finished })] : []),
      worktree,
    ];
  } catch (error) {
    if (!(error instanceof NightwardenError)) throw error;
    return [silentPlace("docker", error), worktree];
  }
}

function silentPlace(name: string, error: NightwardenError): ResiduePlace {
  return {
    name,
    count: async () => await Promise.reject(error),
    weigh: async (residue) => await Promise.resolve(residue),
    remove: async (residue) =>
      await Promise.resolve(residue.map((each) => ({ residue: each, why: messageOf(error) }))),
  };
}

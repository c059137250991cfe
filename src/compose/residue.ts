import type { ResiduePlace } from "../contracts/residue.ts";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import { HostResidue } from "../sandbox/user/host-residue.ts";
import { attemptTokens } from "./attempt-tokens.ts";
import { findGit } from "../git/find-git.ts";
import { shadowNames, ShadowResidue } from "../git/shadow-residue.ts";
import { DockerResidue } from "../sandbox/docker/docker-residue.ts";
import { StateResidue } from "../schedule/state-residue.ts";
import { deadCheckOwners } from "./check-owners.ts";
import { buildPrefix, type EngineParts } from "./engine.ts";
import { clock, stateDirOf } from "./workspace.ts";

/**
 * Everywhere where something of a workspace can stand: the back ends, the shadows, the state folder. An engine that
 * cannot be found is a place that does not answer: the others are asked all the same.
 */
export async function allResidue(options: {
  readonly workspaceDir: string;
  /** Labels what is on an engine. */
  readonly workspaceId: string;
  /** By name. Whatever else has a shadow in the state folder is looked at, too. */
  readonly repositories: readonly string[];
  /** Rejects where there is none. */
  readonly engine: () => Promise<EngineParts>;
}): Promise<ResiduePlace[]> {
  const { workspaceDir, repositories } = options;
  const stateDir = stateDirOf(workspaceDir);
  const program = await findGit();
  const shadows = new Set([...repositories, ...(await shadowNames(stateDir))]);
  return [
    await engineResidue(options),
    ...[...shadows].map((repo) => new ShadowResidue({ program, repo, stateDir })),
    new StateResidue({ stateDir, now: () => clock.now() }),
    new HostResidue({ tokens: async () => await attemptTokens(workspaceDir) }),
  ];
}

async function engineResidue(options: {
  readonly workspaceDir: string;
  readonly workspaceId: string;
  readonly engine: () => Promise<EngineParts>;
}): Promise<ResiduePlace> {
  const { workspaceDir, workspaceId } = options;
  try {
    const { docker } = (await options.engine()).engine;
    return new DockerResidue({
      docker,
      workspace: workspaceId,
      buildPrefix: buildPrefix(workspaceDir),
      otherOwners: async () => await deadCheckOwners(docker, workspaceDir),
    });
  } catch (error) {
    if (!(error instanceof NightwardenError)) throw error;
    return silentPlace("docker", error);
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

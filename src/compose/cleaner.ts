import type { Config } from "../config/config.ts";
import { SECOND_MS } from "../core/duration.ts";
import { findGit } from "../git/find-git.ts";
import { OldShadow } from "../git/old-shadow.ts";
import { shadowNames } from "../git/shadow-residue.ts";
import { OldOutputs } from "../journal/old-outputs.ts";
import type { Cleaner } from "../night/clean-old.ts";
import { stateDirOf } from "./workspace.ts";

/** What a night waits for it; doctor --repair waits for as long as it takes. */
const BOUND_MS = 60 * SECOND_MS;

/** Removes what is old in a workspace. Shadows of repositories that the configuration has no more are looked at, too. */
export async function openCleaner(config: Config): Promise<Cleaner> {
  const stateDir = stateDirOf(config.workspaceDir);
  const program = await findGit();
  const shadows = await shadowNames(stateDir);
  return {
    places: [
      new OldOutputs({ stateDir }),
      ...shadows.map((repo) => new OldShadow({ program, repo, stateDir })),
    ],
    retention: config.retention,
    deadline: () => AbortSignal.timeout(BOUND_MS),
  };
}

import { findGit } from "./find-git.ts";
import { locateRepository } from "./locate-repository.ts";
import { refuse } from "./repository-problem.ts";
import { UserRepository } from "./user-repository.ts";

export interface FoundRepository {
  /** The folder with the files, or the repository itself if it is bare. */
  readonly path: string;
  /** The short name of the branch that HEAD is on, which may have no commit yet; undefined where HEAD is detached. */
  readonly branch: string | undefined;
}

/** The repository that `folder` is in, or undefined if it is in none. One that cannot be used is refused. */
export async function findRepository(folder: string): Promise<FoundRepository | undefined> {
  const program = await findGit();
  const located = await locateRepository(program, folder);
  if (located.ok) {
    const branch = await new UserRepository(program, located.value).currentBranch();
    return {
      path: located.value.workTree ?? located.value.gitDir,
      branch: branch?.replace(/^refs\/heads\//, ""),
    };
  }
  if (located.error.code === "not-a-repository") return undefined;
  throw refuse(located.error);
}

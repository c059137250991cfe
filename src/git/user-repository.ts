import { access } from "node:fs/promises";
import { isObjectId, type ObjectId } from "../core/ids.ts";
import type { GitProgram } from "./find-git.ts";
import type { RepositoryLocation } from "./locate-repository.ts";
import { refuse, type RepositoryProblem } from "./repository-problem.ts";
import { Git, type GitConfig } from "./run-git.ts";

const BRANCHES = "refs/heads/";

/** A branch or commit of the user's, resolved. */
export interface ResolvedRef {
  readonly commit: ObjectId;
  /** The branch's full name, or the commit where no branch was meant. */
  readonly ref: string;
}

/** The user's repository, read only: HEAD, index, configuration, files and refs are as they were after every call. */
export class UserRepository {
  readonly location: RepositoryLocation;
  readonly git: Git;

  constructor(program: GitProgram, location: RepositoryLocation) {
    this.location = location;
    this.git = new Git({ program, profile: "user", gitDir: location.gitDir });
  }

  /** What `ref` means here: a branch by its short or full name, HEAD, or anything that git takes for a commit. */
  async resolve(ref: string): Promise<ResolvedRef | undefined> {
    const branch = ref === "HEAD" ? await this.currentBranch() : fullName(ref);
    if (branch !== undefined && (await this.git.readRef(branch)) !== undefined) {
      const commit = await this.commitOf(branch);
      return commit === undefined ? undefined : { commit, ref: branch };
    }
    const commit = await this.commitOf(ref);
    return commit === undefined ? undefined : { commit, ref: commit };
  }

  /** The full name of the branch that HEAD is on, also before its first commit; undefined where HEAD is detached. */
  async currentBranch(): Promise<string | undefined> {
    const branch = await this.git.text(["symbolic-ref", "--quiet", "HEAD"], { exitCodes: [0, 1] });
    return branch === "" ? undefined : branch;
  }

  /** The same, or a refusal. */
  async requireRef(ref: string): Promise<ResolvedRef> {
    const resolved = await this.resolve(ref);
    if (!resolved) throw refuse(await this.unresolved(ref));
    return resolved;
  }

  /** Why `ref` means nothing here. */
  async unresolved(ref: string): Promise<RepositoryProblem> {
    const { workTree, gitDir } = this.location;
    const where = workTree ?? gitDir;
    const anyCommit = await this.git.text(["rev-list", "--all", "--max-count=1"]);
    if (anyCommit === "") {
      return { code: "no-commit", message: `${where} has no commit yet`, hint: "Make a first commit there." };
    }
    return {
      code: "unknown-ref",
      message: `"${ref}" is neither a branch nor a commit of ${where}`,
      hint: "Write a branch that git branch --list shows there, or a commit.",
    };
  }

  /** Files with uncommitted changes, new files included. 0 in a bare repository. */
  async countUncommitted(): Promise<number> {
    const { workTree } = this.location;
    if (workTree === null || !(await exists(workTree))) return 0;
    const git = this.git.withConfig(await this.namedPrograms());
    const { stdout } = await git.run(
      [
        "status",
        "--porcelain=v1",
        "-z",
        "--no-renames",
        "--untracked-files=normal",
        "--ignore-submodules=all",
      ],
      { env: { GIT_WORK_TREE: workTree } },
    );
    return stdout.reduce((count, byte) => (byte === 0 ? count + 1 : count), 0);
  }

  /**
   * Turns off what the repository's own configuration names under names of its choice: filters, and the hooks that newer
   * gits take from configuration. All other programs are off in every call.
   */
  async namedPrograms(): Promise<GitConfig> {
    const { stdout } = await this.git.run(["config", "--list", "--name-only", "-z"]);
    const keys = new Set(stdout.toString("utf8").split("\0"));
    const off: (readonly [key: string, value: string])[] = [];
    for (const key of keys) {
      const [, section, name] = /^(filter|hook)\.(.+)\.[^.]+$/s.exec(key) ?? [];
      if (section === "hook") off.push([`hook.${name}.enabled`, "false"]);
      if (section !== "filter") continue;
      for (const program of ["clean", "smudge", "process"]) off.push([`filter.${name}.${program}`, ""]);
      off.push([`filter.${name}.required`, "false"]);
    }
    return off;
  }

  private async commitOf(name: string): Promise<ObjectId | undefined> {
    const command = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`];
    const text = await this.git.text(command, { exitCodes: [0, 1, 128] });
    return isObjectId(text) ? text : undefined;
  }
}

function fullName(branch: string): string {
  return branch.startsWith(BRANCHES) ? branch : `${BRANCHES}${branch}`;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

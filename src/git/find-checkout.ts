import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { UserRepository } from "./user-repository.ts";

/** Files of a work tree's git directory that name the branch of an operation in progress, while HEAD is detached. */
const OPERATION_FILES = ["rebase-merge/head-name", "rebase-apply/head-name", "BISECT_START"];

/**
 * The worktree of the user's repository, linked ones included, that has `branch` (a full name) checked out or is in the
 * middle of a rebase or bisection of it. Moving the branch would show its files there as changed.
 */
export async function findCheckout(user: UserRepository, branch: string): Promise<string | undefined> {
  const { stdout } = await user.git.run(["worktree", "list", "--porcelain", "-z"]);
  for (const record of stdout.toString("utf8").split("\0\0")) {
    const [worktree, ...lines] = record.split("\0");
    if (lines.includes(`branch ${branch}`)) return worktree?.replace(/^worktree /, "");
  }
  const { commonDir } = user.location;
  const linked = await readdir(join(commonDir, "worktrees")).catch(() => []);
  for (const gitDir of [commonDir, ...linked.map((name) => join(commonDir, "worktrees", name))]) {
    for (const file of OPERATION_FILES) {
      const name = (await readFile(join(gitDir, file), "utf8").catch(() => "")).trim();
      if (name === branch || `refs/heads/${name}` === branch) return gitDir;
    }
  }
  return undefined;
}

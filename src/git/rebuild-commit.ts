import { pathFromBytes, pathToText } from "../core/collector-protocol.ts";
import { isObjectId, type ObjectId } from "../core/ids.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import type { Repository } from "../contracts/repository.ts";
import { listTree } from "./list-tree.ts";
import { PathTable } from "./path-table.ts";
import type { Git } from "./run-git.ts";
import { rebuiltRef } from "./shadow-refs.ts";

/**
 * Joins a candidate's change with the tip, in objects only: what lies between the candidate and its parent, also where
 * the tip is older than that parent. The new commit has the candidate's dates, so that a repeated call makes the same one.
 */
export async function rebuildCommit(
  shadow: Git,
  options: Parameters<Repository["rebuild"]>[0],
): Promise<Awaited<ReturnType<Repository["rebuild"]>>> {
  const { attempt, commit, tip, message } = options;
  const parent = await shadow.objectId(["rev-parse", "--verify", `${commit}^`]);
  if (parent === tip) {
    // The attempt that it is of now may be another than the one that made it.
    await shadow.run(["update-ref", rebuiltRef(attempt), commit]);
    return { kind: "rebuilt", commit };
  }
  const merged = await mergeTrees(shadow, await sides(shadow, { parent, tip, commit }));
  if (merged.conflicts.length > 0) return { kind: "conflict", paths: merged.conflicts };
  const collisions = await findCollisions(shadow, tip, merged.tree);
  if (collisions.length > 0) return { kind: "conflict", paths: collisions };
  const date = await shadow.text(["show", "--no-patch", "--format=@%ct +0000", commit]);
  const rebuilt = await shadow.objectId(["commit-tree", merged.tree, "-p", tip, "-F", "-"], {
    stdin: message,
    env: { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
  });
  await shadow.run(["update-ref", rebuiltRef(attempt), rebuilt]);
  return { kind: "rebuilt", commit: rebuilt };
}

/**
 * The two sides of the merge, whose common ancestor is the candidate's parent. Where the branch went back behind that
 * parent, git would take an older commit for it, and what the candidate was made on would come back with its change: the
 * three trees then get commits of their own. (`merge-tree --merge-base` comes with git 2.40.)
 */
async function sides(
  shadow: Git,
  { parent, tip, commit }: Readonly<Record<"parent" | "tip" | "commit", ObjectId>>,
): Promise<readonly [ObjectId, ObjectId]> {
  if (await shadow.isAncestor(parent, tip)) return [tip, commit];
  const date = "@0 +0000";
  const env = { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
  const root = await shadow.objectId(["commit-tree", `${parent}^{tree}`, "-m", "parent"], { env });
  const on = ["-p", root, "-m", "side"];
  return [
    await shadow.objectId(["commit-tree", `${tip}^{tree}`, ...on], { env }),
    await shadow.objectId(["commit-tree", `${commit}^{tree}`, ...on], { env }),
  ];
}

async function mergeTrees(
  shadow: Git,
  [ours, theirs]: readonly [ObjectId, ObjectId],
): Promise<{ tree: ObjectId; conflicts: string[] }> {
  const flags = ["--write-tree", "-z", "--name-only", "--no-messages"];
  const { stdout } = await shadow.run(["merge-tree", ...flags, ours, theirs], { exitCodes: [0, 1] });
  const [tree = "", ...paths] = pathFromBytes(stdout).split("\0");
  if (!isObjectId(tree))
    throw new NightwardenError({ code: "infra.git", message: "git merge-tree gave no tree" });
  return { tree, conflicts: paths.filter((path) => path !== "").map(pathToText) };
}

/** Files that each side added under names that are one on some file systems: no conflict for git, but one for people. */
async function findCollisions(shadow: Git, tip: ObjectId, tree: ObjectId): Promise<string[]> {
  const flags = ["-r", "-z", "--name-only", "--no-renames", "--diff-filter=A"];
  const { stdout } = await shadow.run(["diff-tree", ...flags, tip, tree]);
  const added = pathFromBytes(stdout)
    .split("\0")
    .filter((path) => path !== "");
  if (added.length === 0) return [];
  const merged = await listTree(shadow, tree);
  for (const path of added) merged.delete(path);
  const table = new PathTable(merged.keys());
  return added.filter((path) => table.add(path) !== undefined).map(pathToText);
}

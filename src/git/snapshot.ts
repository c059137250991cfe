import type { ObjectId } from "../core/ids.ts";
import type { Git } from "./run-git.ts";

export interface Snapshot {
  /** The commit, its folders and its files: an object's name each, and its path after a space, if it has one. */
  readonly objects: readonly string[];
  /** Names of objects that are not there; in a partial clone they would be fetched on demand. */
  readonly missing: readonly string[];
}

/** The objects that a commit's files are made of, without its history and without what is in submodules. */
export async function listSnapshot(git: Git, commit: ObjectId): Promise<Snapshot> {
  const { stdout } = await git.run(["rev-list", "--objects", "--no-walk", "--missing=print", commit]);
  const lines = stdout.toString("latin1").split("\n");
  return {
    objects: lines.filter((line) => line !== "" && !line.startsWith("?")).map((line) => line.trimEnd()),
    missing: lines.filter((line) => line.startsWith("?")).map((line) => line.slice(1)),
  };
}

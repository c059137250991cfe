import { lstatSync } from "node:fs";
import { join } from "node:path";
import type { TreeGit } from "./tree.ts";

/** What goes from one program to the other at a time, in units of 512 bytes: with small pieces they wait for each other. */
const RECORD = "--blocking-factor=256";

/**
 * Copies a settled set of dependencies into a tree, where the files become the user's own: with their modes and times (in
 * whole seconds), with links and names that share a file, and with holes as holes. One program reads while the other
 * writes; that takes less than a program that does both, and no more of the processors.
 */
export async function copySet(tree: TreeGit, set: string): Promise<void> {
  // Such a repository would say for ours what git runs. A set that was settled has none.
  if (lstatSync(join(set, ".git"), { throwIfNoEntry: false }))
    throw new Error("the set of dependencies has a repository at its top");
  const read = { program: "tar", args: ["--create", "--sparse", RECORD, "--file=-", "."], cwd: set };
  const write = { program: "tar", args: ["--extract", "--preserve-permissions", RECORD, "--file=-"] };
  await tree.pipeAsUser(read, write);
  await tree.runAsUser("chmod", ["700", "."]); // the copy has given it the other folder's mode
}

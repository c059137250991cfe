import type { ObjectId } from "../core/ids.ts";
import { refuse } from "./repository-problem.ts";
import type { Git } from "./run-git.ts";
import { baseRef } from "./shadow-refs.ts";
import { markShallow } from "./shadow.ts";
import { listSnapshot } from "./snapshot.ts";

/**
 * Brings a commit and its files into the shadow, without its history: that may be huge, and may hold what was once
 * committed by mistake. Only objects that the shadow lacks are copied. A ref is made last, and says that all is there.
 */
export async function importBase(options: {
  readonly user: Git;
  readonly shadow: Git;
  readonly commit: ObjectId;
}): Promise<void> {
  const { user, shadow, commit } = options;
  const ref = baseRef(commit);
  if ((await shadow.readRef(ref)) === commit) return;
  const { objects, missing } = await listSnapshot(user, commit);
  if (missing.length > 0) throw refuse(objectsMissing(missing.length));
  // Before the objects: a commit without its parents, found by a git that was not told so, is a broken repository.
  // A commit whose parents are here keeps them: it is one of an earlier night, and that night is still delivered.
  const absentParents = await absentFrom(shadow, await parentsOf(user, commit));
  if (absentParents.length > 0) await markShallow(shadow, commit);
  const wanted = await absentFrom(shadow, objects);
  if (wanted.length > 0) {
    const pack = user.stream(["pack-objects", "--quiet", "--stdout"], { stdin: lines(wanted) });
    await shadow.run(["index-pack", "--stdin"], { stdin: pack });
  }
  await shadow.run(["update-ref", ref, commit]);
}

export function objectsMissing(count: number) {
  return {
    code: "objects-missing",
    message: `${count} of the base's objects are not in the repository, which is a partial clone or damaged`,
    hint: "Nothing is fetched at night. Make it complete: git fetch --refetch --no-filter, or clone again.",
  } as const;
}

async function parentsOf(git: Git, commit: ObjectId): Promise<string[]> {
  const object = await git.text(["cat-file", "commit", commit]);
  const header = object.split("\n\n", 1)[0] ?? "";
  return [...header.matchAll(/^parent ([0-9a-f]+)$/gm)].map((match) => match[1] ?? "");
}

/** Those of `objects` (an object's name, and perhaps more after a space) that the repository does not have. */
async function absentFrom(git: Git, objects: readonly string[]): Promise<string[]> {
  if (objects.length === 0) return [];
  const names = objects.map((object) => object.split(" ", 1)[0] ?? "");
  const answer = await git.text(["cat-file", "--batch-check=%(objectname)"], { stdin: lines(names) });
  const answers = answer.split("\n");
  return objects.filter((_, index) => answers[index]?.endsWith(" missing") !== false);
}

function lines(of: readonly string[]): Uint8Array {
  return Buffer.from(`${of.join("\n")}\n`, "latin1");
}

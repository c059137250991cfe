import { pathFromText } from "../core/collector-protocol.ts";
import type { ObjectId } from "../core/ids.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import type { Repository } from "../contracts/repository.ts";
import { blobHasher } from "./blob-hasher.ts";
import { blobCommand, commitCommand, DONE } from "./fast-import.ts";
import type { Git } from "./run-git.ts";
import { startRef } from "./shadow-refs.ts";

/** Makes the commit that an attempt starts from: its base, with files of the supervisor's. */
export async function commitStart(
  shadow: Git,
  objectFormat: "sha1" | "sha256",
  options: Parameters<Repository["commitStart"]>[0],
): Promise<ObjectId> {
  const { attempt, base, message, files } = options;
  const ref = startRef(attempt);
  const hash = blobHasher(objectFormat);
  function* commands(): Generator<Uint8Array> {
    for (const { content } of files) yield* blobCommand(content);
    const written = files.map(({ path, executable, content }) => ({
      path: pathFromText(path),
      mode: executable ? ("100755" as const) : ("100644" as const),
      oid: hash(content),
    }));
    yield* commitCommand({ ref, parent: base, message, at: new Date(), changes: { deleted: [], written } });
    yield DONE;
  }
  const stdin = Buffer.concat([...commands()]);
  await shadow.run(["update-ref", "-d", ref]);
  const output = await shadow.text(["fast-import", "--quiet", "--done", "--force"], { stdin });
  if (output === "")
    throw new NightwardenError({ code: "infra.git", message: "git fast-import made no commit" });
  return await shadow.objectId(["rev-parse", "--verify", ref]);
}

/**
 * One commit on `base` of what the supervisor had added to it and an attempt has made of that; moves `ref` to it. null:
 * nothing of it is left, and there is no ref either.
 */
export async function joinStart(
  shadow: Git,
  options: {
    readonly base: ObjectId;
    readonly commit: ObjectId;
    readonly ref: string;
    readonly message: string;
  },
): Promise<ObjectId | null> {
  const { base, commit, ref, message } = options;
  const [tree, before] = await Promise.all(
    [commit, base].map(async (each) => await shadow.objectId(["rev-parse", "--verify", `${each}^{tree}`])),
  );
  if (tree === undefined || tree === before) {
    await shadow.run(["update-ref", "-d", ref]);
    return null;
  }
  // The capture's own date, so that a repeated call makes the same commit.
  const date = await shadow.text(["show", "--no-patch", "--format=@%ct +0000", commit]);
  const joined = await shadow.objectId(["commit-tree", tree, "-p", base, "-F", "-"], {
    stdin: message,
    env: { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
  });
  await shadow.run(["update-ref", ref, joined]);
  return joined;
}

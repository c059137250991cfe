import { createHash } from "node:crypto";
import type { ObjectId } from "../core/ids.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import type { CapturedCommit, Repository } from "../contracts/repository.ts";
import { CapturePlan, type CaptureFacts } from "./capture-plan.ts";
import { blobCommand, commitCommand, DONE } from "./fast-import.ts";
import { listTree } from "./list-tree.ts";
import type { Git } from "./run-git.ts";
import { candidateRef } from "./shadow-refs.ts";

type CaptureOptions = Parameters<Repository["commitCapture"]>[0];

/**
 * Makes a commit of what a collector found. Contents go to fast-import as they come, so that a capture of any size takes
 * little memory; the commit itself is made at the end, when the plan knows everything, and not at all if it refuses.
 */
export async function commitCapture(
  shadow: Git,
  objectFormat: "sha1" | "sha256",
  options: CaptureOptions,
): Promise<CapturedCommit> {
  const { attempt, base, message, records } = options;
  const ref = candidateRef(attempt);
  const hash = (content: Uint8Array): ObjectId =>
    createHash(objectFormat).update(`blob ${content.length}\0`).update(content).digest("hex") as ObjectId;
  const plan = new CapturePlan({ base: await listTree(shadow, base), hash });
  const result: { facts?: CaptureFacts; failure?: { readonly error: unknown } } = {};

  async function* commands(): AsyncGenerator<Uint8Array> {
    try {
      for await (const record of records) {
        if (plan.take(record)) yield* blobCommand(record.content);
      }
      const { facts, changes } = plan.finish();
      if (changes.deleted.length + changes.written.length > 0) {
        yield* commitCommand({ ref, parent: base, message, at: new Date(), changes });
      }
      result.facts = facts;
    } catch (error) {
      result.failure = { error };
    }
    // Also after an error: fast-import then ends in order, with nothing but unused blobs.
    yield DONE;
  }

  // An earlier call may have been cut off after its commit: that one must not survive a call that makes none.
  await shadow.run(["update-ref", "-d", ref]);
  const output = await shadow.text(["fast-import", "--quiet", "--done", "--force"], { stdin: commands() });
  if (result.failure) throw result.failure.error;
  const { facts } = result;
  if (!facts)
    throw new NightwardenError({ code: "infra.git", message: "git fast-import ended before its input did" });
  if (output === "") return { commit: null, insertions: 0, deletions: 0, ...facts };
  const commit = await shadow.objectId(["rev-parse", "--verify", ref]);
  return { commit, ...(await countLines(shadow, base, commit)), ...facts };
}

/** Lines added and deleted; those of files that are not text count as none. */
async function countLines(
  shadow: Git,
  base: ObjectId,
  commit: ObjectId,
): Promise<{ insertions: number; deletions: number }> {
  const flags = ["-r", "-z", "--numstat", "--no-renames", "--no-ext-diff", "--no-textconv"];
  const { stdout } = await shadow.run(["diff-tree", ...flags, base, commit]);
  let [insertions, deletions] = [0, 0];
  for (const line of stdout.toString("latin1").split("\0")) {
    const [added, deleted] = line.split("\t", 2);
    insertions += Number.parseInt(added ?? "", 10) || 0;
    deletions += Number.parseInt(deleted ?? "", 10) || 0;
  }
  return { insertions, deletions };
}

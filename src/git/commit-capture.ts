import type { ObjectId } from "../core/ids.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import type { CapturedCommit, Repository } from "../contracts/repository.ts";
import { CapturePlan, type CaptureFacts } from "./capture-plan.ts";
import { blobCommand, commitCommand, DONE } from "./fast-import.ts";
import { blobHasher } from "./blob-hasher.ts";
import { joinStart } from "./commit-start.ts";
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
  const { attempt, message, records } = options;
  const filled = options.start ?? options.base;
  const ref = candidateRef(attempt);
  const plan = new CapturePlan({ base: await listTree(shadow, filled), hash: blobHasher(objectFormat) });
  const result: { facts?: CaptureFacts; failure?: { readonly error: unknown } } = {};

  async function* commands(): AsyncGenerator<Uint8Array> {
    try {
      for await (const record of records) {
        if (plan.take(record)) yield* blobCommand(record.content);
      }
      const { facts, changes } = plan.finish();
      if (changes.deleted.length + changes.written.length > 0) {
        yield* commitCommand({ ref, parent: filled, message, at: new Date(), changes });
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
  const captured = output === "" ? filled : await shadow.objectId(["rev-parse", "--verify", ref]);
  const lines = output === "" ? NO_LINES : await countLines(shadow, filled, captured);
  if (facts.overLimit || captured === options.base) return { commit: null, ...lines, ...facts };
  if (filled === options.base) return { commit: captured, ...lines, ...facts };
  const commit = await joinStart(shadow, { base: options.base, commit: captured, ref, message });
  return { commit, ...lines, ...facts };
}

const NO_LINES = { insertions: 0, deletions: 0 };

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

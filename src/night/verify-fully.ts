import type { AttemptRef } from "../core/attempt.ts";
import type { Verdict } from "../core/event-fields.ts";
import type { AttemptId, ObjectId, TaskId } from "../core/ids.ts";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import { dependenciesOfTip } from "./dependencies-of-tip.ts";
import { accountAfterAttempt } from "./night-account.ts";
import { repositoryStateOf, required, type Night } from "./night.ts";
import { verifyCommit, verifyKey } from "./verify-commit.ts";
import { withCleanUp } from "./with-clean-up.ts";

/** A commit on which the full verification is about to be run. */
export interface FullVerification {
  /** Hash of tree, image, commands and dependencies. */
  readonly key: string;
  /** Runs it, and once more where it is red. Rejects for a stop, and where the machinery fails twice. */
  readonly run: () => Promise<{ readonly result: "green" | "flaky" | "red"; readonly verdict: Verdict }>;
}

/**
 * Prepares the full verification of a commit of the night's branch: the repository's `fullVerify` commands, in a new
 * container on a new tree, without network, with the dependencies that this commit asks for.
 */
export async function fullVerification(options: {
  readonly night: Night;
  readonly repo: string;
  readonly slot: number;
  readonly commit: ObjectId;
}): Promise<FullVerification> {
  const { night, repo, slot, commit } = options;
  const { order, deps } = night;
  const commands = required(
    order.fullVerify?.get(repo) ?? order.verify.get(repo),
    `the verify commands of "${repo}"`,
  );
  const number = 2 * repositoryStateOf(night, repo).fullRuns;
  const refOf = (run: number): AttemptRef => ({
    task: "checkpoint" as TaskId,
    attempt: `checkpoint-${repo}.${number + run}` as AttemptId,
    token: deps.newToken(),
  });
  const place = { night, ref: refOf(1), slot };
  const dependencies = await onceMore(night, async () => await dependenciesOfTip(place, repo, commit));
  const inputs = { night, repo, commit, commands, dependencies };
  const runOnce = async (attempt: AttemptRef): Promise<Verdict> => {
    const { limits } = order;
    // Nothing of it may still run beside the next attempt, as of any attempt.
    const { verdict, failure } = await withCleanUp(
      async () => await verifyCommit({ ...inputs, attempt, limits, slot }),
      async () => await accountAfterAttempt(night, attempt, repo),
    );
    if (failure?.kind !== "failed" || failure.cause === "task") return verdict;
    // A run that was stopped, or lost its container, says nothing about the commit.
    if (failure.cause === "interrupted") throw new DOMException(failure.detail, "AbortError");
    throw new NightwardenError({ code: "infra.engine", message: failure.detail });
  };
  return {
    key: await verifyKey(inputs),
    run: async () => {
      const first = await onceMore(night, async () => await runOnce(refOf(1)));
      if (first.green) return { result: "green", verdict: first };
      const second = await onceMore(night, async () => await runOnce(refOf(2)));
      return { result: second.green ? "flaky" : "red", verdict: second };
    },
  };
}

/** Once more where the machinery failed and answers again, as an attempt is. */
async function onceMore<T>(night: Night, work: () => Promise<T>): Promise<T> {
  night.stop.throwIfAborted();
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof NightwardenError) || !error.code.startsWith("infra.")) throw error;
    night.order.onProgress(
      `the full verification failed to run, and is tried once more: ${messageOf(error)}`,
    );
    await night.deps.probe();
    night.stop.throwIfAborted();
    return await work();
  }
}

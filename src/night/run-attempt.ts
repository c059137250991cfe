import type { DependencySet } from "../contracts/dependencies.ts";
import type { OpenTrees } from "../contracts/trees.ts";
import { failed, type Outcome } from "../core/attempt.ts";
import { exceeded } from "../core/cap.ts";
import { formatByteSize } from "../core/byte-size.ts";
import type { CandidateFacts } from "../core/check-candidate.ts";
import type { CaptureLimits } from "../core/collector-protocol.ts";
import { commitMessage } from "../core/commit-message.ts";
import { MAX_BODY_BYTES } from "../core/frame.ts";
import { attemptId, type ObjectId } from "../core/ids.ts";
import type { Candidate } from "../core/landing-again.ts";
import { taskLimits, type Limits } from "../core/limits.ts";
import { isCurrent } from "../core/night-state.ts";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import { followsManifests } from "../core/prepare-recipe.ts";
import type { Task } from "../core/plan.ts";
import type { Attempt } from "./attempt.ts";
import { changedDependencyFiles } from "./changed-dependency-files.ts";
import { landAgain } from "./land-again.ts";
import {
  givenUp,
  inspectCandidate,
  landAttempt,
  withoutDependency,
  type LandingCandidate,
} from "./land-attempt.ts";
import { dependenciesOfCommit } from "./dependencies-of-commit.ts";
import { dropSets } from "./drop-sets.ts";
import { accountAfterAttempt } from "./night-account.ts";
import { imageOf, repositoryOf, repositoryStateOf, type Night } from "./night.ts";
import { outcomeOfError } from "./outcome-of-error.ts";
import { memoryClaim } from "./memory-claim.ts";
import { replayTests } from "./replay-tests.ts";
import { runAgent } from "./run-agent.ts";
import { startAttempt } from "./start-attempt.ts";
import { openTrees, verifyCommit, verifyKey } from "./verify-commit.ts";
import { withCleanUp } from "./with-clean-up.ts";

/**
 * One try of a task, from an empty tree to a landed commit or to nothing: whatever goes wrong, the branch is as it was
 * and nothing is left on the engine. Records its outcome. Where it has no turn any more when its containers could have their
 * memory, it does not begin, and nothing is recorded.
 */
export async function runAttempt(
  night: Night,
  options: {
    readonly task: Task;
    readonly number: number;
    readonly slot: number;
    /** It lands again, and no agent runs. */
    readonly candidate?: Candidate;
    /** Asked when it has its memory: much can have happened while it waited. */
    readonly isStillDue: () => boolean;
  },
): Promise<void> {
  const { deps, order } = night;
  const { task, number, slot } = options;
  const limits = taskLimits(order.limits, order.policy.taskCeilings, task.limits);
  const id = attemptId(task.id, number);
  const claim = memoryClaim(night, task, limits, id);
  const leave = await night.admission.enter(claim, {
    signal: night.stop,
    onWait: (freeBytes) => {
      const [needed, free] = [formatByteSize(claim.bytes), formatByteSize(freeBytes)];
      order.onProgress(`${task.id} waits for memory: it needs ${needed}, and ${free} is free`);
    },
  });
  await withCleanUp(
    async () => {
      if (!options.isStillDue()) return;
      const ref = { task: task.id, attempt: id, token: deps.newToken() };
      // The tip is that of the moment at which it begins: others may have landed while it waited.
      const base = repositoryStateOf(night, task.repo).tip;
      const found = { start: base, dependencies: undefined };
      await runAdmitted({ night, task, ref, slot, limits, base, ...found }, number, options.candidate);
    },
    async () => await Promise.resolve(leave()),
  );
}

/** An attempt whose containers have their memory. */
async function runAdmitted(attempt: Attempt, number: number, candidate?: Candidate): Promise<void> {
  const { night, task, slot } = attempt;
  const { record } = night;
  const { ref, base } = attempt;
  const image = imageOf(night, task.repo);
  await record.record({
    type: "attempt.started",
    data: {
      ...ref,
      key: task.key,
      number,
      slot,
      repo: task.repo,
      base,
      image,
      // With a candidate there is no agent.
      ...(candidate ? { candidate } : { agent: task.agent }),
    },
  });
  let outcome: Outcome;
  try {
    outcome = candidate
      ? await landAgain(attempt, candidate)
      : await tryTask({ ...attempt, ...(await startAttempt(attempt)) }, image);
  } catch (error) {
    outcome = outcomeOfError(error);
  }
  // What it was made on was red: whatever went wrong with it says nothing about the task.
  if (outcome.kind === "failed" && outcome.cause === "task") outcome = withoutDependency(attempt) ?? outcome;
  if (outcome.kind === "failed") {
    await rollBack(attempt);
    await dropSets(attempt);
  }
  await accountAfterAttempt(night, ref, task.repo);
  // One that was given up while it worked has its outcome: there is never a second one.
  if (isCurrent(record.state, ref))
    await record.record({ type: "attempt.finished", data: { ...ref, key: task.key, outcome } });
}

/** What cannot be dropped is said, found by the account, and tried again there. */
async function rollBack({ night, task, ref }: Attempt): Promise<void> {
  try {
    await repositoryOf(night, task.repo).dropAttempt(ref);
  } catch (error) {
    if (!(error instanceof NightwardenError)) throw error;
    const message = `${ref.attempt}: ${messageOf(error)}`;
    await night.record.record({ type: "warning.raised", data: { code: "rollback-failed", message } });
  }
}

async function tryTask(attempt: Attempt, image: string): Promise<Outcome> {
  const { night, ref, limits, slot, dependencies } = attempt;
  night.stop.throwIfAborted();
  const trees = await openTrees({ night, attempt: ref, slot, limits, dependencies });
  let verified: LandingCandidate | Outcome;
  try {
    verified = await makeVerified(attempt, trees, image);
  } catch (error) {
    await trees.close().catch(() => undefined); // the first error is the one that counts
    throw error;
  }
  // What lands is in git by now: the trees can go meanwhile.
  const closing = trees.close();
  const [landing, closed] = await Promise.allSettled([
    "kind" in verified ? verified : replayAndLand(attempt, verified, closing),
    closing,
  ]);
  if (closed.status === "rejected") {
    // What the attempt came to is decided; what it left is counted, and removed, at once.
    const message = `${ref.attempt}: ${messageOf(closed.reason)}`;
    await night.record.record({ type: "warning.raised", data: { code: "leftovers", message } });
  }
  if (landing.status === "rejected") throw landing.reason;
  return landing.value;
}

/** The replay is the attempt's own; only the landing takes its turn. */
async function replayAndLand(
  attempt: Attempt,
  verified: LandingCandidate,
  closing: Promise<unknown>,
): Promise<Outcome> {
  const { night } = attempt;
  const replayed = await replayTests(attempt, { ...verified, closing });
  return replayed ?? (await night.landing.take(async () => await landAttempt(attempt, verified)));
}

/** From a tree to a commit that has passed checks and verification, or to the reason why there is none. */
async function makeVerified(
  attempt: Attempt,
  trees: OpenTrees,
  image: string,
): Promise<LandingCandidate | Outcome> {
  const { night, ref, task, limits } = attempt;
  const failure = await runAgent(attempt, trees, image);
  if (failure) return failure;
  const captured = await capture(attempt, trees);
  if (captured.kind === "failed") return captured.outcome;
  const { commit } = captured;
  const { repo, verify: commands } = task;
  const dependencyFiles = await changedDependencyFiles(attempt, commit);
  const settings = night.order.prepare?.get(repo);
  const isInstalledAnew = settings !== undefined && followsManifests(settings);
  const facts = { ...captured.facts, dependencyFiles, isInstalledAnew };
  // What the supervisor has added for it is no change of the agent's.
  const blocked = await inspectCandidate(attempt, { base: attempt.start, commit, facts });
  if (blocked) return blocked;
  night.stop.throwIfAborted();
  const isAsStarted = dependencyFiles.length === 0;
  const dependencies = isAsStarted ? attempt.dependencies : await installAnew(attempt, trees, commit);
  const key = await verifyKey({ night, repo, commit, commands, dependencies });
  await night.record.record({ type: "verify.started", data: { ...ref, commit, key } });
  const place = { night, attempt: ref, repo, limits, slot: attempt.slot, ...(isAsStarted ? { trees } : {}) };
  const { verdict, failure: red } = await verifyCommit({ ...place, commit, commands, dependencies });
  await night.record.record({ type: "verify.finished", data: { ...ref, commit, key, verdict } });
  return red ?? { commit, base: attempt.base, key, facts, dependencies };
}

/** What a candidate's own manifests ask for. Its trees hold what was installed before: verify gets others. */
async function installAnew(
  attempt: Attempt,
  trees: OpenTrees,
  commit: ObjectId,
): Promise<DependencySet | undefined> {
  await trees.close(); // what installs takes their collector's place in the attempt's claim on memory
  const before = [attempt.dependencies];
  return await dependenciesOfCommit({ attempt, commit, source: "candidate", isTrusted: false, before });
}

type Captured =
  | { readonly kind: "failed"; readonly outcome: Outcome }
  | { readonly kind: "candidate"; readonly commit: ObjectId; readonly facts: CandidateFacts };

/** Takes what changed in the tree as a commit. The agent's sandbox is gone by now: nothing can write to the tree. */
async function capture(attempt: Attempt, trees: OpenTrees): Promise<Captured> {
  const { night, task, ref, limits, base, start } = attempt;
  night.stop.throwIfAborted();
  if (!isCurrent(night.record.state, ref)) return { kind: "failed", outcome: givenUp() };
  await night.record.record({ type: "capture.started", data: ref });
  const records = trees.capture({
    tree: "agent",
    limits: {
      files: limits.captureFiles,
      bytes: limits.captureSize,
      fileBytes: Math.min(limits.fileSize, MAX_BODY_BYTES),
    },
    ignore: night.order.policy.ignore,
  });
  const message = commitMessage({ task, attempt: ref, night: night.record.state.night });
  const { overLimit, ...captured } = await repositoryOf(night, task.repo).commitCapture({
    attempt: ref,
    base,
    start,
    message,
    records,
  });
  await night.record.record({
    type: "capture.finished",
    data: { ...ref, ...captured, refused: captured.refused.map((entry) => ({ ...entry })) },
  });
  if (overLimit) {
    return { kind: "failed", outcome: overCapture(overLimit, limits) };
  }
  const { commit } = captured;
  if (commit === null && captured.refused.length === 0) {
    return { kind: "failed", outcome: failed("no-change", "the agent ended and had changed nothing") };
  }
  return { kind: "candidate", commit: commit ?? base, facts: captured };
}

/** A tree that holds more than is taken from one; what is said of it is where the count ended. */
function overCapture(
  { limit, value: seen }: { readonly limit: keyof CaptureLimits; readonly value: number },
  limits: Limits,
): Outcome {
  const name = limit === "files" ? "captureFiles" : "captureSize";
  return exceeded({ name, limit: limits[name], seen, atLeast: true });
}

import type { DependencySet } from "../contracts/dependencies.ts";
import { failed, type Outcome } from "../core/attempt.ts";
import type { Change } from "../core/change.ts";
import { changeOverCap } from "../core/change-caps.ts";
import { blockingDetail, checkCandidate, type CandidateFacts } from "../core/check-candidate.ts";
import { checkSettings } from "../core/check-settings.ts";
import { commitMessage } from "../core/commit-message.ts";
import type { ObjectId } from "../core/ids.ts";
import { lostDependency } from "../core/landing-again.ts";
import { isCurrent } from "../core/night-state.ts";
import type { Attempt } from "./attempt.ts";
import { deliver } from "./deliver.ts";
import { dependenciesOfCommit } from "./dependencies-of-commit.ts";
import { repositoryOf, repositoryStateOf } from "./night.ts";
import { replayTests } from "./replay-tests.ts";
import { verifyCommit, verifyKey } from "./verify-commit.ts";

/** A commit that is to land. */
export interface LandingCandidate {
  readonly commit: ObjectId;
  /** What it is a change of. */
  readonly base: ObjectId;
  /** What was verified: the same key needs no second run. Undefined: nothing was, in this attempt. */
  readonly key: string | undefined;
  readonly facts: CandidateFacts;
  /** What it was verified with; undefined: nothing was installed. */
  readonly dependencies: DependencySet | undefined;
}

/** Holds a candidate against the caps on a change, and runs the checks and records what they found. The outcome, if it may not land. */
export async function inspectCandidate(
  attempt: Attempt,
  {
    base,
    commit,
    facts,
  }: { readonly base: ObjectId; readonly commit: ObjectId; readonly facts: CandidateFacts },
): Promise<Outcome | undefined> {
  const tooLarge = changeOverCap(facts, attempt.limits);
  if (tooLarge) return tooLarge;
  const { night, task, ref } = attempt;
  const inspected = await night.deps.checks.inspect({
    change: await changeOf(attempt, base, commit),
    settings: checkSettings(night.order.policy.checks, task.grants),
    signal: night.stop,
  });
  const findings = [...checkCandidate(facts), ...inspected.findings];
  const { unlisted, kinds } = inspected;
  await night.record.record({
    type: "checks.finished",
    data: { ...ref, commit, findings, unlisted, ...(kinds ? { kinds } : {}) },
  });
  const detail = blockingDetail(findings);
  return detail === undefined ? undefined : failed("check-blocked", detail);
}

/** What is granted was declared by the supervisor, before the agent started; made again on a tip, it still is. */
async function changeOf(attempt: Attempt, base: ObjectId, commit: ObjectId): Promise<Change> {
  const repository = repositoryOf(attempt.night, attempt.task.repo);
  const change = await repository.change(base, commit);
  const { start } = attempt;
  if (start === attempt.base || start === base) return change;
  return { ...change, manifests: (await repository.change(start, start)).manifests };
}

/**
 * Lands a verified commit: the night's branch moves to exactly the commit that was verified. Where the branch has moved
 * since the attempt began, the candidate is made again on its tip, and checked and verified again, until both agree. So is one that was
 * verified in another attempt.
 *
 * The only writer of a night's branch, one landing at a time (`Night.landing`). From the event `landing.started` on it is not interrupted.
 */
export async function landAttempt(attempt: Attempt, candidate: LandingCandidate): Promise<Outcome> {
  const { night, task, ref } = attempt;
  const { record } = night;
  const repository = repositoryOf(night, task.repo);
  // It may be of another repository, whose going back moves nothing here. While this one has its turn nothing goes back.
  const lost = withoutDependency(attempt);
  if (lost) return lost;
  let { commit, base, key, dependencies } = candidate;
  for (
    let { tip } = repositoryStateOf(night, task.repo);
    key === undefined || tip !== base;
    { tip } = repositoryStateOf(night, task.repo)
  ) {
    night.stop.throwIfAborted();
    const message = commitMessage({ task, attempt: ref, night: record.state.night });
    const rebuilt = await repository.rebuild({ attempt: ref, commit, tip, message });
    if (rebuilt.kind === "conflict") {
      return failed(
        "conflict",
        `another task's landed change touches the same lines: ${rebuilt.paths.join(", ")}`,
      );
    }
    if (rebuilt.commit !== commit) {
      const data = { ...ref, from: commit, commit: rebuilt.commit, tip };
      await record.record({ type: "candidate.rebuilt", data });
    }
    [commit, base] = [rebuilt.commit, tip];
    if ((await repository.treeOf(commit)) === (await repository.treeOf(tip))) {
      return failed("no-change", "another task has landed the same change before");
    }
    const blocked = await inspectCandidate(attempt, { base, commit, facts: candidate.facts });
    if (blocked) return blocked;
    const { repo, verify: commands } = task;
    // What has landed meanwhile may ask for more than either of them was verified with.
    const before = [dependencies, attempt.dependencies];
    const wanted = { attempt, commit, source: "candidate", isTrusted: false, before } as const;
    dependencies = await dependenciesOfCommit(wanted);
    const rebuiltKey = await verifyKey({ night, repo, commit, commands, dependencies });
    if (rebuiltKey === key) continue;
    key = rebuiltKey;
    await record.record({ type: "verify.started", data: { ...ref, commit, key } });
    const { limits, slot } = attempt;
    const place = { night, attempt: ref, repo, limits, slot };
    const again = await verifyCommit({ ...place, commit, commands, dependencies });
    await record.record({ type: "verify.finished", data: { ...ref, commit, key, verdict: again.verdict } });
    if (again.failure) return again.failure;
    const replayed = await replayTests(attempt, { commit, base, dependencies });
    if (replayed) return replayed;
  }
  if (!isCurrent(record.state, ref)) return givenUp();
  night.stop.throwIfAborted();
  await record.record({ type: "landing.started", data: { ...ref, repo: task.repo, commit, tip: base } });
  await repository.fastForward({ night: record.state.night, from: base, to: commit });
  await record.record({ type: "landing.finished", data: { ...ref, repo: task.repo, commit, tip: base } });
  if (dependencies) night.sets.set(dependencies.key, dependencies);
  await deliver({ record: night.record, repositories: night.deps.repositories }, task.repo);
  return { kind: "landed", commit };
}

/**
 * What an attempt's change was made on may have been taken back while it worked: whether its task can go on without, is
 * decided anew. Undefined: all that it depends on is there.
 */
export function withoutDependency({ night, task }: Pick<Attempt, "night" | "task">): Outcome | undefined {
  const lost = lostDependency(night.record.state, task);
  return lost && failed("stopped", `"${lost.id}", which it depends on, was taken back by a checkpoint`);
}

/** The outcome of an attempt whose token is no longer its task's current one: nothing of it may arrive any more. */
export function givenUp(): Outcome {
  return failed("stopped", "the attempt was given up while it worked");
}

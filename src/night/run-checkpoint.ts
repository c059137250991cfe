import { formatByteSize } from "../core/byte-size.ts";
import type { ObjectId } from "../core/ids.ts";
import { nextCheckpoint, type CheckpointStep } from "../core/next-checkpoint.ts";
import { checkpointClaim } from "./memory-claim.ts";
import { repositoryStateOf, type Night } from "./night.ts";
import { undoLandings } from "./undo-landings.ts";
import { fullVerification } from "./verify-fully.ts";
import { withCleanUp } from "./with-clean-up.ts";

interface Place {
  readonly night: Night;
  readonly repo: string;
  /** The place among what runs at the same time, from 0. */
  readonly slot: number;
}

/**
 * One checkpoint of a repository, to its end: the full verification of what has landed since the last one, and where that
 * is red what follows from it: which landing made it so, the way back, what is revoked. Goes on where a crash cut it off. It
 * takes its turn with the landings, and nothing lands meanwhile.
 *
 * Rejects for a stop, which leaves the branch at what has landed, unless the way back has begun: that ends first. Rejects,
 * too, where the machinery fails twice.
 */
export async function runCheckpoint(place: Place): Promise<void> {
  const { night, repo } = place;
  const claim = checkpointClaim(night, repo);
  // Memory first, as an attempt that lands has it already: who had the turn and waited for memory could wait for ever.
  const leave = await night.admission.enter(claim, {
    signal: night.stop,
    onWait: (freeBytes) => {
      const [needed, free] = [formatByteSize(claim.bytes), formatByteSize(freeBytes)];
      night.order.onProgress(`a checkpoint waits for memory: it needs ${needed}, and ${free} is free`);
    },
  });
  await withCleanUp(
    async () => await night.landing.take(async () => await runSteps(place)),
    async () => await Promise.resolve(leave()),
  );
}

async function runSteps(place: Place): Promise<void> {
  const { night, repo } = place;
  for (;;) {
    const step = nextCheckpoint(night.record.state, repositoryStateOf(night, repo));
    if (step.kind === "done") return;
    await runStep(place, step);
  }
}

async function runStep(
  place: Place,
  step: Exclude<CheckpointStep, { readonly kind: "done" }>,
): Promise<void> {
  const { night, repo } = place;
  const { record } = night;
  switch (step.kind) {
    case "verify":
      await verifyTip(place, step);
      return;
    case "bisect": {
      const { good, commits } = step;
      await record.record({ type: "bisection.started", data: { repo, good, commits: [...commits] } });
      return;
    }
    case "try": {
      const { commit } = step;
      const { key, run } = await fullVerification({ ...place, commit });
      const { result } = await run();
      await record.record({ type: "bisection.tried", data: { repo, commit, key, green: result !== "red" } });
      return;
    }
    case "blame": {
      const { culprit, detail } = step;
      await record.record({ type: "bisection.finished", data: { repo, culprit, detail } });
      return;
    }
    case "go-back":
    case "revoke":
      await undoLandings({ record, repositories: night.deps.repositories }, repo);
  }
}

async function verifyTip(
  place: Place,
  { commit, since }: { readonly commit: ObjectId; readonly since: ObjectId },
): Promise<void> {
  const { night, repo } = place;
  const { record } = night;
  const { key, run } = await fullVerification({ ...place, commit });
  if (repositoryStateOf(night, repo).greenFull.has(key)) {
    const data = { repo, commit, key, result: "green-cached", verdict: null } as const;
    await record.record({ type: "checkpoint.finished", data });
    return;
  }
  await record.record({ type: "checkpoint.started", data: { repo, commit, since, key } });
  const { result, verdict } = await run();
  await record.record({ type: "checkpoint.finished", data: { repo, commit, key, result, verdict } });
  if (result !== "flaky") return;
  const message = `${repo}: the full verification failed once and passed once on ${commit.slice(0, 12)} (flaky)`;
  await record.record({ type: "warning.raised", data: { code: "flaky-checkpoint", message } });
}

import type { Repository } from "../contracts/repository.ts";
import type { AttemptRef } from "../core/attempt.ts";
import { nextUndoing, type UndoingStep } from "../core/next-checkpoint.ts";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import { deliver } from "./deliver.ts";
import type { NightRecord } from "./night-record.ts";
import { required } from "./night.ts";

interface Unsettled {
  readonly record: NightRecord;
  readonly repositories: ReadonlyMap<string, Repository>;
}

/**
 * Takes back what a red checkpoint has shown to be wrong, with git alone: the night's branch goes back, in the shadow and
 * then in the user's repository, and every landing that it lost is recorded as revoked, once. Begins wherever a crash
 * ended it. A branch that cannot be moved is `rollback.failed`, and then nothing is revoked.
 */
export async function undoLandings(unsettled: Unsettled, repo: string): Promise<void> {
  const { record } = unsettled;
  for (;;) {
    const state = record.state.repositories.get(repo);
    const step = state && nextUndoing(record.state, state);
    if (!step) return;
    if (step.kind === "revoke") await revoke(unsettled, repo, step);
    else if (await goBack(unsettled, repo, step)) await deliver(unsettled, repo);
  }
}

async function goBack(
  { record, repositories }: Unsettled,
  repo: string,
  { from, to }: Extract<UndoingStep, { kind: "go-back" }>,
): Promise<boolean> {
  const way = { repo, from, to };
  // Where it had begun before a crash, the branch is asked, and moved if it is still there.
  if (!record.state.repositories.get(repo)?.goingBack)
    await record.record({ type: "rollback.started", data: way });
  const repository = required(repositories.get(repo), `repository "${repo}"`);
  try {
    await repository.goBack({ night: record.state.night, from, to });
  } catch (error) {
    if (!(error instanceof NightwardenError)) throw error;
    await record.record({ type: "rollback.failed", data: { ...way, message: messageOf(error) } });
    return false;
  }
  await record.record({ type: "rollback.finished", data: way });
  return true;
}

async function revoke(
  { record, repositories }: Unsettled,
  repo: string,
  step: Extract<UndoingStep, { kind: "revoke" }>,
): Promise<void> {
  const { landing, checkpoint, role, detail } = step;
  const { task, attempt, token, commit } = landing;
  await record.record({
    type: "landing.revoked",
    data: { task, attempt, token, repo, commit, checkpoint, role, detail },
  });
  // What is to land again is still needed; see `dropRevoked`.
  if (role !== "innocent") await dropRefs(repositories, repo, landing);
}

/** Drops what a night that is over kept for landings again: in another night they begin with an agent. */
export async function dropRevoked({ record, repositories }: Unsettled): Promise<void> {
  const attempts = [...record.state.tasks.values()].flatMap((task) => task.attempts);
  for (const attempt of attempts) {
    if (attempt.revoked === "innocent") await dropRefs(repositories, attempt.repo, attempt);
  }
}

/** Drops what keeps an attempt's commits. What cannot be dropped is found by the next account, and removed there. */
export async function dropRefs(
  repositories: Unsettled["repositories"],
  repo: string,
  attempt: AttemptRef,
): Promise<void> {
  try {
    await repositories.get(repo)?.dropAttempt(attempt);
  } catch (error) {
    if (!(error instanceof NightwardenError)) throw error;
  }
}

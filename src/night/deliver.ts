import type { Delivery, Repository } from "../contracts/repository.ts";
import { nightBranch } from "../core/ids.ts";
import type { RepositoryState } from "../core/night-state.ts";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import type { NightRecord } from "./night-record.ts";
import { required } from "./night.ts";

/**
 * Brings what has landed to the user's repository, as `nightwarden/<night>`. A branch that is checked out, or that
 * somebody moved, stays as it is: that is recorded, tried again at the end of the night, and left to a person.
 */
export async function deliver(
  options: { readonly record: NightRecord; readonly repositories: ReadonlyMap<string, Repository> },
  repo: string,
): Promise<void> {
  const { record } = options;
  const repository = required(options.repositories.get(repo), `repository "${repo}"`);
  const state = required(record.state.repositories.get(repo), `the state of "${repo}"`);
  if (!isUndelivered(state)) return;
  const { tip: to, base, delivered, hasGoneBack = false } = state;
  const from = delivered ?? null;
  const ref = `refs/heads/${nightBranch(record.state.night)}`;
  await record.record({ type: "delivery.started", data: { repo, ref, from, to } });
  const delivery = await tryToDeliver(repository, { night: record.state.night, base, from, to, hasGoneBack });
  if (delivery.kind === "delivered") {
    await record.record({ type: "delivery.finished", data: { repo, ref, to } });
  } else {
    await record.record({ type: "delivery.deferred", data: { repo, ref, to, reason: delivery.reason } });
  }
}

/** Whether the user's repository has not what the night's branch is at: something landed, or went back. */
export function isUndelivered({ tip, base, delivered }: RepositoryState): boolean {
  return tip !== (delivered ?? base);
}

/** What has landed stays landed: a repository that cannot take it now, such as on a full disk, is a reason to put it off. */
async function tryToDeliver(
  repository: Repository,
  options: Parameters<Repository["deliver"]>[0],
): Promise<Delivery> {
  try {
    return await repository.deliver(options);
  } catch (error) {
    if (!(error instanceof NightwardenError)) throw error;
    return { kind: "deferred", reason: messageOf(error) };
  }
}

import type { LauncherEntry } from "../core/launcher-protocol.ts";
import { RunPlace } from "./run-place.ts";
import type { StateRoot } from "./state-root.ts";
import { closeTrees } from "./trees.ts";

/** What the caller has, by workspaces whose name begins so. */
export function listOwned(state: StateRoot, caller: number, prefix: string): LauncherEntry[] {
  const kinds = [
    ["runs", "run"],
    ["trees", "trees"],
  ] as const;
  return kinds.flatMap(([folder, kind]) =>
    state.entries(folder).flatMap(({ id, ownership }) => {
      if (ownership?.caller !== caller || !ownership.owner.startsWith(prefix)) return [];
      return [{ kind, owner: ownership.owner, id, attempt: ownership.attempt ?? null }];
    }),
  );
}

/**
 * Ends and removes whatever these workspaces of the caller's have, runs before the trees on which they run. One that
 * cannot be removed does not keep the others: the first error is thrown at the end.
 */
export async function sweepOwned(
  state: StateRoot,
  caller: number,
  owners: readonly string[],
): Promise<{ readonly runs: number; readonly trees: number }> {
  const isTheirs = (entry: ReturnType<StateRoot["entries"]>[number]): boolean =>
    entry.ownership?.caller === caller && owners.includes(entry.ownership.owner);
  const runs = state.entries("runs").filter(isTheirs);
  const ended = await Promise.allSettled(
    runs.map(async ({ id, ownership }) => await RunPlace.left(state, id, ownership).remove(null)),
  );
  const trees = state.entries("trees").filter(isTheirs);
  const closed = await Promise.allSettled(trees.map(async ({ id }) => await closeLater(state, id)));
  for (const each of [...ended, ...closed]) if (each.status === "rejected") throw each.reason;
  return { runs: runs.length, trees: trees.length };
}

async function closeLater(state: StateRoot, id: string): Promise<void> {
  await Promise.resolve();
  closeTrees(state.folder("trees", id));
}

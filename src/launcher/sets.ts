import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "./host-tool.ts";
import type { Ownership, StateRoot } from "./state-root.ts";

/** What is in a set, as it is shown to the installation that makes it, and to the collectors that copy it. */
export function setPath(folder: string): string {
  return join(folder, "dependencies");
}

function markOf(folder: string): string {
  return join(folder, "settled");
}

/** Makes an empty set. Only root can look into it, but for those to whom it is shown. */
export function openSet(state: StateRoot, id: string, ownership: Ownership): void {
  mkdirSync(setPath(state.make("sets", id, ownership)), { mode: 0o755 });
}

/** From here on no run is given the set for writing. One that has it already has ended: its supervisor sees to that. */
export function settleSet(folder: string): void {
  writeFileSync(markOf(folder), "", { mode: 0o600 });
}

export function isSettled(folder: string): boolean {
  return existsSync(markOf(folder));
}

/** Removes a set, whatever is in it. */
export function removeSet(folder: string): void {
  // Deeper than Node can go.
  mustRun("rm", ["-rf", "--one-file-system", "--", folder]);
}

/** The sets of one of the caller's workspaces. */
export function listSets(
  state: StateRoot,
  asker: Ownership,
): { readonly id: string; readonly settled: boolean }[] {
  return state
    .entries("sets")
    .filter(({ ownership }) => ownership?.owner === asker.owner && ownership.caller === asker.caller)
    .map(({ id }) => ({ id, settled: isSettled(state.folder("sets", id)) }));
}

import type { GuardFinding, SandboxJob } from "../contracts/sandbox.ts";
import type { OpenTrees } from "../contracts/trees.ts";
import type { TreeName } from "../core/collector-protocol.ts";
import type { Limits } from "../core/limits.ts";

/** A program fills a gigabyte in this time on an ordinary disk: the cap is passed by about as much at the worst. */
const PAUSE_MS = 2000;

type TreeLimits = Pick<Limits, "disk" | "inodes" | "changedFiles" | "changedLines">;

/**
 * Watches a tree while a program works in it: what it takes on disk, since volumes have no bound of their own, and in
 * the agent's tree how much of it is changed. Verify may change what it likes: nothing of that is taken. What an agent has
 * changed when it has ended is left to the capture, which counts exactly.
 */
export function treeGuard(options: {
  readonly trees: OpenTrees;
  readonly tree: TreeName;
  readonly limits: TreeLimits;
  /** The policy's list of what is never taken. */
  readonly ignore: readonly string[];
}): NonNullable<SandboxJob["guard"]> {
  const { trees, tree, limits, ignore } = options;
  const { disk: bytes, inodes, changedFiles: files, changedLines: lines } = limits;
  const changes = tree === "agent" ? { changes: { files, lines, ignore } } : {};
  return {
    everyMs: PAUSE_MS,
    check: async ({ isOver }): Promise<GuardFinding | undefined> => {
      const seen = await trees.measure(tree, { bytes, inodes, ...(isOver ? {} : changes) });
      if (seen.bytes > bytes) return { reason: "disk", seen: seen.bytes };
      if (seen.inodes > inodes) return { reason: "inodes", seen: seen.inodes };
      if (seen.changedFiles > files) return { reason: "changed-files", seen: seen.changedFiles };
      return seen.changedLines > lines ? { reason: "changed-lines", seen: seen.changedLines } : undefined;
    },
  };
}

import type { SandboxJob } from "../contracts/sandbox.ts";
import type { OpenTrees } from "../contracts/trees.ts";
import type { TreeName } from "../core/collector-protocol.ts";
import type { Limits } from "../core/limits.ts";

/** A program fills a gigabyte in this time on an ordinary disk: the cap is passed by about as much at the worst. */
const PAUSE_MS = 2000;

/** Watches what a tree takes on disk while a program works in it: volumes have no bound of their own. */
export function treeGuard(
  trees: OpenTrees,
  tree: TreeName,
  limits: Pick<Limits, "disk" | "inodes">,
): NonNullable<SandboxJob["guard"]> {
  return {
    everyMs: PAUSE_MS,
    check: async () => {
      const { bytes, inodes } = await trees.measure(tree, { bytes: limits.disk, inodes: limits.inodes });
      if (bytes > limits.disk) return { reason: "disk", seen: bytes };
      return inodes > limits.inodes ? { reason: "inodes", seen: inodes } : undefined;
    },
  };
}

import type { LoadedWorkspace } from "../config/load-config.ts";
import type { Images } from "../contracts/images.ts";
import type { Isolation } from "../core/policy.ts";
import type { ContainmentParts } from "../drills/containment/attack-place.ts";
import { runCanaries } from "../drills/containment/run-canaries.ts";
import type { NightDeps } from "../night/deps.ts";

/** The canaries of a workspace, in sandboxes as its attempts have them. */
export function canariesOf(options: {
  readonly workspace: LoadedWorkspace;
  readonly images: Images;
  readonly parts: ContainmentParts;
  /** What the sandboxes of `parts` are. */
  readonly isolation: Isolation;
  readonly onProgress: (line: string) => void;
}): NightDeps["runCanaries"] {
  const { workspace, images, parts, isolation, onProgress } = options;
  return async ({ repository, signal }) => {
    const { id: image } = await images.ensure(repository, onProgress);
    const { limits } = workspace;
    // A folder on the host has the host's Node; all others have ours at its place.
    const node = isolation === "worktree" ? { node: process.execPath } : {};
    const canaries = await runCanaries({ parts, isolation, image, limits, ...node, signal });
    return { isolation, image, canaries };
  };
}

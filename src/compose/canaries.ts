import type { LoadedWorkspace } from "../config/load-config.ts";
import type { Images } from "../contracts/images.ts";
import type { ContainmentParts } from "../drills/containment/attack-place.ts";
import { runCanaries } from "../drills/containment/run-canaries.ts";
import type { NightDeps } from "../night/deps.ts";

/** The canaries of a workspace, in sandboxes as its attempts have them. */
export function canariesOf(options: {
  readonly workspace: LoadedWorkspace;
  readonly images: Images;
  readonly parts: ContainmentParts;
  readonly onProgress: (line: string) => void;
}): NightDeps["runCanaries"] {
  const { workspace, images, parts, onProgress } = options;
  return async ({ repository, signal }) => {
    const { id: image } = await images.ensure(repository, onProgress);
    const { limits } = workspace;
    const canaries = await runCanaries({ parts, isolation: ISOLATION, image, limits, signal });
    return { isolation: ISOLATION, image, canaries };
  };
}

const ISOLATION = "docker";

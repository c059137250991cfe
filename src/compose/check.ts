import type { ImageCheckDeps } from "../health/check-images.ts";
import { sweep } from "../sandbox/sweep.ts";
import { checkLabel, type EngineParts } from "./engine.ts";
import { openSandboxes, type SandboxParts } from "./sandboxes.ts";
import { newToken } from "./workspace.ts";

/** What `check` needs of the engine: our own programs in containers of their own label. Call `close` when done. */
export async function composeCheck(options: {
  readonly parts: EngineParts;
  readonly workspaceDir: string;
  readonly onProgress: (line: string) => void;
}): Promise<ImageCheckDeps & SandboxParts & { close(): Promise<void> }> {
  const { docker } = options.parts.engine;
  // Always the same for a folder, so that the next check removes what a killed one left.
  const workspace = checkLabel(options.workspaceDir);
  const left = { owners: [workspace] };
  await sweep(docker, left);
  const containers = await openSandboxes({ ...options, workspace });
  return {
    ...containers,
    images: options.parts.images,
    newToken,
    close: async () => {
      await sweep(docker, left);
    },
  };
}

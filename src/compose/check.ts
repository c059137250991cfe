import type { ImageCheckDeps } from "../health/check-images.ts";
import { sweep } from "../sandbox/docker/sweep.ts";
import { checkOwner, deadCheckOwners } from "./check-owners.ts";
import type { EngineParts } from "./engine.ts";
import { openSandboxes, type SandboxParts } from "./sandboxes.ts";
import { newToken } from "./workspace.ts";

/** What `check` needs of the engine: our own programs in containers of their own label. Call `close` when done. */
export async function composeCheck(options: {
  readonly parts: EngineParts;
  readonly workspaceDir: string;
  readonly onProgress: (line: string) => void;
}): Promise<ImageCheckDeps & SandboxParts & { close(): Promise<void> }> {
  const { docker } = options.parts.engine;
  const workspace = checkOwner(options.workspaceDir);
  await sweep(docker, { owners: await deadCheckOwners(docker, options.workspaceDir) });
  const containers = await openSandboxes({ ...options, workspace });
  return {
    ...containers,
    images: options.parts.images,
    newToken,
    close: async () => {
      await sweep(docker, { owners: [workspace] });
    },
  };
}

import type { ImageCheckDeps } from "../health/check-images.ts";
import type { BackEnd, SandboxParts } from "./back-end.ts";
import { checkOwner, deadOwners } from "./check-owners.ts";
import { newToken } from "./workspace.ts";

/** What `check` needs of a back end: our own programs, under a mark of their own. Call `close` when done. */
export async function composeCheck(options: {
  readonly backEnd: BackEnd;
  readonly workspaceDir: string;
  readonly onProgress: (line: string) => void;
}): Promise<ImageCheckDeps & SandboxParts & { close(): Promise<void> }> {
  const { backEnd, workspaceDir, onProgress } = options;
  const owner = checkOwner(workspaceDir);
  await backEnd.sweep(await deadOwners(workspaceDir, async (prefix) => await backEnd.ownersOf(prefix)));
  const { images, missingProgram } = backEnd;
  return {
    ...(await backEnd.open({ owner, onProgress })),
    images,
    missingProgram,
    newToken,
    close: async () => await backEnd.sweep([owner]),
  };
}

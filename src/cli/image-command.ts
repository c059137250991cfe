import { openBackEnd } from "../compose/sandboxes.ts";
import type { ReadyImage } from "../contracts/images.ts";
import { safeLine } from "../core/safe-text.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-codes.ts";
import { openWorkspace } from "./open-workspace.ts";

/** `nightwarden image build`: what a night would build before it starts. */
export async function imageBuildCommand(
  context: CommandContext,
  options: { readonly json?: true },
): Promise<number> {
  const workspace = await openWorkspace(context.workspaceDir);
  const { config } = workspace;
  const backEnd = await openBackEnd(workspace);
  const onProgress = (line: string): void => context.terminal.progress(`  ${safeLine(line)}\n`);
  const own = await backEnd.ensureOwnImage(onProgress);
  const built: (ReadyImage & { readonly for: string })[] = own ? [{ for: "collector", ...own }] : [];
  for (const { name } of config.repositories)
    built.push({ for: name, ...(await backEnd.images.ensure(name, onProgress)) });
  if (options.json) context.terminal.data(`${JSON.stringify({ version: 1, images: built })}\n`);
  else {
    if (!backEnd.engine)
      context.terminal.data(
        `the sandbox ${backEnd.isolation} has no images: it uses the programs of this machine\n`,
      );
    for (const image of built) {
      context.terminal.data(
        `${image.for}: ${image.id.slice(0, 19)} from ${image.base} (${image.built ? "built" : "unchanged"})\n`,
      );
    }
  }
  return EXIT.done;
}

import { lockWorkspace, openJournals } from "../compose/workspace.ts";
import { chooseNight } from "./choose-night.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-codes.ts";
import { workspaceFolder } from "./open-workspace.ts";

/** `nightwarden merged NIGHT`: a person says that a night's results are in the base, where git cannot tell. */
export async function mergedCommand(context: CommandContext, night: string): Promise<number> {
  const workspaceDir = workspaceFolder(context.workspaceDir);
  const lock = await lockWorkspace(workspaceDir, `nightwarden merged ${night}`);
  try {
    const journals = openJournals(workspaceDir, context.version);
    const merged = chooseNight(night, await journals.nights());
    const journal = await journals.open(null);
    await journal.append({ type: "night.merged", data: { merged } });
    await journal.close();
    context.terminal.data(`recorded: the results of ${merged} count as merged\n`);
    return EXIT.done;
  } finally {
    await lock.release();
  }
}

import { openRepositories } from "../compose/repositories.ts";
import { lockWorkspace, openJournals } from "../compose/workspace.ts";
import { deliverNight } from "../night/deliver-night.ts";
import { chooseNight } from "./choose-night.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-codes.ts";
import { openWorkspace } from "./open-workspace.ts";

/** `nightwarden deliver NIGHT`: tries again what was put off, since the branch was checked out or had been moved. */
export async function deliverCommand(context: CommandContext, night: string): Promise<number> {
  const { config } = await openWorkspace(context.workspaceDir);
  const lock = await lockWorkspace(config.workspaceDir, `nightwarden deliver ${night}`);
  try {
    const journals = openJournals(config.workspaceDir, context.version);
    const id = chooseNight(night, await journals.nights());
    const deliveries = await deliverNight({
      journals,
      repositories: await openRepositories(config),
      night: id,
    });
    for (const { repo, reason } of deliveries) {
      const what = reason === undefined ? `delivered nightwarden/${id}` : `not delivered: ${reason}`;
      context.terminal.data(`${repo}: ${what}\n`);
    }
    if (deliveries.length === 0) context.terminal.data("nothing of that night is left to deliver\n");
    return deliveries.some(({ reason }) => reason !== undefined) ? EXIT.refused : EXIT.done;
  } finally {
    await lock.release();
  }
}

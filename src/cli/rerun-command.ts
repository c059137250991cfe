import { lockWorkspace, openJournals } from "../compose/workspace.ts";
import type { TaskKey } from "../core/ids.ts";
import { nearMiss } from "../core/near-miss.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import { queueState } from "../core/queue.ts";
import { safeLine } from "../core/safe-text.ts";
import { readHistory } from "../night/history.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-codes.ts";
import { openWorkspace } from "./open-workspace.ts";

/** `nightwarden rerun TASK…`: a person puts failed tasks back into the queue. All of them, or none. */
export async function rerunCommand(
  context: CommandContext,
  ids: readonly string[],
  options: { readonly reason: string },
): Promise<number> {
  const { config, plan } = await openWorkspace(context.workspaceDir);
  const lock = await lockWorkspace(config.workspaceDir, `nightwarden rerun ${ids.join(" ")}`);
  try {
    const journals = openJournals(config.workspaceDir, context.version);
    const history = await readHistory(journals);
    const queue = queueState(history.nights, history.workspace);
    const keys: TaskKey[] = [];
    const problems: string[] = [];
    for (const id of ids) {
      const task = plan.tasks.find((each) => each.id === id);
      if (!task) {
        const meant = nearMiss(
          id,
          plan.tasks.map((each) => each.id),
        );
        problems.push(
          `there is no task "${safeLine(id)}"${meant === undefined ? "" : `; did you mean "${meant}"?`}`,
        );
        continue;
      }
      const { place } = queue.entry(task.key);
      if (place === "failed" || place === "set-aside") keys.push(task.key);
      else problems.push(place === "landed" ? `"${id}" has landed` : `"${id}" is in the queue already`);
    }
    if (problems.length > 0) {
      throw new NightwardenError({
        code: "usage.arguments",
        message: `nothing was changed: ${problems.join("; ")}`,
      });
    }
    const journal = await journals.open(null);
    for (const key of keys)
      await journal.append({ type: "task.requeued", data: { key, reason: safeLine(options.reason) } });
    await journal.close();
    context.terminal.data(`back in the queue: ${ids.join(", ")}\n`);
    return EXIT.done;
  } finally {
    await lock.release();
  }
}

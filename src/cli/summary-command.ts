import { openJournals } from "../compose/workspace.ts";
import { replay } from "../core/night-state.ts";
import { summarise } from "../core/summary.ts";
import { renderSummaryMarkdown } from "../report/render-summary-markdown.ts";
import { renderSummaryText } from "../report/render-summary-text.ts";
import { chooseNight } from "./choose-night.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-codes.ts";
import { workspaceFolder } from "./open-workspace.ts";

/** `nightwarden summary [night]`: from the journal alone, so it works when the configuration is broken. */
export async function summaryCommand(
  context: CommandContext,
  night: string | undefined,
  options: { readonly json?: true; readonly markdown: boolean },
): Promise<number> {
  const journals = openJournals(workspaceFolder(context.workspaceDir), context.version);
  const id = chooseNight(night, await journals.nights());
  const { events, tornBytes } = await journals.read(id);
  if (tornBytes > 0)
    context.terminal.problem(
      `the last line of the journal was cut off by a crash (${tornBytes} bytes), and is left out`,
    );
  const summary = summarise(replay(id, events));
  const { terminal } = context;
  if (options.json) terminal.data(`${JSON.stringify(summary)}\n`);
  else if (options.markdown) terminal.data(renderSummaryMarkdown(summary));
  else terminal.data(renderSummaryText(summary, terminal));
  return EXIT.done;
}

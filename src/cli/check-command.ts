import { composeCheck } from "../compose/check.ts";
import { checkCredentials } from "../compose/agents.ts";
import { openBackEnd } from "../compose/sandboxes.ts";
import { checkRepositories } from "../compose/repositories.ts";
import { unreadByChecks } from "../compose/unread-by-checks.ts";
import { checkVersions } from "../compose/versions.ts";
import type { CheckLine } from "../core/check-line.ts";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import { safeLine } from "../core/safe-text.ts";
import { checkImages } from "../health/check-images.ts";
import { judgeUnread } from "../health/checks-probe.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-codes.ts";
import { openWorkspace } from "./open-workspace.ts";

/** `nightwarden check`: everything that can be known before a night, and nothing started but our own programs. */
export async function checkCommand(
  context: CommandContext,
  options: { readonly json?: true },
): Promise<number> {
  const workspace = await openWorkspace(context.workspaceDir);
  const { config, plan, policy } = workspace;
  const lines: CheckLine[] = [
    {
      subject: "files",
      verdict: "ok",
      message: `${plan.tasks.length} tasks, ${config.repositories.length} repositories, phase ${policy.phase}`,
    },
    ...workspace.loosened.map(({ key, specified, used }) => ({
      subject: "policy",
      verdict: "warning" as const,
      message: `${key} is ${used}; phase ${policy.phase} says ${specified} (${workspace.reason ?? "no reason given"})`,
    })),
    ...(await checkRepositories(config, plan.tasks)),
    { subject: "checks", ...judgeUnread(await unreadByChecks()) },
    ...(await checkCredentials(workspace)),
  ];
  try {
    const backEnd = await openBackEnd(workspace);
    lines.push(...(await checkVersions(config, backEnd)));
    const onProgress = (line: string): void => context.terminal.progress(`  ${safeLine(line)}\n`);
    const deps = await composeCheck({ backEnd, workspaceDir: config.workspaceDir, onProgress });
    try {
      const repositories = config.repositories.map(({ name, verify, fullVerify }) => {
        const tasks = plan.tasks.filter((task) => task.repo === name);
        const agents = config.agents.filter((agent) => tasks.some((task) => task.agent === agent.name));
        return {
          name,
          commands: [...verify, ...fullVerify, ...tasks.flatMap((task) => task.verify)],
          agentPrograms: agents.flatMap((agent) =>
            agent.kind === "command" ? (agent.command[0] ?? []) : [],
          ),
        };
      });
      lines.push(...(await checkImages(deps, { repositories, limits: workspace.limits, onProgress })));
    } finally {
      await deps.close();
    }
  } catch (error) {
    if (!(error instanceof NightwardenError)) throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    lines.push({ subject: "engine", verdict: "refused", message: messageOf(error), ...hint });
  }
  const isRefused = lines.some((line) => line.verdict === "refused");
  const { terminal } = context;
  if (options.json) terminal.data(`${JSON.stringify({ version: 1, ok: !isRefused, checks: lines })}\n`);
  else {
    for (const line of lines) terminal.data(renderLine(line, context));
    terminal.data(isRefused ? "\nThe night would be refused.\n" : "\nReady: nightwarden run\n");
  }
  return isRefused ? EXIT.refused : EXIT.done;
}

function renderLine(line: CheckLine, { terminal }: CommandContext): string {
  const mark = {
    ok: terminal.paint("green", "ok     "),
    warning: terminal.paint("yellow", "warning"),
    refused: terminal.paint("red", "refused"),
  }[line.verdict];
  const hint = line.hint === undefined ? "" : `\n         hint: ${line.hint}`;
  return `${mark}  ${line.subject}: ${line.message}${hint}\n`;
}

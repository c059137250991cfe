import { lockWorkspace, openJournals } from "../compose/workspace.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import { demotionInWords, phaseState } from "../core/phase-state.ts";
import { PHASES } from "../core/policy.ts";
import { safeLine } from "../core/safe-text.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-codes.ts";
import { workspaceFolder } from "./open-workspace.ts";
import { phaseOf } from "./phase-of.ts";

/** `nightwarden demote [PHASE]`: a person takes trust back, at any time. Works when the configuration is broken, too. */
export async function demoteCommand(
  { terminal, version, workspaceDir }: CommandContext,
  asked: string | undefined,
  options: { readonly reason: string; readonly json?: true },
): Promise<number> {
  const folder = workspaceFolder(workspaceDir);
  const why = safeLine(options.reason).trim();
  const wanted = asked === undefined ? undefined : phaseOf(asked);
  const lock = await lockWorkspace(folder, "nightwarden demote");
  try {
    const journals = openJournals(folder, version);
    const { phase: from } = phaseState((await journals.read(null)).events);
    const to = wanted ?? PHASES[PHASES.indexOf(from) - 1];
    if (why === "" || to === undefined || PHASES.indexOf(to) >= PHASES.indexOf(from)) {
      const message =
        why === ""
          ? "--reason is empty"
          : `phase ${to ?? from} is not below phase ${from}, in which the workspace is`;
      const hint =
        "nightwarden demote [PHASE] --reason TEXT, where PHASE is a lower one; nightwarden gates says where it is";
      throw new NightwardenError({ code: "usage.arguments", message, hint });
    }
    const demotion = { from, to, why, by: "person" } as const;
    const journal = await journals.open(null);
    try {
      await journal.append({ type: "phase.demoted", data: demotion });
    } finally {
      await journal.close();
    }
    terminal.data(
      options.json
        ? `${JSON.stringify({ version: 1, ok: true, ...demotion })}\n`
        : `${demotionInWords(demotion)}\n`,
    );
    return EXIT.done;
  } finally {
    await lock.release();
  }
}

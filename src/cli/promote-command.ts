import { lockWorkspace, openJournals } from "../compose/workspace.ts";
import { decidePromotion } from "../core/decide-promotion.ts";
import type { JournalStore } from "../contracts/journal.ts";
import type { EventData, NightwardenEvent } from "../core/event.ts";
import { forcedPromotions } from "../core/forced-promotion.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import type { Phase } from "../core/policy.ts";
import { safeBlock, safeLine } from "../core/safe-text.ts";
import type { WorkspaceGate } from "../core/workspace-gate.ts";
import { readJournals } from "../night/read-journals.ts";
import { criterionLine, forcedLines, gapLines, looserLines } from "../report/render-gates-text.ts";
import { phaseInWords } from "../report/phase-in-words.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-codes.ts";
import { gateOfWorkspace } from "./gate-of-workspace.ts";
import { openWorkspace, workspaceFolder } from "./open-workspace.ts";
import { phaseOf } from "./phase-of.ts";

interface PromoteOptions {
  readonly force: boolean;
  readonly reason?: string;
  readonly json?: true;
}

/** `nightwarden promote PHASE`: a person's decision, recorded. Refused while the gate says no, but for `--force --reason`. */
export async function promoteCommand(
  context: CommandContext,
  asked: string,
  options: PromoteOptions,
): Promise<number> {
  const { terminal, version, workspaceDir } = context;
  const to = phaseOf(asked);
  const force = forceOf(options);
  const folder = workspaceFolder(workspaceDir);
  const lock = await lockWorkspace(folder, `nightwarden promote ${to}`);
  try {
    const journals = openJournals(folder, version);
    const read = await readJournals(journals);
    const gate = gateOfWorkspace(await openWorkspace(folder), read);
    const promotion = decidePromotion(gate, to, force);
    if (promotion.kind === "no-way") {
      throw new NightwardenError({
        code: "refused.gate",
        message: promotion.why,
        hint: "nightwarden gates says where the workspace stands",
      });
    }
    if (promotion.kind === "unmet") {
      if (!options.json) throw refusal(gate, to);
      terminal.data(`${JSON.stringify(asJson(gate, to, null, promotion.unmet))}\n`);
      return EXIT.refused;
    }
    const { workspace } = read;
    const event = await record(journals, promotion.data);
    if (options.json) {
      terminal.data(`${JSON.stringify(asJson(gate, to, promotion.data, []))}\n`);
      return EXIT.done;
    }
    const forced = forcedPromotions([...workspace, event]);
    const lines = [`promoted from phase ${gate.phase} to ${to}`, ...forcedLines({ forced })];
    terminal.data(`${lines.join("\n")}\n${await nextPhaseText(context)}`);
    return EXIT.done;
  } finally {
    await lock.release();
  }
}

function forceOf({ force, reason }: PromoteOptions): string | undefined {
  const words = reason === undefined ? undefined : safeLine(reason).trim();
  if (force && words) return words;
  if (!force && words === undefined) return undefined;
  throw new NightwardenError({
    code: "usage.arguments",
    message: force ? "--force needs a reason" : "--reason is for --force: what was measured needs none",
    hint: "nightwarden promote PHASE, or: nightwarden promote PHASE --force --reason TEXT",
  });
}

function refusal(gate: WorkspaceGate, to: Phase): NightwardenError {
  const lines = [
    ...gate.criteria.filter(({ met }) => !met).map(criterionLine),
    ...gapLines(gate),
    ...looserLines(gate),
  ];
  return new NightwardenError({
    code: "refused.gate",
    message: `phase ${to} is not earned yet\n${lines.map((line) => `  ${line}`).join("\n")}`,
    hint: "nightwarden gates has the events behind each. --force --reason TEXT overrides it, and is shown ever after",
  });
}

async function record(journals: JournalStore, data: EventData<"phase.promoted">): Promise<NightwardenEvent> {
  const journal = await journals.open(null);
  try {
    return await journal.append({ type: "phase.promoted", data });
  } finally {
    await journal.close();
  }
}

/** What the new phase allows; or what has to be changed in the workspace's files first, where they do not fit into it. */
async function nextPhaseText({ workspaceDir }: CommandContext): Promise<string> {
  try {
    const { policy, loosened, reason } = await openWorkspace(workspaceDir);
    const looser = looserLines({ phase: policy.phase, loosened, loosenedReason: reason ?? null });
    return `${[...looser.map((line) => safeLine(line)), phaseInWords(policy)].join("\n")}\n`;
  } catch (error) {
    if (!(error instanceof NightwardenError)) throw error;
    return `before the next night its files have to change: ${safeBlock(error.message)}\n`;
  }
}

/** See docs/json.md. */
function asJson(
  gate: WorkspaceGate,
  to: Phase,
  promoted: EventData<"phase.promoted"> | null,
  unmet: readonly string[],
): object {
  return {
    version: 1,
    ok: promoted !== null,
    from: gate.phase,
    to,
    forced: promoted?.forced ?? null,
    unmet,
    gate,
  };
}

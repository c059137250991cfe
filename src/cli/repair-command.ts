import { pid } from "node:process";
import { composeRepair } from "../compose/repair.ts";
import { lockWorkspace } from "../compose/workspace.ts";
import { removalHint } from "../core/removal-hint.ts";
import { safeLine } from "../core/safe-text.ts";
import { repairWorkspace, type Repair } from "../night/repair-workspace.ts";
import { renderRepairText } from "../report/render-repair-text.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-codes.ts";
import { openWorkspace } from "./open-workspace.ts";

/** `nightwarden doctor --repair`: removes what is left of nights that are over. Refused while one works. */
export async function repairCommand(
  context: CommandContext,
  options: { readonly json?: true },
): Promise<number> {
  const { terminal, version } = context;
  const workspace = await openWorkspace(context.workspaceDir);
  const { workspaceDir } = workspace.config;
  const lock = await lockWorkspace(workspaceDir, `nightwarden doctor --repair (pid ${pid})`);
  try {
    const repair = await repairWorkspace({
      ...(await composeRepair({ workspace, version })),
      onProgress: (line) => terminal.progress(`${safeLine(line)}\n`),
    });
    terminal.data(options.json ? `${JSON.stringify(asJson(repair))}\n` : renderRepairText(repair, terminal));
    return repair.verdict === "clean" ? EXIT.done : EXIT.refused;
  } finally {
    await lock.release();
  }
}

/** See docs/json.md. */
function asJson({ verdict, removed, bytes, left, unknown }: Repair): object {
  const item = ({ kind, place, name, attempt, bytes: own }: Repair["removed"][number]): object => ({
    kind,
    place: safeLine(place),
    name: safeLine(name),
    attempt,
    bytes: own,
  });
  return {
    version: 1,
    ok: verdict === "clean",
    verdict,
    removed: removed.map(item),
    bytes,
    left: left.map(({ residue, why }) => ({
      ...item(residue),
      why: safeLine(why),
      hint: safeLine(removalHint(residue)),
    })),
    unknown: unknown.map(({ place, message }) => ({ place: safeLine(place), message: safeLine(message) })),
  };
}

import { join } from "node:path";
import { loadRules } from "../checks/rules/load-rules.ts";
import type { LoadedWorkspace } from "../config/load-config.ts";
import type { JournalStore } from "../contracts/journal.ts";
import { DRILL_REPOSITORY, type GuardDrill } from "../core/guard-drills.ts";
import { messageOf } from "../core/nightwarden-error.ts";
import type { Isolation } from "../core/policy.ts";
import { runInstalled, type InstalledProgram } from "../drills/guards/run-installed.ts";
import {
  makeScratchFolder,
  removeScratchFolder,
  staleScratchFolders,
} from "../drills/guards/scratch-folder.ts";
import { writeScratchWorkspace, type ScratchSettings } from "../drills/guards/write-scratch-workspace.ts";
import { makeRepository } from "../git/make-repository.ts";
import type { DrillNight } from "../night/guard-drill.ts";
import { PACKAGE_DIR } from "./engine.ts";
import { openJournals, readLock } from "./workspace.ts";

/** Where in its folder a scratch workspace is. */
const WORKSPACE = "workspace";

/** The program that this process is. */
const PROGRAM: InstalledProgram = { node: process.execPath, main: join(PACKAGE_DIR, "dist/main.js") };

/** The category of a check's rule; undefined: there is no such rule. */
export function categoryOfRule(rule: string): string | undefined {
  return loadRules().get(rule)?.category;
}

/** What a scratch workspace has of `workspace`, whose attempts run in `isolation`. */
export function scratchSettings(workspace: LoadedWorkspace, isolation: Isolation): ScratchSettings {
  const { config, policy, limits } = workspace;
  const { versions, memoryBudgetBytes, treeBound } = config.sandbox;
  const { checks, ignore } = policy;
  return {
    isolation,
    engineHost: config.engineHost,
    versions,
    memoryBudgetBytes,
    treeBound,
    limits: { memory: limits.memory, cpus: limits.cpus },
    checks,
    ignore,
  };
}

/**
 * Runs a drill's night in a scratch workspace, by the installed program as a process of its own, and returns its journal.
 * The workspace is removed however the night ends; when `signal` is aborted, its reason is thrown after that.
 */
export async function runDrillNight(options: {
  readonly drill: Pick<GuardDrill, "phase" | "tasks">;
  readonly settings: ScratchSettings;
  readonly version: string;
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal;
  /** The commands that verify; default: the tests. */
  readonly verify?: readonly string[];
  /** What the repository holds; default: what the attacks need. */
  readonly files?: Readonly<Record<string, string>>;
}): Promise<DrillNight> {
  const { drill, settings, version, onLine, signal, verify, files = DRILL_REPOSITORY } = options;
  await removeStale(onLine);
  const folder = await makeScratchFolder();
  const workspace = join(folder, WORKSPACE);
  let exitCode: number | null = null;
  try {
    const repository = join(folder, "repository");
    await makeRepository({ folder: repository, files });
    await writeScratchWorkspace({
      folder: workspace,
      repository,
      tasks: drill.tasks,
      settings,
      ...(verify ? { verify } : {}),
    });
    const journals = openJournals(workspace, version);
    await enterPhase(journals, drill);
    const args = ["run", "--attended"];
    const run = await runInstalled({ program: PROGRAM, workspace, args, onLine, signal });
    exitCode = run.exitCode;
    return await readNight(journals, run.stderr);
  } finally {
    // A night that ended by itself has removed what it made; one that was killed has not.
    await removeWorkspace(folder, { isClean: exitCode !== null && exitCode < 70, onLine });
  }
}

/** A new workspace is in phase 1. To try the rule of another, its own journal takes it there: the policy is that phase's. */
async function enterPhase(journals: JournalStore, { phase }: Pick<GuardDrill, "phase">): Promise<void> {
  const journal = await journals.open(null);
  try {
    if (phase === "1") return;
    const forced = { reason: "A drill tries the rule of this phase in a workspace of its own", unmet: [] };
    await journal.append({
      type: "phase.promoted",
      data: { from: "1", to: phase, forced, policyHash: "" },
    });
  } finally {
    await journal.close();
  }
}

async function readNight(journals: JournalStore, stderr: string): Promise<DrillNight> {
  const [night] = await journals.nights();
  const why = stderr.trim().split("\n").at(-1) ?? "";
  if (night === undefined) return { events: [], why: `no night began: ${why}` };
  try {
    return { events: (await journals.read(night)).events, why };
  } catch (error) {
    return { events: [], why: `its journal cannot be read: ${messageOf(error)}` };
  }
}

/** What earlier drills left that were killed. A night of theirs that is still at work keeps its workspace. */
async function removeStale(onLine: (line: string) => void): Promise<void> {
  for (const folder of await staleScratchFolders()) {
    if (await readLock(join(folder, WORKSPACE)).catch(() => undefined)) continue;
    onLine(`removing what a drill left that was killed: ${folder}`);
    await removeWorkspace(folder, { isClean: false, onLine });
  }
}

async function removeWorkspace(
  folder: string,
  { isClean, onLine }: { readonly isClean: boolean; readonly onLine: (line: string) => void },
): Promise<void> {
  const workspace = join(folder, WORKSPACE);
  if (!isClean) {
    const args = ["doctor", "--repair"];
    await runInstalled({ program: PROGRAM, workspace, args, onLine }).catch(() => undefined);
  }
  await removeScratchFolder(folder);
}

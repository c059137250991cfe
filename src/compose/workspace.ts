import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import type { WaitingClock } from "../contracts/clock.ts";
import type { JournalStore } from "../contracts/journal.ts";
import { phaseState } from "../core/phase-state.ts";
import type { Phase } from "../core/policy.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import { createJournalStore } from "../journal/journal-store.ts";
import { Redaction } from "../journal/redaction.ts";
import { lowerOomScore } from "../lib/oom-score.ts";
import { systemClock } from "../lib/system-clock.ts";
import { acquireNightLock, readNightLock, type NightLock } from "../schedule/night-lock.ts";

export const clock: WaitingClock = systemClock;

/** Lets the supervisor outlive a machine that runs out of memory; why not, where it may not. */
export const outliveLackOfMemory = lowerOomScore;

/** Where a workspace keeps its state. */
export function stateDirOf(workspaceDir: string): string {
  return join(workspaceDir, ".nightwarden");
}

/** `redaction`: of a command that reads secrets. Absent: it reads none. */
export function openJournals(workspaceDir: string, version: string, redaction?: Redaction): JournalStore {
  return createJournalStore({
    stateDir: stateDirOf(workspaceDir),
    actor: "supervisor",
    version,
    clock,
    ...(redaction ? { redaction } : {}),
  });
}

/** The id that labels everything of this workspace on an engine; made with the workspace's first event. */
export async function workspaceIdOf(journals: JournalStore): Promise<string> {
  const existing = (await journals.read(null)).events[0];
  if (existing) return existing.workspace;
  const journal = await journals.open(null);
  await journal.close();
  const created = (await journals.read(null)).events[0];
  if (created) return created.workspace;
  throw new NightwardenError({
    code: "infra.journal",
    message: "the workspace's journal has no first event",
  });
}

/** The phase that a workspace is in, as its journal tells it. Throws `refused.journal` where that cannot be read. */
export async function readPhase(workspaceDir: string): Promise<Phase> {
  const journals = createJournalStore({
    stateDir: stateDirOf(workspaceDir),
    actor: "reader",
    version: "",
    clock,
  });
  return phaseState((await journals.read(null)).events).phase;
}

export async function lockWorkspace(workspaceDir: string, command: string): Promise<NightLock> {
  return await acquireNightLock({ stateDir: stateDirOf(workspaceDir), command, clock });
}

/** The process that works in the workspace now, if one does. */
export async function readLock(workspaceDir: string): ReturnType<typeof readNightLock> {
  return await readNightLock(stateDirOf(workspaceDir));
}

/** Learns the secrets that a command reads; what the command writes and says goes through it. */
export function newRedaction(): Redaction {
  return new Redaction();
}

/** SHA-256 in hexadecimal. */
export function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A random word of 32 characters. */
export function newToken(): string {
  return randomBytes(16).toString("hex");
}

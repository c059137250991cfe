import type { OpenSet, SetFile } from "../contracts/dependencies.ts";
import type { SandboxRun } from "../contracts/sandbox.ts";
import type { AttemptRef } from "../core/attempt.ts";
import type { Verdict } from "../core/event-fields.ts";
import type { EgressDenial } from "../core/gateway-protocol.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import type { PrepareSettings } from "../core/prepare-recipe.ts";
import {
  CA_FILE,
  PREPARE_FOLDER,
  registryPlan,
  withAliases,
  type RegistryAccess,
  type RegistryPlan,
} from "../core/registry-access.ts";
import { safeBlock, safeLine } from "../core/safe-text.ts";
import { SandboxStop } from "../core/sandbox-stop.ts";
import { Tail } from "../core/tail.ts";
import type { Preparation } from "./deps.ts";
import { imageOf, type Night } from "./night.ts";
import { runInSandbox } from "./run-in-sandbox.ts";
import { withCleanUp } from "./with-clean-up.ts";

const TAIL_CHARS = 4000;
const MAX_TOLD_DENIALS = 5;

/** Where a package manager runs, for whom, and what it may reach. */
export interface Installer {
  readonly night: Night;
  readonly repo: string;
  readonly preparation: Preparation;
  readonly settings: PrepareSettings;
  readonly access: RegistryAccess;
  readonly plan: RegistryPlan;
  readonly attempt: AttemptRef;
  readonly slot: number;
}

export interface InstallerRun {
  readonly run: SandboxRun;
  /** The command that failed; null: none, or nobody can say. */
  readonly failedCommand: string | null;
  readonly tail: string;
  /** The first of what its way out has refused. */
  readonly denials: readonly EgressDenial[];
}

/** Reads the registries' secrets. Throws `refused.prepare` where this sandbox installs nothing, and `refused.credentials`. */
export async function openInstaller(
  options: Omit<Installer, "preparation" | "access" | "plan">,
): Promise<Installer> {
  const { night, repo, settings } = options;
  const { preparation } = night.deps;
  if (!preparation) {
    throw new NightwardenError({
      code: "refused.prepare",
      message: `"${repo}" has dependencies to install, and this sandbox cannot install any`,
      hint: "Use the sandbox docker or user, or write prepare: none and have the dependencies installed beforehand.",
    });
  }
  const access = await preparation.access(night.stop);
  return { ...options, preparation, access, plan: registryPlan(access, settings) };
}

/** Puts the files where the commands find them; what they say about a registry with a credential leads to the gateway. */
export async function putInputs(
  { plan, access }: Installer,
  set: OpenSet,
  files: readonly SetFile[],
): Promise<void> {
  const { ca } = access;
  await set.put([
    { path: `${PREPARE_FOLDER}/tmp/.keep`, executable: false, content: Buffer.alloc(0) },
    ...(ca === null ? [] : [{ path: CA_FILE, executable: false, content: Buffer.from(ca) }]),
    ...files.map((file) => ({ ...file, content: aliased(file.content, plan, "inside") })),
  ]);
}

/** Only text has addresses in it; what is no text stays as it is. */
export function aliased(
  content: Uint8Array,
  { aliases }: RegistryPlan,
  to: "inside" | "outside",
): Uint8Array {
  if (aliases.length === 0) return content;
  const text = new TextDecoder().decode(content);
  const written = withAliases(text, aliases, to);
  return written === text ? content : new TextEncoder().encode(written);
}

/** Runs the commands in a sandbox on the set, whose one way out leads to the configured registries. */
export async function runInstaller(
  installer: Installer,
  set: OpenSet,
  { commands, path }: { readonly commands: readonly string[]; readonly path: readonly string[] },
): Promise<InstallerRun> {
  const { night, repo, preparation, settings, plan, attempt, slot } = installer;
  const tail = new Tail(TAIL_CHARS);
  const denials: EgressDenial[] = [];
  const giveUp = new AbortController();
  let written: Promise<unknown> = Promise.resolve();
  const registry = await preparation.registries.open({
    attempt,
    config: plan.config,
    onDenied: (denial) => {
      if (denials.length < MAX_TOLD_DENIALS) denials.push(denial);
      const recording = night.record.record({ type: "egress.denied", data: { ...attempt, ...denial } });
      written = Promise.all([written, recording]);
      written.catch(() => undefined); // told when the gateway is closed
    },
    onDied: (message) => giveUp.abort(new SandboxStop("gateway-died", message)),
  });
  const run = await withCleanUp(
    async () =>
      await runInSandbox({
        night,
        attempt,
        role: "prepare",
        trees: set.trees,
        image: imageOf(night, repo),
        limits: night.order.limits,
        slot,
        gateway: registry,
        giveUp: giveUp.signal,
        job: {
          commands: commands.map((command) => ["sh", "-c", command]),
          env: plan.env,
          path,
          stdin: "",
          wallClockMs: settings.timeMs,
        },
        onLine: ({ text }) => tail.push(text),
      }),
    async () => {
      await registry.close();
      await written;
    },
  );
  const failedCommand = run.failedCommand === null ? null : (commands[run.failedCommand] ?? null);
  return { run, failedCommand, tail: tail.toString(), denials };
}

export function verdictOf({ run, failedCommand, tail }: InstallerRun): Verdict {
  const { exitCode, reason, outOfMemory, durationMs } = run.end;
  return { green: run.allPassed, failedCommand, exitCode, end: reason, outOfMemory, durationMs, tail };
}

/** Why nothing could be installed. A stop, and what the machinery did, say nothing about the repository. */
export function installFailure(repo: string, facts: InstallerRun): Error {
  const { run, failedCommand, tail, denials } = facts;
  const { reason, exitCode } = run.end;
  if (reason === "stopped") return new DOMException("the night was asked to stop", "AbortError");
  if (reason === "lost" || reason === "gateway-died") {
    const message = `the container that installs the dependencies of "${repo}" was lost (${reason})`;
    return new NightwardenError({ code: "infra.engine", message });
  }
  const end = reason === "exited" ? `exit code ${exitCode ?? "unknown"}` : reason;
  const denied = denials
    .map(({ rule, target }) => `\n    refused: ${safeLine(target, 200)} (${rule})`)
    .join("");
  const shown = safeBlock(tail)
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
  return new NightwardenError({
    code: "refused.prepare",
    message: `the dependencies of "${repo}" cannot be installed: ${safeLine(failedCommand ?? "the commands", 200)} (${run.end.outOfMemory ? "out of memory" : end})${denied}\n${shown}`,
    hint:
      denials.length > 0
        ? "What is refused is no configured registry: see registries in nightwarden.yaml."
        : "Correct the manifests, the registries or prepare.commands; prepare: none installs nothing.",
  });
}

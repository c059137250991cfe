import { pid } from "node:process";
import { clientAgentsOf } from "../compose/agents.ts";
import { toolVersions } from "../compose/engine.ts";
import { composeNight } from "../compose/night.ts";
import { checkRepositories } from "../compose/repositories.ts";
import { openBackEnd } from "../compose/sandboxes.ts";
import {
  clock,
  lockWorkspace,
  newRedaction,
  openJournals,
  outliveLackOfMemory,
} from "../compose/workspace.ts";
import type { Config } from "../config/config.ts";
import type { LoadedWorkspace } from "../config/load-config.ts";
import type { JournalStore } from "../contracts/journal.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import type { Plan } from "../core/plan.ts";
import type { Isolation } from "../core/policy.ts";
import { queueState } from "../core/queue.ts";
import { safeLine } from "../core/safe-text.ts";
import { summarise } from "../core/summary.ts";
import type { NightOrder } from "../night/deps.ts";
import { readHistory } from "../night/history.ts";
import { runNight } from "../night/run-night.ts";
import { removeEnclosed } from "../night/take-account.ts";
import { renderProgressLine } from "../report/render-progress-line.ts";
import { renderSummaryText } from "../report/render-summary-text.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT, exitCodeOfNight } from "./exit-codes.ts";
import { Heartbeat } from "./heartbeat.ts";
import { openWorkspace } from "./open-workspace.ts";
import { refuseOtherPhase } from "./refuse-other-phase.ts";
import { SignIns } from "./sign-ins.ts";
import { listenForStop } from "./stop-signals.ts";

interface RunOptions {
  readonly attended?: true;
  readonly verbose: boolean;
  readonly json?: true;
}

/** `nightwarden run`: one night, now. */
export async function runCommand(context: CommandContext, options: RunOptions): Promise<number> {
  const { terminal } = context;
  const workspace = await openWorkspace(context.workspaceDir);
  const isAttended = options.attended ?? terminal.hasPerson;
  const maxMs = unattendedLimitMs(workspace, isAttended);
  const redaction = newRedaction();
  const progress = (line: string): void => terminal.progress(`${redaction.text(line)}\n`);
  const lock = await lockWorkspace(workspace.config.workspaceDir, `nightwarden run (pid ${pid})`);
  const heartbeat = new Heartbeat({ clock, say: progress });
  const stop = listenForStop({ progress, maxMs });
  const signIns = new SignIns();
  try {
    await refuseOtherPhase(workspace);
    const unprotected = outliveLackOfMemory();
    if (unprotected !== undefined)
      progress(
        `if this machine runs out of memory, the supervisor has no precedence of its own: ${unprotected}`,
      );
    if (lock.takenOverFrom)
      progress(
        `the last run (pid ${lock.takenOverFrom.pid ?? "unknown"}) ended without a word; putting things right`,
      );
    await refuseUnfitRepositories(workspace.config);
    const journals = openJournals(workspace.config.workspaceDir, context.version, redaction);
    const backEnd = await openBackEnd(workspace);
    const onSignIn = (work: Promise<unknown>): void => signIns.add(work);
    const deps = await composeNight({
      workspace,
      journals,
      backEnd,
      redaction,
      onProgress: progress,
      onSignIn,
    });
    stop.onForce(async () => await removeEnclosed(deps.residue));
    const order = nightOrder({
      heartbeat,
      progress,
      workspace,
      options,
      isAttended,
      maxMs,
      crashedPid: lock.takenOverFrom?.pid ?? null,
      isolation: backEnd.isolation,
      versions: await toolVersions(context.version, backEnd.engine),
    });
    const result = await runNight(deps, order, stop.signal).finally(() => heartbeat.stop());
    if (!result) return await reportNothingToStart(context, options, { plan: workspace.plan, journals });
    const summary = summarise(result.state);
    terminal.data(options.json ? `${JSON.stringify(summary)}\n` : renderSummaryText(summary, terminal));
    await signIns.wait({ signal: stop.signal, progress });
    if (result.error !== undefined) throw redaction.error(result.error);
    return exitCodeOfNight(result.state);
  } finally {
    stop.dispose();
    await lock.release();
  }
}

/** There was no night: every task has landed before, or waits for a person. */
async function reportNothingToStart(
  { terminal }: CommandContext,
  options: RunOptions,
  facts: { readonly plan: Plan; readonly journals: JournalStore },
): Promise<number> {
  const history = await readHistory(facts.journals);
  const queue = queueState(history.nights, history.workspace);
  const waiting = facts.plan.tasks
    .filter((task) => queue.entry(task.key).place !== "landed")
    .map((task) => task.id);
  if (options.json) terminal.data(`${JSON.stringify({ version: 1, night: null, waiting })}\n`);
  else if (waiting.length === 0) terminal.data("nothing to do: every task has landed\n");
  else
    terminal.data(
      `nothing to start: ${waiting.join(", ")} failed before; nightwarden rerun TASK puts one back\n`,
    );
  return waiting.length === 0 ? EXIT.done : EXIT.unfinished;
}

/** How long this night may be; undefined: as long as it takes. Throws where the phase forbids it. */
function unattendedLimitMs(workspace: LoadedWorkspace, isAttended: boolean): number | undefined {
  const { unattended, phase } = workspace.policy;
  if (isAttended || unattended === "whole-window") return undefined;
  if (unattended !== "forbidden") return unattended;
  throw new NightwardenError({
    code: "refused.phase",
    message: `phase ${phase} forbids a night without a person, and standard input is no terminal`,
    hint: "stay and watch: run it in a terminal, or say so with --attended (which is recorded)",
  });
}

/** What `check` refuses of a repository, `run` refuses too, with all of it at once; what is granted, at the gate. */
async function refuseUnfitRepositories(config: Config): Promise<void> {
  const refused = (await checkRepositories(config, [])).filter((line) => line.verdict === "refused");
  const [first, ...more] = refused;
  if (!first) return;
  const others = more.map((line) => `\n${line.subject}: ${line.message}`).join("");
  throw new NightwardenError({
    code: "refused.repository",
    message: `${first.subject}: ${first.message}${others}`,
    ...(first.hint === undefined ? {} : { hint: first.hint }),
  });
}

function nightOrder(options: {
  readonly heartbeat: Heartbeat;
  readonly workspace: LoadedWorkspace;
  readonly progress: (line: string) => void;
  readonly options: RunOptions;
  readonly isAttended: boolean;
  readonly maxMs: number | undefined;
  readonly crashedPid: number | null;
  readonly isolation: Isolation;
  readonly versions: Readonly<Record<string, string>>;
}): NightOrder {
  const { workspace, progress } = options;
  const { config, policy } = workspace;
  return {
    plan: workspace.plan,
    policy,
    limits: workspace.limits,
    policyHash: workspace.policyHash,
    phase: policy.phase,
    isolation: options.isolation,
    purpose: workspace.purpose,
    attended: options.isAttended,
    endsAt:
      options.maxMs === undefined ? undefined : new Date(clock.now().getTime() + options.maxMs).toISOString(),
    windowMs: options.maxMs,
    models: new Map(clientAgentsOf(config).map(({ name, models }) => [name, models])),
    crashedPid: options.crashedPid,
    loosened: workspace.loosened,
    loosenedReason: workspace.reason,
    versions: options.versions,
    bases: new Map(
      config.repositories.map(({ name, base }) => [name, base.kind === "ref" ? base.ref : "continue"]),
    ),
    prepare: new Map(config.repositories.flatMap(({ name, prepare }) => (prepare ? [[name, prepare]] : []))),
    build: new Map(config.repositories.map(({ name, build }) => [name, build])),
    verify: new Map(config.repositories.map(({ name, verify }) => [name, verify])),
    fullVerify: new Map(config.repositories.map(({ name, fullVerify }) => [name, fullVerify])),
    tests: new Map(config.repositories.flatMap(({ name, tests }) => (tests ? [[name, tests] as const] : []))),
    onEvent: (event) => {
      const line = renderProgressLine(event);
      if (line !== undefined) progress(line);
      options.heartbeat.onEvent(event);
    },
    onProgress: (line) => progress(`  ${safeLine(line)}`),
    onOutput: (task, text) => {
      options.heartbeat.onOutput(text);
      if (options.options.verbose) progress(`  ${task} | ${safeLine(text)}`);
    },
  };
}

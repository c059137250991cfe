import type { LoadedWorkspace } from "../config/load-config.ts";
import type { JournalStore } from "../contracts/journal.ts";
import { describeSource } from "../core/credential-source.ts";
import type { EngineFacts } from "../core/judge-engine.ts";
import type { Isolation } from "../core/policy.ts";
import { probeFacts } from "../core/probe.ts";
import { findGit } from "../git/find-git.ts";
import type { WeakerIsolation } from "../health/isolation-probe.ts";
import type { Probe } from "../health/probe.ts";
import { nightProbes, type HealthMachinery, type ProbedAgent } from "../health/night-probes.ts";
import { readEngineFacts } from "../health/read-engine-facts.ts";
import { readsCredential, runProbes } from "../health/run-probes.ts";
import type { Redaction } from "../journal/redaction.ts";
import type { NightDeps } from "../night/deps.ts";
import { agentsOf, clientAgentsOf, readModelAccess } from "./agents.ts";
import type { BackEnd } from "./back-end.ts";
import { leftNow } from "./leaks.ts";
import { checkRepository } from "./repositories.ts";
import { unreadByChecks } from "./unread-by-checks.ts";
import { clock, stateDirOf } from "./workspace.ts";

const started = { wallMs: clock.now().getTime(), monotonicMs: clock.monotonicMs() };

interface ProbeParts {
  readonly workspace: LoadedWorkspace;
  readonly journals: JournalStore;
  readonly redaction: Redaction;
  readonly isolation: Isolation;
  /** Where a client's program is in the sandboxes. */
  readonly clientProgram: BackEnd["clientProgram"];
  /** Rejects where it cannot be had. Asked more than once. */
  readonly backEnd: () => Promise<BackEnd>;
  readonly machinery: () => Promise<HealthMachinery>;
  readonly hello: boolean;
  /** Whether what is left of earlier nights is asked for; a night counts it itself. */
  readonly leaks: boolean;
  readonly onProgress: (line: string) => void;
}

/** Every probe of a night in this workspace. */
export function workspaceProbes(
  parts: ProbeParts,
  order: Pick<Parameters<NightDeps["runProbes"]>[0], "previous" | "onFact">,
): Probe[] {
  const { workspace, journals, isolation } = parts;
  const { config } = workspace;
  return nightProbes(
    {
      clock,
      started,
      stateDir: stateDirOf(config.workspaceDir),
      gitVersion: async () => (await findGit()).version,
      inspectRepository: async (name) => await checkRepository(config, name, []),
      unreadLanguages: unreadByChecks,
      lastEventMs: async () => await lastEventMs(journals),
      describeEngine: async () => await engineFacts(await parts.backEnd()),
      ...(isolation === "docker" ? {} : { weaker: weakerIsolation(parts) }),
      machinery: parts.machinery,
      ...(parts.leaks ? { leftNow: async () => await leftNow(parts) } : {}),
    },
    {
      repositories: config.repositories.map(({ name }) => name),
      agents: probedAgents(parts),
      limits: workspace.limits,
      parallel: 1,
      policy: workspace.policy,
      versions: config.sandbox.versions,
      previous: order.previous,
      hello: parts.hello,
      onProgress: parts.onProgress,
      onFact: order.onFact,
    },
  );
}

function weakerIsolation({ isolation, backEnd }: ProbeParts): WeakerIsolation {
  const health: WeakerIsolation["health"] = async () => (await backEnd()).health;
  return { isolation, uid: process.getuid?.() ?? -1, health };
}

/** The probes as a night runs them: nothing is looked at twice, and what they find becomes facts. */
export function probesOfNight(
  parts: Omit<ProbeParts, "isolation" | "clientProgram" | "backEnd" | "machinery" | "hello" | "leaks"> & {
    readonly backEnd: BackEnd;
    readonly machinery: HealthMachinery;
    /** Somebody may be signing in with a command that a probe has left. */
    readonly onSignIn: (work: Promise<unknown>) => void;
  },
): NightDeps["runProbes"] {
  return async ({ previous, onFact, onResult, signal }) => {
    const probes = workspaceProbes(
      {
        ...parts,
        isolation: parts.backEnd.isolation,
        clientProgram: parts.backEnd.clientProgram,
        backEnd: async () => await Promise.resolve(parts.backEnd),
        machinery: async () => await Promise.resolve(parts.machinery),
        hello: true,
        leaks: false,
      },
      { previous, onFact },
    );
    await runProbes(probes, {
      now: () => clock.monotonicMs(),
      signal,
      onLeft: ({ name }, work) => {
        if (readsCredential(name)) parts.onSignIn(work);
      },
      onResult: async (result) => {
        for (const fact of probeFacts([result])) await onResult(fact);
      },
    });
  };
}

/** The agents that tasks use, each with the repository of its first task; one that is only fallen back on has the plan's first. */
function probedAgents({ workspace, redaction, clientProgram }: ProbeParts): ProbedAgent[] {
  const { config, plan, policy } = workspace;
  const agents = agentsOf(config, { clientProgram });
  return clientAgentsOf(config).flatMap(({ name, credentials }) => {
    const agent = agents.get(name);
    const isFallback = policy.agentFallback.includes(name);
    const task = plan.tasks.find((each) => each.agent === name) ?? (isFallback ? plan.tasks[0] : undefined);
    if (!agent || !task) return [];
    const access: NonNullable<ProbedAgent["model"]>["access"] = async (stop) => {
      const read = await readModelAccess({ config, agent: name, redaction, stop });
      if (!read) throw new TypeError(`the agent "${name}" has no model`);
      return read;
    };
    return [{ agent, repository: task.repo, model: { source: describeSource(credentials), access } }];
  });
}

async function engineFacts({ engine, isolation }: BackEnd): Promise<EngineFacts> {
  if (!engine) throw new TypeError(`the sandbox ${isolation} has no engine`);
  return await readEngineFacts(engine);
}

async function lastEventMs(journals: JournalStore): Promise<number | undefined> {
  const last = (await journals.nights()).at(-1);
  const at = (await journals.read(last ?? null)).events.at(-1)?.at;
  return at === undefined ? undefined : Date.parse(at);
}

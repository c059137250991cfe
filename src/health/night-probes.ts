import { totalmem } from "node:os";
import type { Agent } from "../contracts/agent.ts";
import type { Clock } from "../contracts/clock.ts";
import type { GatewayFact, Gateways } from "../contracts/gateway.ts";
import type { Images } from "../contracts/images.ts";
import type { AttemptRef } from "../core/attempt.ts";
import type { CheckLine } from "../core/check-line.ts";
import { engineVersionFacts, runtimeVersionFact } from "../core/engine-versions.ts";
import type { EngineFacts } from "../core/judge-engine.ts";
import type { VersionRules } from "../core/judge-version.ts";
import type { Limits } from "../core/limits.ts";
import type { Policy } from "../core/policy.ts";
import { probeKey } from "../core/probe.ts";
import { checksProbe } from "./checks-probe.ts";
import { clientProbe } from "./client-probe.ts";
import { clockProbe, type ClockReading } from "./clock-probe.ts";
import { credentialsProbe } from "./credentials-probe.ts";
import { diskProbe } from "./disk-probe.ts";
import { engineClockProbe } from "./engine-clock-probe.ts";
import { engineDiskProbe } from "./engine-disk-probe.ts";
import { engineProbe } from "./engine-probe.ts";
import { gitProbe } from "./git-probe.ts";
import { helloProbe, type ProbeModel } from "./hello-probe.ts";
import { imageProbe } from "./image-probe.ts";
import { isolationProbe, type WeakerIsolation } from "./isolation-probe.ts";
import { leaksProbe } from "./leaks-probe.ts";
import { memoryProbe } from "./memory-probe.ts";
import type { Probe } from "./probe.ts";
import type { ProbeSandboxDeps } from "./probe-sandbox.ts";
import { repositoryProbe } from "./repository-probe.ts";
import { sandboxProbe, type ProbeImage } from "./sandbox-probe.ts";
import { versionProbe } from "./version-probe.ts";

/** What runs on the engine. */
export interface HealthMachinery extends ProbeSandboxDeps {
  readonly images: Images;
  readonly gateways: Gateways;
}

/** An agent to ask about. A program of the user's has neither client nor model, and is left alone. */
export interface ProbedAgent {
  readonly agent: Agent;
  /** The repository in whose image its client is asked. */
  readonly repository: string;
  /** undefined: it uses no model API. */
  readonly model: ProbeModel | undefined;
}

export interface HealthDeps {
  readonly clock: Pick<Clock, "now" | "monotonicMs">;
  /** The same clock when the program started. */
  readonly started: ClockReading;
  /** The workspace's folder for its state; need not exist. */
  readonly stateDir: string;
  /** Absent: the file system is asked. */
  readonly freeBytes?: (folder: string) => Promise<number>;
  readonly gitVersion: () => Promise<string>;
  readonly inspectRepository: (name: string) => Promise<readonly CheckLine[]>;
  /** The languages whose code the checks cannot read. */
  readonly unreadLanguages: (signal: AbortSignal) => Promise<readonly string[]>;
  readonly lastEventMs: () => Promise<number | undefined>;
  readonly describeEngine: () => Promise<EngineFacts>;
  /** What sandboxes there are where no engine is used: none is asked then. Absent: containers on an engine. */
  readonly weaker?: WeakerIsolation;
  /** What is left of earlier nights; absent: the caller counts that itself, as a night does. */
  readonly leftNow?: Parameters<typeof leaksProbe>[0]["leftNow"];
  /** Called only where the engine answers. */
  readonly machinery: () => Promise<HealthMachinery>;
}

export interface HealthOrder {
  /** At least one. */
  readonly repositories: readonly string[];
  readonly agents: readonly ProbedAgent[];
  readonly limits: Limits;
  /** Sandboxes with an agent at one time. */
  readonly parallel: number;
  readonly policy: Pick<Policy, "clientChange">;
  readonly versions: VersionRules;
  /** See `lastProbeValues`. */
  readonly previous: ReadonlyMap<string, string>;
  /** false: no dummy prompt, which costs tokens. */
  readonly hello: boolean;
  readonly onProgress: (line: string) => void;
  readonly onFact: (attempt: AttemptRef, fact: GatewayFact) => void;
}

/**
 * Every probe of a night, each behind those that it needs: what is near and cheap first, what costs tokens last. Nobody
 * waits for an image that is built only to hear that a credential is missing.
 */
export function nightProbes(deps: HealthDeps, order: HealthOrder): Probe[] {
  const { clock, started, lastEventMs, weaker } = deps;
  const describeEngine = weaker ? describeMachine : deps.describeEngine;
  const git = gitProbe({ version: deps.gitVersion });
  const engine = weaker ? isolationProbe(weaker) : engineProbe({ describeEngine: deps.describeEngine });
  const versions = versionProbes(deps, order, { git, engine });
  const places = imageProbes(deps, order, [engine, ...versions.engine]);
  const images = [...places.values()];
  const agents = order.agents.map((agent) => agentProbes(deps, order, { agent, places }));
  const [first] = images;
  const probes = [
    git,
    ...order.repositories.map((repository) =>
      repositoryProbe({ repository, git, inspect: async () => deps.inspectRepository(repository) }),
    ),
    versions.git,
    checksProbe({ unread: deps.unreadLanguages }),
    diskProbe({ folder: deps.stateDir, freeBytes: deps.freeBytes }),
    clockProbe({ clock, started, lastEventMs }),
    ...agents.map(({ credentials }) => credentials),
    engine,
    ...versions.engine,
    deps.leftNow && leaksProbe({ leftNow: deps.leftNow }),
    weaker ? undefined : engineClockProbe({ clock, describeEngine: deps.describeEngine, engine }),
    memoryProbe({ limits: order.limits, parallel: order.parallel, describeEngine, engine }),
    ...images.map(({ image }) => image),
    ...images.map(({ sandbox }) => sandbox),
    weaker || !first ? undefined : engineDiskProbe({ ...first.from, sandbox: first.sandbox }),
    ...agents.map(({ client }) => client),
    ...agents.map(({ hello }) => hello),
  ];
  return probes.filter((probe) => probe !== undefined);
}

/** Where there is no engine, its machine is this one. */
async function describeMachine(): Promise<Pick<EngineFacts, "memoryBytes">> {
  return await Promise.resolve({ memoryBytes: totalmem() });
}

/** What is old is told before anything is built. */
function versionProbes(
  { gitVersion, describeEngine, weaker }: HealthDeps,
  { versions: rules }: HealthOrder,
  sources: { readonly git: Probe; readonly engine: Probe },
): { readonly git: Probe; readonly engine: readonly Probe[] } {
  const { git, engine } = sources;
  return {
    git: versionProbe({
      subject: "git",
      facts: async () => [{ component: "git", version: await gitVersion() }],
      rules,
      source: git,
    }),
    engine: weaker
      ? []
      : [
          versionProbe({
            subject: "engine",
            facts: async () => engineVersionFacts(await describeEngine()),
            rules,
            source: engine,
          }),
          versionProbe({
            subject: "runc",
            facts: async () => [runtimeVersionFact(await describeEngine())],
            rules,
            source: engine,
          }),
        ],
  };
}

interface ImageProbes {
  readonly image: Probe;
  readonly sandbox: Probe;
  readonly from: ProbeImage;
}

function imageProbes(
  deps: HealthDeps,
  order: HealthOrder,
  needs: readonly Probe[],
): Map<string, ImageProbes> {
  const { machinery } = deps;
  return new Map(
    order.repositories.map((repository) => {
      const ensure = async (): ReturnType<Images["ensure"]> =>
        (await machinery()).images.ensure(repository, order.onProgress);
      const image = imageProbe({ subject: repository, ensure, needs });
      const from = { deps: machinery, image: async () => (await ensure()).id, limits: order.limits };
      return [repository, { image, from, sandbox: sandboxProbe({ ...from, repository, imageProbe: image }) }];
    }),
  );
}

interface AgentProbes {
  readonly credentials: Probe | undefined;
  readonly client: Probe | undefined;
  readonly hello: Probe | undefined;
}

function agentProbes(
  deps: HealthDeps,
  order: HealthOrder,
  options: { readonly agent: ProbedAgent; readonly places: ReadonlyMap<string, ImageProbes> },
): AgentProbes {
  const { agent, model, repository } = options.agent;
  const place = options.places.get(repository);
  if (!place) throw new RangeError(`no image is asked for the repository ${repository}`);
  const { sandbox, from } = place;
  const client =
    agent.client &&
    clientProbe({
      ...from,
      agent: agent.name,
      client: agent.client,
      policy: order.policy,
      previousVersion: order.previous.get(probeKey("client", agent.name)),
      sandbox,
    });
  if (!model) return { client, credentials: undefined, hello: undefined };
  const { source, access } = model;
  const credentials = credentialsProbe({
    agent: agent.name,
    source,
    readCredential: async (stop) => (await access(stop)).credential,
  });
  const hello = helloProbe({
    ...from,
    deps: deps.machinery,
    agent,
    model,
    needs: [credentials, client ?? sandbox],
    onFact: order.onFact,
  });
  return { client, credentials, hello: order.hello ? hello : undefined };
}

import { NO_CHECKS } from "../fakes/no-checks.ts";
import { NO_GRANTS } from "../../src/core/grants.ts";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommandAgent } from "../../src/agents/command-agent.ts";
import type { AgentInvocation, AgentRequest } from "../../src/contracts/agent.ts";
import type { ModelAccess } from "../../src/contracts/gateway.ts";
import type { Images } from "../../src/contracts/images.ts";
import type { Outputs } from "../../src/contracts/output.ts";
import type { Repository } from "../../src/contracts/repository.ts";
import { CANARY_IDS, type CanaryResult } from "../../src/core/canary.ts";
import { taskKey, type TaskId } from "../../src/core/ids.ts";
import type { EventData, NightwardenEvent } from "../../src/core/event.ts";
import type { NightState } from "../../src/core/night-state.ts";
import type { Task } from "../../src/core/plan.ts";
import type { Policy } from "../../src/core/policy.ts";
import { findGit } from "../../src/git/find-git.ts";
import { openRepository } from "../../src/git/open-repository.ts";
import { ShadowResidue } from "../../src/git/shadow-residue.ts";
import type { MemoryBudget, NightDeps, NightOrder } from "../../src/night/deps.ts";
import { runNight } from "../../src/night/run-night.ts";
import { systemClock } from "../../src/lib/system-clock.ts";
import { TEST_LIMITS } from "../fixtures/test-limits.ts";
import { FakeGateways } from "../fakes/fake-gateways.ts";
import { digest, FakeEngine, type FakeProgram } from "../fakes/fake-engine.ts";
import { MemoryJournalStore } from "../fakes/memory-journal.ts";
import { MortalJournalStore } from "../fakes/mortal-journal.ts";

export const PHASE_1: Policy = {
  phase: "1",
  isolation: "worktree",
  unattended: "forbidden",
  retries: 0,
  afterFailure: "stop",
  breakerFailures: 2,
  order: "listed",
  parallel: 1,
  skipping: "forbidden",
  gate: { landedTasks: 5 },
  budget: { taskTokens: 1e6, taskCost: 10, nightTokens: 1e7, nightCost: 100 },
  quotaWait: 3_600_000,
  agentFallback: [],
  clientChange: "warn",
  dependencyScripts: "off",
  checks: { replay: "required", levels: {}, deniedBuiltins: {}, bannedPatterns: [], protectedPaths: [] },
  ignore: ["node_modules/"],
  limits: TEST_LIMITS,
};
export const GO_ON: Policy = { ...PHASE_1, afterFailure: "breaker" };

/** A task as a story tells it: what its agent does, and what else is special about it. */
export interface TaskStory extends Partial<Omit<Task, "id" | "key">> {
  readonly id: string;
  readonly agent_: FakeProgram;
  /** The agent uses a model API. */
  readonly usesModel?: true;
}

/**
 * A workspace with a real git repository, and an engine and a journal in memory. The verify command is `check`, a
 * program that fails while the tree has a file `broken`.
 */
export class NightWorld {
  readonly folder: string;
  readonly repositoryPath: string;
  readonly engine = new FakeEngine();
  readonly journals: MortalJournalStore;
  readonly events: NightwardenEvent[] = [];
  readonly gateways = new FakeGateways();
  /** By agent, which is named as its task: the model API that it uses. Empty: it uses none. */
  readonly access = new Map<string, ModelAccess>();
  /** What the health checks of a night find. */
  probe: () => readonly EventData<"probe.finished">[] = () => [];
  /** What the canaries of a night find, one run after the other; then all is held. */
  readonly canaries: CanaryResult[][] = [];
  /** What the sandboxes of a night may use together; each has what its limits say. */
  memory: MemoryBudget = { budgetBytes: 2 ** 40, collectorBytes: 2 ** 20, gatewayBytes: 2 ** 20 };
  /** Until when the night waited, each time. */
  readonly waits: string[] = [];
  /** What a night is run by. */
  runner: typeof runNight = runNight;
  /** Called with each event when it is durable. */
  onEvent: (event: NightwardenEvent) => void = () => undefined;
  repository!: Repository;
  /** What stands in the shadow, by the real git. */
  shadow!: ShadowResidue;
  private tokens = 0;

  private readonly kept: MemoryJournalStore;

  private constructor(folder: string, kept = new MemoryJournalStore()) {
    this.folder = folder;
    this.kept = kept;
    this.journals = new MortalJournalStore(kept);
    this.repositoryPath = join(folder, "app");
    this.engine.programs.set("sh", ({ files }, [, command]) => {
      if (command !== "check") return 0;
      return files.has("broken") ? 1 : 0;
    });
  }

  static async create(files: Readonly<Record<string, string>> = { "a.txt": "one\n" }): Promise<NightWorld> {
    const world = new NightWorld(mkdtempSync(join(tmpdir(), "nw-night-")));
    mkdirSync(world.repositoryPath);
    world.git("init", "-q", "-b", "main");
    for (const [name, text] of Object.entries(files)) writeFileSync(join(world.repositoryPath, name), text);
    world.git("add", "-A");
    world.git("commit", "-qm", "base");
    await world.openAll();
    return world;
  }

  /**
   * What a kill at this moment would leave: files, refs and journals as they are now. Opens as a world of its own, whose
   * engine has the same programs, and nothing stands.
   */
  snapshot(): () => Promise<NightWorld> {
    const world = new NightWorld(mkdtempSync(join(tmpdir(), "nw-night-")), this.kept.copy());
    cpSync(this.folder, world.folder, { recursive: true });
    for (const [name, program] of this.engine.programs) world.engine.programs.set(name, program);
    world.tokens = this.tokens;
    return async () => {
      await world.openAll();
      return world;
    };
  }

  private async openAll(): Promise<void> {
    this.repository = await this.open();
    const stateDir = join(this.folder, ".nightwarden");
    this.shadow = new ShadowResidue({ program: await findGit(), repo: "app", stateDir });
  }

  async open(): Promise<Repository> {
    return await openRepository({
      name: "app",
      path: this.repositoryPath,
      stateDir: join(this.folder, ".nightwarden"),
    });
  }

  git(...args: string[]): string {
    const identity = ["-c", "user.name=owner", "-c", "user.email=owner@example.org"];
    return execFileSync("git", ["-C", this.repositoryPath, ...identity, ...args])
      .toString()
      .trim();
  }

  /** The subjects of what a night delivered, oldest first. */
  landedSubjects(night: NightState): string[] {
    const branch = `nightwarden/${night.night}`;
    const exists = this.git("branch", "--list", branch) !== "";
    return exists
      ? this.git("log", "--reverse", "--format=%s", `main..${branch}`).split("\n").filter(Boolean)
      : [];
  }

  task(story: TaskStory): Task {
    const { agent_, id, usesModel, ...rest } = story;
    if (usesModel) this.access.set(id, ACCESS);
    this.engine.programs.set(`agent-${id}`, agent_);
    return {
      id: id as TaskId,
      key: taskKey("app", id as TaskId, digest(id)),
      title: `Title of ${id}`,
      prompt: "do it",
      kind: "add",
      repo: "app",
      files: [],
      dependsOn: [],
      priority: 0,
      agent: id,
      verify: ["check"],
      redTests: [],
      grants: NO_GRANTS,
      limits: {},
      ...rest,
    };
  }

  /** One night on these tasks; undefined where nothing was left to start. */
  async run(
    stories: readonly TaskStory[],
    overrides: Partial<NightOrder> = {},
    stop: AbortSignal = new AbortController().signal,
    deps: Partial<NightDeps> = {},
  ): Promise<NightState | undefined> {
    const tasks = stories.map((story) => this.task(story));
    const policy = overrides.policy ?? PHASE_1;
    const order: NightOrder = {
      plan: { tasks, hash: digest(JSON.stringify(tasks)) },
      policy,
      limits: policy.limits,
      policyHash: digest(JSON.stringify(policy)),
      phase: "1",
      isolation: "docker",
      purpose: "work",
      attended: true,
      endsAt: undefined,
      crashedPid: null,
      loosened: [],
      loosenedReason: undefined,
      versions: {},
      bases: new Map([["app", "main"]]),
      verify: new Map([["app", ["check"]]]),
      onEvent: (event) => {
        this.events.push(event);
        this.onEvent(event);
      },
      onProgress: () => undefined,
      onOutput: () => undefined,
      ...overrides,
    };
    const result = await this.runner({ ...this.deps(tasks), ...deps }, order, stop);
    if (result?.error !== undefined) throw result.error;
    return result?.state;
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private deps(tasks: readonly Task[]): NightDeps {
    const agents = tasks.map(
      (task) => new AskingAgent({ name: task.agent, command: [`agent-${task.id}`], env: {} }),
    );
    return {
      clock: {
        ...systemClock,
        waitUntil: async (at, signal) => {
          signal.throwIfAborted();
          await Promise.resolve(this.waits.push(at.toISOString()));
        },
      },
      journals: this.journals,
      sandboxes: this.engine,
      trees: this.engine,
      images: IMAGES,
      outputs: OUTPUTS,
      repositories: new Map([["app", this.repository]]),
      checks: NO_CHECKS,
      agents: new Map(agents.map((agent) => [agent.name, agent])),
      residue: [this.engine.residue, this.shadow],
      releaseShared: async () => await Promise.resolve(),
      gateways: this.gateways,
      modelAccess: async (agent) => await Promise.resolve(this.access.get(agent)),
      runProbes: async ({ onResult }) => {
        for (const probe of this.probe()) await onResult(probe);
      },
      runCanaries: async () =>
        await Promise.resolve({
          isolation: "docker",
          image: "sha256:fake",
          canaries: this.canaries.shift() ?? ALL_HELD,
        }),
      memory: this.memory,
      probe: async () => await Promise.resolve(),
      newToken: () => `token${String((this.tokens += 1)).padStart(16, "0")}`,
      digest,
      random: Math.random,
    };
  }
}

/** Tells its program the token of the attempt, as a client would be told. */
export class AskingAgent extends CommandAgent {
  override invocation(request: AgentRequest): AgentInvocation {
    const invocation = super.invocation(request);
    return { ...invocation, env: { ...invocation.env, MODEL_TOKEN: request.model?.token ?? "" } };
  }
}

export const ALL_HELD: CanaryResult[] = CANARY_IDS.map((canary) => ({
  canary,
  verdict: "held",
  detail: "refused",
}));

export const SECRET = "sk-ant-a-sentinel-that-nobody-may-read";
const ACCESS: ModelAccess = {
  provider: "anthropic",
  credential: { kind: "api-key", value: SECRET },
  upstream: { url: "https://api.example", ca: null, proxy: null },
  models: ["model-1"],
  maxOutputTokens: 1000,
  prices: { "model-1": { input: 1, cacheRead: 1, cacheWrite: 1, output: 1 } },
};

const IMAGES: Images = {
  ensure: async () => await Promise.resolve({ id: "sha256:fake", base: "fake", built: false }),
};

const OUTPUTS: Outputs = {
  open: async () =>
    await Promise.resolve({
      write: () => undefined,
      close: async () => await Promise.resolve({ file: "output", sha256: digest(""), lines: 0 }),
    }),
};

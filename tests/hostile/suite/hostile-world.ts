import { NO_CHECKS } from "../../fakes/no-checks.ts";
import { NO_GRANTS } from "../../../src/core/grants.ts";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CommandAgent } from "../../../src/agents/command-agent.ts";
import type { Repository } from "../../../src/contracts/repository.ts";
import type { Outcome } from "../../../src/core/attempt.ts";
import type { EventData, EventType, NightwardenEvent } from "../../../src/core/event.ts";
import { taskKey, type ObjectId, type TaskId } from "../../../src/core/ids.ts";
import type { Limits } from "../../../src/core/limits.ts";
import type { Policy } from "../../../src/core/policy.ts";
import type { Task } from "../../../src/core/plan.ts";
import { openRepository } from "../../../src/git/open-repository.ts";
import { createJournalStore } from "../../../src/journal/journal-store.ts";
import { createOutputFiles } from "../../../src/journal/output-files.ts";
import { systemClock } from "../../../src/lib/system-clock.ts";
import type { NightDeps, NightOrder } from "../../../src/night/deps.ts";
import { runNight } from "../../../src/night/run-night.ts";
import { FakeGateways } from "../../fakes/fake-gateways.ts";
import { digest } from "../../fakes/fake-engine.ts";
import { TEST_LIMITS } from "../../fixtures/test-limits.ts";
import { ALL_HELD, GO_ON } from "../../night/night-world.ts";
import type { BackEnd, BareOptions } from "./back-end.ts";
import type { Results } from "./hostile-case.ts";
import { makeOwner, type Owner } from "./owner.ts";
import { parseTried } from "./tried.ts";

export interface AttemptOptions {
  readonly command: readonly string[];
  readonly limits?: Partial<Limits>;
  readonly verify?: readonly string[];
  readonly title?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Sees what the agent prints, with the sandbox's id. */
  readonly onLine?: (text: string, sandbox: string) => void;
  readonly onEvent?: (event: NightwardenEvent) => void;
  readonly stop?: AbortSignal;
  readonly deps?: Partial<NightDeps>;
}

/** What one attempt of a night did, as far as anybody can know. */
export interface AttemptSeen {
  readonly lines: readonly string[];
  readonly results: Results;
  readonly outcome: Outcome | undefined;
  readonly events: readonly NightwardenEvent[];
  readonly commit: ObjectId | undefined;
  eventsOf<T extends EventType>(type: T): EventData<T>[];
}

/**
 * A machine with an owner, on which real nights run: the product's flow with its real journal, outputs, repository and
 * back end, in this process, which is the supervisor.
 */
export class HostileWorld {
  readonly backEnd: BackEnd;
  readonly folder: string;
  /** What the supervisor's machine hides, in every place where people keep such a thing. */
  readonly sentinel = `Sentinel+${randomUUID()}/${randomUUID()}`;
  readonly owner: Owner;
  readonly stateDir: string;
  /** The supervisor's temporary folder. */
  readonly temporary: string;
  /** Where a program that ran on this host leaves its mark. */
  readonly marks: string;
  /** The mark of every sandbox that a night of this world has started. */
  readonly sandboxes: string[] = [];
  /** Everything that agents printed. */
  readonly printed: string[] = [];
  /** Ends every night that is still under way. */
  deadline: AbortSignal = new AbortController().signal;
  private readonly underWay = new Set<Promise<unknown>>();
  private repository_: Repository | undefined;
  private attempts = 0;
  private readonly savedEnvironment = { ...process.env };

  private constructor(backEnd: BackEnd) {
    this.backEnd = backEnd;
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), "nw-hostile-")));
    this.stateDir = join(this.folder, "workspace/.nightwarden");
    this.temporary = join(this.folder, "tmp");
    this.marks = join(this.folder, "marks");
    for (const folder of [this.temporary, this.marks]) mkdirSync(folder);
    this.owner = makeOwner(this.folder, this.sentinel);
    process.env["TMPDIR"] = this.temporary;
    process.env["NIGHTWARDEN_TEST_SENTINEL"] = this.sentinel;
  }

  static async open(backEnd: BackEnd): Promise<HostileWorld> {
    const world = new HostileWorld(backEnd);
    world.repository_ = await openRepository({
      name: "app",
      path: world.owner.repository,
      stateDir: world.stateDir,
    });
    return world;
  }

  get repository(): Repository {
    if (!this.repository_) throw new Error("the world is not open");
    return this.repository_;
  }

  async close(): Promise<void> {
    for (const name of ["TMPDIR", "NIGHTWARDEN_TEST_SENTINEL"]) {
      if (this.savedEnvironment[name] === undefined) delete process.env[name];
      else process.env[name] = this.savedEnvironment[name];
    }
    await this.backEnd.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A night with one task, whose agent is `command`. */
  async attempt(options: AttemptOptions): Promise<AttemptSeen> {
    const [seen] = await this.night([options]);
    if (!seen) throw new Error("the night had no task");
    return seen;
  }

  /** A night with a task for each of `agents`, in that order. */
  async night(agents: readonly AttemptOptions[]): Promise<AttemptSeen[]> {
    const tasks = agents.map((options) => this.task(options));
    const lines = new Map<string, string[]>(tasks.map(({ id }) => [id, []]));
    const events: NightwardenEvent[] = [];
    let sandbox = "";
    const order: NightOrder = {
      plan: { tasks, hash: digest(JSON.stringify(tasks)) },
      policy: POLICY,
      limits: POLICY.limits,
      policyHash: "hostile",
      phase: "1",
      isolation: this.backEnd.name,
      purpose: "work",
      attended: true,
      endsAt: undefined,
      crashedPid: null,
      loosened: [],
      loosenedReason: undefined,
      versions: {},
      bases: new Map([["app", "main"]]),
      verify: new Map([["app", ["true"]]]),
      onEvent: (event) => {
        events.push(event);
        if (event.type === "sandbox.started") {
          sandbox = event.data.container;
          this.sandboxes.push(this.backEnd.markOf(event.data));
        }
        for (const { onEvent } of agents) onEvent?.(event);
      },
      onProgress: () => undefined,
      onOutput: (task, text) => {
        lines.get(task)?.push(text);
        this.printed.push(text);
        agents[tasks.findIndex(({ id }) => id === task)]?.onLine?.(text, sandbox);
      },
    };
    const deps = { ...this.deps(tasks, agents), ...agents[0]?.deps };
    const stop = AbortSignal.any([this.deadline, ...(agents[0]?.stop ? [agents[0].stop] : [])]);
    const running = runNight(deps, order, stop);
    this.underWay.add(running);
    const result = await running.finally(() => this.underWay.delete(running));
    if (result?.error !== undefined) throw result.error;
    return tasks.map((task) => {
      const own = events.filter(({ data }) => (data as { task?: string }).task === task.id);
      const eventsOf = <T extends EventType>(type: T): EventData<T>[] =>
        own.filter((event) => event.type === type).map((event) => event.data as EventData<T>);
      const outcome = eventsOf("attempt.finished").at(-1)?.outcome;
      const printed = lines.get(task.id) ?? [];
      return {
        lines: printed,
        results: parseTried(printed),
        outcome,
        events,
        commit: outcome?.kind === "landed" ? outcome.commit : undefined,
        eventsOf,
      };
    });
  }

  /** Resolves when no night is under way. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.underWay);
  }

  /** Waits until something that no event tells is so; the case's deadline ends it. */
  async until(isSo: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await isSo())) await sleep(20);
  }

  /** Lets everybody else have a turn. */
  async pause(): Promise<void> {
    await sleep(50);
  }

  /** Works on another repository of the owner's meanwhile, with a state folder of its own. */
  async withRepository<T>(path: string, use: () => Promise<T>): Promise<T> {
    const own = this.repository;
    this.repository_ = await openRepository({ name: "app", path, stateDir: join(path, "../state") });
    try {
      return await use();
    } finally {
      this.repository_ = own;
    }
  }

  /** A probe in a sandbox. */
  async probe(command: readonly string[], options: Partial<AttemptOptions> = {}): Promise<Results> {
    return spoken((await this.attempt({ ...options, command })).lines);
  }

  /** The same as uid 0, with every other guard. */
  async probeAsRoot(command: readonly string[]): Promise<Results> {
    if (!this.backEnd.asRoot) throw new Error("there is no uid 0 in this back end's sandboxes");
    return spoken(await this.backEnd.asRoot(command));
  }

  /** The same where nothing guards. */
  async probeBare(command: readonly string[], options: BareOptions = {}): Promise<Results> {
    return spoken(await this.backEnd.bare(command, options));
  }

  private task(options: AttemptOptions): Task {
    this.attempts += 1;
    const id = `case-${this.attempts}` as TaskId;
    return {
      id,
      key: taskKey("app", id, digest(id)),
      title: options.title ?? `Do ${id}`,
      prompt: "do it",
      kind: "add",
      repo: "app",
      files: [],
      dependsOn: [],
      priority: 0,
      agent: id,
      verify: options.verify ?? ["true"],
      redTests: [],
      grants: NO_GRANTS,
      limits: options.limits ?? {},
    };
  }

  private deps(tasks: readonly Task[], options: readonly AttemptOptions[]): NightDeps {
    const { backEnd, stateDir } = this;
    const { under } = backEnd;
    const agents = tasks.map(
      ({ agent }, index) =>
        new CommandAgent({
          name: agent,
          command: options[index]?.command ?? [],
          env: options[index]?.env ?? {},
        }),
    );
    return {
      clock: systemClock,
      journals: createJournalStore({ stateDir, actor: "hostile", version: "0.0.0", clock: systemClock }),
      sandboxes: under.sandboxes,
      trees: under.trees,
      images: {
        ensure: async () => await Promise.resolve({ id: under.image, base: "standard", built: false }),
      },
      outputs: createOutputFiles({ stateDir, clock: systemClock }),
      repositories: new Map([["app", this.repository]]),
      checks: NO_CHECKS,
      agents: new Map(agents.map((agent) => [agent.name, agent])),
      // The sibling works at the same time: what is left is looked for when both have ended.
      residue: [],
      releaseShared: async () => await Promise.resolve(),
      gateways: new FakeGateways(),
      modelAccess: async () => await Promise.resolve(undefined),
      runProbes: async () => await Promise.resolve(),
      // The canaries are a short form of this suite, with tests of their own: here each case asks for itself.
      runCanaries: async () =>
        await Promise.resolve({ isolation: backEnd.name, image: under.image, canaries: ALL_HELD }),
      probe: async () => await Promise.resolve(),
      memory: { budgetBytes: 2 ** 40, collectorBytes: 2 ** 20, gatewayBytes: 2 ** 20 },
      newToken: () => randomUUID(),
      digest,
      random: Math.random,
    };
  }
}

const POLICY: Policy = { ...GO_ON, breakerFailures: 1000, limits: TEST_LIMITS };

/** A probe that tells nothing has failed for a reason of its own. */
function spoken(lines: readonly string[]): Results {
  const results = parseTried(lines);
  if (results.size === 0) throw new Error(`the probe told nothing: ${lines.join("\n").slice(0, 2000)}`);
  return results;
}

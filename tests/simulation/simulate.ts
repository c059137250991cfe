import { failed } from "../../src/core/attempt.ts";
import { loadPhasePolicy } from "../../src/config/load-policy.ts";
import type { NightwardenEvent } from "../../src/core/event.ts";
import { NO_GRANTS } from "../../src/core/grants.ts";
import { taskKey, type TaskId } from "../../src/core/ids.ts";
import { nextStep } from "../../src/core/next-step.ts";
import { apply, type NightState } from "../../src/core/night-state.ts";
import { messageOf, NightwardenError } from "../../src/core/nightwarden-error.ts";
import type { Task } from "../../src/core/plan.ts";
import type { Phase, Policy } from "../../src/core/policy.ts";
import type { NightDeps, NightOrder } from "../../src/night/deps.ts";
import { StopRequest } from "../../src/night/night.ts";
import { runNight } from "../../src/night/run-night.ts";
import { INVARIANTS } from "./invariants.ts";
import type { Invariant, MakeInvariant, Scene } from "./invariant.ts";
import { Ledger } from "./ledger.ts";
import type { Scenario } from "./scenario.ts";
import { SeededRandom } from "./seeded-random.ts";
import { SimProcess } from "./sim-process.ts";
import { CHECK, FULL, SimWorld } from "./sim-world.ts";

export interface Violation {
  /** The name of the invariant, a key of INVARIANTS. */
  readonly invariant: string;
  readonly message: string;
}

export interface SimulatedNights {
  readonly scenario: Scenario;
  /** The first promise that was not kept; undefined: all were. */
  readonly violation: Violation | undefined;
  /** Of all journals, in the order in which they became durable. */
  readonly events: readonly NightwardenEvent[];
  readonly nights: number;
  /** What its processes did to the world, in numbers: a kill can come at each. */
  readonly steps: number;
}

/** What of the flow is replaced, to see that an invariant notices. */
export interface BrokenRule {
  readonly deps?: (deps: NightDeps, world: SimWorld) => NightDeps;
  readonly order?: (order: NightOrder) => NightOrder;
  readonly decide?: typeof nextStep;
  /** The workers are not told that they are given up. */
  readonly isDeaf?: boolean;
}

/** What a process is about to run, and in which world. */
export interface Run {
  /** The number of the process, from 0. */
  readonly run: number;
  /** The one before it died, and has left its night open. */
  readonly isAfterDeath: boolean;
  readonly world: SimWorld;
  readonly order: NightOrder;
}

interface SimulateOptions {
  readonly invariants?: Readonly<Record<string, MakeInvariant>>;
  readonly rule?: BrokenRule;
  /** Called before each process: what it runs instead. For invariants all is as in the scenario. */
  readonly onRun?: (run: Run) => NightOrder;
}

/** Runs all nights of a scenario, the real flow in a world in memory, and stops at the first broken promise. */
export async function simulate(scenario: Scenario, options: SimulateOptions = {}): Promise<SimulatedNights> {
  return await new Simulation(
    scenario,
    policyIn(scenario, await phasePolicy(scenario.phase)),
    options,
  ).runAll();
}

class Simulation {
  private readonly scenario: Scenario;
  private readonly policy: Policy;
  private readonly rule: BrokenRule;
  private readonly onRun: NonNullable<SimulateOptions["onRun"]>;
  private readonly world: SimWorld;
  private readonly ledger = new Ledger();
  private readonly invariants: readonly (readonly [string, Invariant])[];
  private readonly events: NightwardenEvent[] = [];
  private violation: Violation | undefined;
  private stop = new AbortController();
  private eventsOfRun = 0;
  private live: NightState | undefined;
  private run = 0;
  private process: SimProcess | undefined;
  private steps = 0;
  private readonly hasGivenUp = new Set<number>();

  constructor(scenario: Scenario, policy: Policy, options: SimulateOptions) {
    this.scenario = scenario;
    this.policy = policy;
    this.rule = options.rule ?? {};
    this.onRun = options.onRun ?? (({ order }) => order);
    this.world = new SimWorld(scenario, policy);
    this.invariants = Object.entries(options.invariants ?? INVARIANTS).map(([name, make]) => [
      name,
      make(this.sceneOf(name)),
    ]);
    this.watch();
    for (const fault of scenario.faults)
      if (fault.kind === "stop")
        this.world.time.at(fault.atMs, () => this.stop.abort(new StopRequest("asked", "SIGTERM")));
  }

  async runAll(): Promise<SimulatedNights> {
    let [nights, run, isAfterDeath] = [0, 0, false];
    for (let whole = 0; whole < this.scenario.runs; run += 1) {
      const end = await this.night(run, isAfterDeath);
      nights += 1;
      if (this.violation || end === "nothing to do") break;
      isAfterDeath = end === "died";
      if (isAfterDeath) continue;
      whole += 1;
      await this.untilNextNight();
    }
    return {
      scenario: this.scenario,
      violation: this.violation,
      events: this.events,
      nights,
      steps: this.steps,
    };
  }

  /** One process, from its start to its end or its death. */
  private async night(run: number, isAfterDeath: boolean): Promise<"ended" | "nothing to do" | "died"> {
    const { scenario, world } = this;
    const death = scenario.faults.find((fault) => fault.kind === "kill" && fault.run === run);
    const process = new SimProcess({
      time: world.time,
      random: new SeededRandom(scenario.seed, "process", run),
      death: death?.kind === "kill" ? death : undefined,
    });
    const stop = new AbortController();
    this.stop = stop;
    this.eventsOfRun = 0;
    this.process = process;
    this.run = run;
    this.live = undefined;
    const told = this.onRun({ run, isAfterDeath, world, order: this.orderOf(run) });
    const order = this.rule.order?.(told) ?? told;
    if (order.windowMs !== undefined) {
      world.time.at(world.time.monotonicMs() + order.windowMs, () =>
        stop.abort(new StopRequest("time-limit", "as long as the window")),
      );
    }
    const deps = { ...world.depsOf(process), decide: this.decide };
    const state: { end: "ended" | "nothing to do" | undefined } = { end: undefined };
    const runs = async (): Promise<void> => {
      try {
        const result = await runNight(this.rule.deps?.(deps, world) ?? deps, order, stop.signal);
        if (result?.error !== undefined) this.judgeError(result.error);
        state.end = result ? "ended" : "nothing to do";
      } catch (error) {
        this.judgeError(error);
        state.end = "nothing to do";
      }
    };
    void runs(); // it never ends where the process dies
    const isOver = await world.time.run(
      () => state.end !== undefined || process.isDead || this.violation !== undefined,
    );
    this.steps += process.steps;
    if (!isOver) this.violated("ends", "nothing can happen any more, and the night has not ended");
    return state.end ?? "died";
  }

  /** A refusal and a failure of the machinery are answers; everything else is a fault of ours. */
  private judgeError(error: unknown): void {
    if (error instanceof NightwardenError && !error.code.startsWith("usage.")) return;
    const stack = error instanceof Error ? (error.stack ?? "") : "";
    this.violated("no-fault", `the night threw: ${messageOf(error)}\n${stack}`);
  }

  /** The real rules; what they decide from is looked at as well. */
  private readonly decide: typeof nextStep = (state, context) => {
    this.live = state;
    return (this.rule.decide ?? nextStep)(state, context);
  };

  private async untilNextNight(): Promise<void> {
    if (this.scenario.merges) this.world.mergeAll();
    let isMorning = false;
    this.world.time.at(this.world.time.monotonicMs() + 8 * 3_600_000, () => {
      isMorning = true;
    });
    await this.world.time.run(() => isMorning);
  }

  private sceneOf(name: string): Scene {
    const { scenario, policy, world, ledger } = this;
    const live = (): NightState | undefined => (this.process?.isDead ? undefined : this.live);
    return {
      scenario,
      policy,
      world,
      ledger,
      get live() {
        return live();
      },
      broken: (message) => this.violated(name, message),
    };
  }

  private violated(invariant: string, message: string): void {
    this.violation ??= { invariant, message };
  }

  private watch(): void {
    const { world, ledger } = this;
    world.journals.onDurable = (event, process) => {
      this.events.push(event);
      this.eventsOfRun += 1;
      if (this.violation) return;
      ledger.see(event);
      for (const [, each] of this.invariants) each.onEvent?.(event);
      this.maybeGiveUp(process);
    };
    world.time.onQuiet = () => {
      if (!this.violation) for (const [, each] of this.invariants) each.onQuiet?.();
    };
    world.engine.onJob = (request, job) => {
      for (const [, each] of this.invariants) each.onJob?.(request, job);
    };
    for (const [repo, repository] of world.repositories) {
      repository.onMoved = (night, from, to) => {
        for (const [, each] of this.invariants) each.onMoved?.(repo, night, from, to);
      };
      repository.user.onDelivered = (branch, from, to) => {
        for (const [, each] of this.invariants) each.onDelivered?.(repo, branch, from, to);
      };
    }
  }

  /** Somebody gives an attempt up, as a watch over many machines would: its worker does not know, and goes on. */
  private maybeGiveUp(process: SimProcess): void {
    const { run } = this;
    const isMeant = this.scenario.faults.some(
      (fault) => fault.kind === "give-up" && fault.run === run && fault.atEvent <= this.eventsOfRun,
    );
    if (!isMeant || this.hasGivenUp.has(run)) return;
    this.hasGivenUp.add(run);
    const { time, journals } = this.world;
    time.at(time.monotonicMs(), () => {
      // What has begun to land is not given up: whoever gives up has to ask the journal in its turn.
      if (this.live) void journals.settled(this.live.night).then(() => this.giveUp(process));
    });
  }

  private giveUp(process: SimProcess): void {
    const { live } = this;
    const attempt = [...this.ledger.open].find((each) => each.landing === undefined);
    if (process.isDead || !live || !attempt || attempt.night !== live.night) return;
    const { task, id, token } = attempt;
    const known = live.tasks.get(task as TaskId)?.attempts.at(-1);
    if (known?.attempt !== id || known.outcome) return;
    const data = { task: known.task, attempt: known.attempt, token, key: known.key, outcome: GIVEN_UP };
    const event = this.world.journals.append(live.night, { type: "attempt.finished", data }, process);
    if (!this.rule.isDeaf) apply(live, event);
  }

  private orderOf(run: number): NightOrder {
    const { scenario, policy, world } = this;
    const repos = [...world.repositories.keys()];
    const { windowMs } = scenario;
    return {
      plan: { tasks: scenario.tasks.map(taskOf), hash: "plan" },
      policy,
      limits: policy.limits,
      policyHash: "policy",
      phase: scenario.phase,
      isolation: "docker",
      purpose: "work",
      attended: windowMs === null,
      windowMs: windowMs ?? undefined,
      endsAt: windowMs === null ? undefined : new Date(world.time.now().getTime() + windowMs).toISOString(),
      crashedPid: run > 0 ? 4711 : null,
      loosened: [],
      loosenedReason: undefined,
      versions: {},
      bases: new Map(repos.map((repo) => [repo, "main"])),
      verify: new Map(repos.map((repo) => [repo, [CHECK]])),
      fullVerify: new Map(repos.map((repo) => [repo, [FULL]])),
      onEvent: () => undefined,
      onProgress: () => undefined,
      onOutput: () => undefined,
    };
  }
}

const GIVEN_UP = failed("stopped", "given up");

function taskOf({ id, repo, files, dependsOn, priority, agent }: Scenario["tasks"][number]): Task {
  const task = id as TaskId;
  return {
    key: taskKey(repo, task, "0".repeat(64)),
    id: task,
    title: `Task ${id}`,
    prompt: "Do it.",
    kind: "add",
    repo,
    files,
    dependsOn: dependsOn as TaskId[],
    priority,
    agent,
    verify: [CHECK],
    redTests: [],
    limits: {},
    grants: NO_GRANTS,
  };
}

const policies = new Map<Phase, Policy>();

/** The phase's own policy, as it is in policies/. */
export async function phasePolicy(phase: Phase): Promise<Policy> {
  const known = policies.get(phase);
  if (known) return known;
  const loaded = await loadPhasePolicy(phase);
  if (!loaded.ok) throw new TypeError(`the policy of phase ${phase} is not valid`);
  policies.set(phase, loaded.value);
  return loaded.value;
}

/** That policy, with what the scenario says. */
export function policyIn(scenario: Scenario, policy: Policy): Policy {
  return {
    ...policy,
    ...(policy.order === "dag" ? { parallel: scenario.parallel } : {}),
    checks: { ...policy.checks, replay: scenario.replay ? "required" : "off" },
  };
}

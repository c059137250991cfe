import type { EventData, NightwardenEvent } from "../../src/core/event.ts";
import { GATE_DRILLS } from "../../src/core/gate-policy.ts";
import type { NightId, TaskKey } from "../../src/core/ids.ts";
import { TASK_KINDS, type TaskKind } from "../../src/core/plan.ts";
import { PHASES, type Loosening, type Phase, type Policy } from "../../src/core/policy.ts";
import type { NightDeps, NightOrder } from "../../src/night/deps.ts";
import { MOODS, scenarioOf, type Fault, type Scenario } from "./scenario.ts";
import { SeededRandom } from "./seeded-random.ts";
import { phasePolicy, policyIn, simulate, type Run } from "./simulate.ts";
import type { SimJournals } from "./sim-journals.ts";
import { withStuckBranches } from "./with-stuck-branches.ts";

/** A workspace after one of its nights: its journals, and what its files say. */
export interface WorkspaceState {
  readonly workspace: readonly NightwardenEvent[];
  readonly nights: readonly (readonly NightwardenEvent[])[];
  readonly phase: Phase;
  readonly policyHash: string;
  readonly repositories: readonly string[];
}

interface PolicyFile {
  readonly hash: string;
  readonly loosened: readonly Loosening[];
}

const HOUR_MS = 3_600_000;

/** What windows nights of a phase have; null: as long as it takes. Some are too short for the phase's gate. */
const WINDOWS: Readonly<Record<Phase, readonly (number | null)[]>> = {
  "1": [null, 2 * HOUR_MS],
  "2a": [HOUR_MS, HOUR_MS, HOUR_MS, HOUR_MS / 2, HOUR_MS - 1],
  "2b": [2 * HOUR_MS, 4 * HOUR_MS, 4 * HOUR_MS, HOUR_MS],
  "3": [8 * HOUR_MS, 10 * HOUR_MS, null],
};

const MOODS_OF_TROUBLE = ["calm", "mixed", "mixed", "failing", "shaky"] as const;

const POLICY_FILES: readonly PolicyFile[] = [
  { hash: "policy", loosened: [] },
  { hash: "tighter", loosened: [] },
  { hash: "looser", loosened: [{ key: "breakerFailures", specified: "1", used: "2" }] },
];

/**
 * Several nights of one workspace, one after the other, as the real flow works them in a world in memory; between them a
 * person holds drills, promotes (also by force), demotes, edits the policy, asks for tasks again. Everything follows from
 * the seed. Returns the workspace as it was after each night, after each death of a supervisor, and now and then while a
 * night goes on.
 */
export async function simulateWorkspace(seed: number): Promise<WorkspaceState[]> {
  const policies = new Map<Phase, Policy>();
  for (const phase of PHASES) policies.set(phase, await phasePolicy(phase));
  const story = new WorkspaceStory(seed, policies);
  await simulate(story.scenario, {
    invariants: { "somebody looks": () => ({ onEvent: (event) => story.see(event) }) },
    rule: { deps: (deps) => story.depsOf(deps) },
    onRun: (run) => story.next(run),
  });
  story.keep();
  return story.states;
}

class WorkspaceStory {
  readonly scenario: Scenario;
  readonly states: WorkspaceState[] = [];
  private readonly random: SeededRandom;
  private readonly policies: ReadonlyMap<Phase, Policy>;
  private readonly tasksInNight: number;
  private readonly kinds: readonly TaskKind[];
  /** Nothing bad happens but by the way: else no row of nights would ever be long enough. */
  private readonly isSteady: boolean;
  private readonly isStuck: boolean;
  private readonly trusted: Phase;
  private policyFile: PolicyFile;
  private journals: SimJournals | undefined;
  private order: NightOrder | undefined;
  private planned = 0;

  constructor(seed: number, policies: ReadonlyMap<Phase, Policy>) {
    const random = new SeededRandom(seed, "workspace");
    this.random = random;
    this.policies = policies;
    this.trusted = random.pick(PHASES);
    this.isSteady = random.chance(0.5);
    this.isStuck = random.chance(0.3);
    const nights = random.int(3, 6);
    this.tasksInNight = this.trusted === "3" ? random.pick([8, 12, 12, 12]) : random.int(2, 6);
    this.kinds = TASK_KINDS.slice(0, random.int(2, 5));
    this.policyFile = random.pick(POLICY_FILES);
    const drawn = scenarioOf(seed, { tasks: nights * this.tasksInNight });
    const tasks = drawn.tasks.toSorted((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)));
    const hasDependencies = random.chance(0.3);
    this.scenario = {
      ...drawn,
      phase: "3",
      parallel: random.int(2, 4),
      tasks: tasks.map((task, at) => ({
        ...task,
        ...(hasDependencies ? {} : { dependsOn: [] }),
        // What goes back has to be red first.
        ...(this.isStuck
          ? { pair: at % 4 < 2 ? { name: Math.floor(at / 4), half: at % 2 === 0 ? 0 : 1 } : null }
          : {}),
      })),
      windowMs: null,
      runs: nights,
      // By hours or by days, so that no clock could tell which night was later.
      jumps: random.chance(0.2)
        ? [{ atMs: random.int(0, nights * 9 * HOUR_MS), byMs: -random.pick([1, 20, 50]) * HOUR_MS }]
        : [],
      ...(this.isSteady
        ? { deeds: MOODS.steady, flaky: 0, faults: [] }
        : { deeds: MOODS[random.pick(MOODS_OF_TROUBLE)], faults: [...drawn.faults, ...this.kills(nights)] }),
    };
  }

  private kills(nights: number): Fault[] {
    const { random } = this;
    return Array.from({ length: nights }, (_, run): Fault[] => {
      if (!random.chance(0.2)) return [];
      const atStep = random.int(1, 100 + this.tasksInNight * 50);
      return [{ kind: "kill", run, atStep, after: random.chance(0.5) }];
    }).flat();
  }

  /** The workspace as it is now. */
  keep(): void {
    const { journals } = this;
    if (!journals || journals.nights().length === 0) return;
    this.states.push({
      workspace: journals.read(null).events,
      nights: journals.nights().map((night) => journals.read(night).events),
      phase: phaseOf(journals),
      policyHash: this.policyFile.hash,
      repositories: [...new Set(this.scenario.tasks.map(({ repo }) => repo))],
    });
  }

  /** Somebody asks while a night goes on, always where a branch cannot go back: it costs the phase when the night ends. */
  see({ type }: NightwardenEvent): void {
    if (type === "rollback.failed" || this.random.chance(0.003)) this.keep();
  }

  /** What a night is given: in some workspaces no branch can go back. */
  depsOf(deps: NightDeps): NightDeps {
    return this.isStuck ? withStuckBranches(deps) : deps;
  }

  /** What the next process runs. */
  next(run: Run): NightOrder {
    const { journals } = run.world;
    this.journals = journals;
    this.keep();
    const before = this.order;
    if (run.isAfterDeath && before?.phase === phaseOf(journals) && this.random.chance(0.8))
      return { ...before, crashedPid: 4711 };
    if (this.planned === 0) this.trust(journals, this.trusted);
    this.actAsPerson(journals);
    this.order = this.orderOf(run);
    return this.order;
  }

  private orderOf({ order, world }: Run): NightOrder {
    const { random, policyFile, scenario } = this;
    const phase = phaseOf(world.journals);
    const now = world.time.now();
    this.planned += this.tasksInNight;
    const tasks = order.plan.tasks
      .slice(0, this.planned)
      .map((task) => ({ ...task, kind: this.kinds[Number(task.id.slice(1)) % this.kinds.length]! }));
    const specified = this.policies.get(phase)!;
    const windowMs = random.pick(WINDOWS[phase]);
    return {
      ...order,
      plan: { tasks, hash: `plan of ${this.planned}` },
      policy: policyIn(scenario, specified),
      limits: specified.limits,
      phase,
      policyHash: policyFile.hash,
      loosened: policyFile.loosened,
      purpose: random.chance(0.1) ? "demo" : "work",
      attended: random.chance(phase === "1" ? 0.7 : this.isSteady ? 0.1 : 0.25),
      isolation: random.chance(0.05) ? "user" : "docker",
      models: new Map([["alpha", [random.chance(0.05) ? "model-2" : "model-1"]]]),
      windowMs: windowMs ?? undefined,
      endsAt: windowMs === null ? undefined : new Date(now.getTime() + windowMs).toISOString(),
    };
  }

  /** What a person does by day, and what drills say of the guards. */
  private actAsPerson(journals: SimJournals): void {
    const { random } = this;
    if (random.chance(0.5))
      for (const drill of GATE_DRILLS) if (random.chance(0.85)) this.drill(journals, drill);
    if (random.chance(0.4)) this.drill(journals, "docker");
    if (random.chance(0.4)) this.requeue(journals);
    if (random.chance(this.isSteady ? 0.05 : 0.15)) this.policyFile = random.pick(POLICY_FILES);
    const phase = phaseOf(journals);
    const at = PHASES.indexOf(phase);
    if (random.chance(this.isSteady ? 0.03 : 0.08)) {
      const to = PHASES[Math.max(0, at - random.int(1, 2))]!;
      journals.say({
        type: "phase.demoted",
        data: { from: phase, to, why: "a person's wish", by: "person" },
      });
    } else if (at < PHASES.length - 1 && random.chance(0.08)) this.trust(journals, PHASES[at + 1]!);
  }

  private trust(journals: SimJournals, phase: Phase): void {
    for (
      let from = phaseOf(journals);
      PHASES.indexOf(from) < PHASES.indexOf(phase);
      from = phaseOf(journals)
    ) {
      const to = PHASES[PHASES.indexOf(from) + 1]!;
      const forced = this.random.chance(0.7) ? { reason: "by the seed", unmet: ["nights"] } : null;
      const data = { from, to, forced, policyHash: this.policyFile.hash };
      journals.say({ type: "phase.promoted", data });
    }
  }

  private drill(journals: SimJournals, drill: EventData<"drill.finished">["drill"]): void {
    const { random } = this;
    const isHeld = random.chance(0.85);
    const verdict = isHeld ? "held" : random.pick(["survived", "inconclusive"] as const);
    const answer = random.pick(["yes", "no"] as const);
    const night = `2026-11-01-d${String(journals.read(null).events.length).padStart(3, "0")}` as NightId;
    journals.say({
      type: "drill.finished",
      data: {
        drill,
        verdict: drill === "docker" && !isHeld ? "inconclusive" : verdict,
        runs: 1,
        isolation: "docker",
        image: "sha256:simulated",
        versions: {},
        durationMs: 1000,
        canaries: [],
        ...(drill !== "docker" && random.chance(0.8) ? { policyHash: this.policyFile.hash } : {}),
        of: { night, hash: "0".repeat(64) },
        ...(drill === "docker" && isHeld
          ? { trial: { answer, why: "by the seed", sandboxMs: 1000, bareMs: 1 } }
          : {}),
      },
    });
    if (verdict !== "survived" || drill === "docker") return;
    const from = phaseOf(journals);
    const to = PHASES[Math.max(0, PHASES.indexOf(from) - 1)]!;
    journals.say({ type: "phase.demoted", data: { from, to, why: "a guard did not fire", by: "guard" } });
  }

  /** A person asks for tasks again that have failed. */
  private requeue(journals: SimJournals): void {
    const keys = new Set<TaskKey>();
    for (const night of journals.nights())
      for (const { type, data } of journals.read(night).events)
        if (type === "task.finished" && (data.result === "failed" || data.result === "set-aside"))
          keys.add(data.key);
    for (const key of keys)
      if (this.random.chance(0.5))
        journals.say({ type: "task.requeued", data: { key, reason: "by the seed" } });
  }
}

function phaseOf(journals: SimJournals): Phase {
  let phase: Phase = "1";
  for (const { type, data } of journals.read(null).events)
    if (type === "phase.promoted" || type === "phase.demoted") phase = data.to;
  return phase;
}

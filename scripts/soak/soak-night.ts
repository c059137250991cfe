import { randomBytes } from "node:crypto";
import type { LoadedWorkspace } from "../../src/config/load-config.ts";
import { freeSlot } from "../../src/core/free-slot.ts";
import { newNightId } from "../../src/core/ids.ts";
import { emptyNight, type NightState } from "../../src/core/night-state.ts";
import type { Task } from "../../src/core/plan.ts";
import type { Isolation } from "../../src/core/policy.ts";
import { queueState } from "../../src/core/queue.ts";
import type { NightDeps, NightOrder } from "../../src/night/deps.ts";
import { finishNight } from "../../src/night/finish-night.ts";
import { planContext } from "../../src/night/night-context.ts";
import { NightRecord } from "../../src/night/night-record.ts";
import { newNight, type Night } from "../../src/night/night.ts";
import { openGate } from "../../src/night/open-gate.ts";
import { runAttempt } from "../../src/night/run-attempt.ts";
import { runPlan } from "../../src/night/run-plan.ts";

/**
 * A night whose first attempts run side by side, each in a place of its own. Nights do not do that by themselves yet;
 * everything in it is the night's own: the gate, the attempts, the turns that landings take, what follows an attempt,
 * and the end.
 */
export async function soakNight(options: {
  readonly deps: NightDeps;
  readonly workspace: LoadedWorkspace;
  readonly parallel: number;
  readonly isolation: Isolation;
  readonly afterAttempt: (task: string) => void;
}): Promise<NightState> {
  const { deps, workspace, parallel, isolation } = options;
  const night = await begin(deps, { ...orderOf(workspace), isolation }, workspace.plan.tasks);
  const { tasks } = workspace.plan;
  await openGate(night, tasks, {
    greenBaselines: new Set(),
    settledSets: new Map(),
    continueFrom: async () => await Promise.resolve(undefined),
  });
  const waiting = [...tasks];
  const taken = new Set<number>();
  const work = async (): Promise<void> => {
    for (let task = waiting.shift(); task; task = waiting.shift()) {
      const slot = freeSlot(taken, parallel);
      if (slot === undefined) throw new Error("more attempts at one time than there are places");
      taken.add(slot);
      await runAttempt(night, { task, number: 1, slot, isStillDue: () => true });
      taken.delete(slot);
      options.afterAttempt(task.id);
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  // What follows each attempt is decided as in any night; without retries that is its task's end.
  const history = { nights: [], workspace: [] };
  const context = await planContext(night, queueState([], []), history);
  await finishNight(night, history, await runPlan(night, context));
  await night.record.close();
  return night.record.state;
}

async function begin(deps: NightDeps, order: NightOrder, tasks: readonly Task[]): Promise<Night> {
  const id = newNightId(deps.clock.now(), deps.random);
  const record = new NightRecord(emptyNight(id), await deps.journals.open(id));
  const night = newNight({ deps, order, record, stop: new AbortController().signal });
  await record.record({
    type: "night.started",
    data: {
      purpose: "demo",
      attended: true,
      phase: order.phase,
      isolation: order.isolation,
      policyHash: order.policyHash,
      planHash: order.plan.hash,
      loosened: order.loosened.map((each) => ({ ...each })),
      versions: { soak: randomBytes(4).toString("hex") },
      tasks: tasks.map(taskData),
    },
  });
  return night;
}

function taskData({ key, id, repo, title, kind, dependsOn }: Task): {
  key: Task["key"];
  id: Task["id"];
  repo: string;
  title: string;
  kind: Task["kind"];
  dependsOn: Task["dependsOn"][number][];
} {
  return { key, id, repo, title, kind, dependsOn: [...dependsOn] };
}

function orderOf({
  plan,
  policy,
  limits,
  policyHash,
  loosened,
  config,
}: LoadedWorkspace): Omit<NightOrder, "isolation"> {
  return {
    plan,
    policy,
    limits,
    policyHash,
    phase: policy.phase,
    purpose: "demo",
    attended: true,
    endsAt: undefined,
    crashedPid: null,
    loosened,
    loosenedReason: undefined,
    versions: {},
    bases: new Map(config.repositories.map(({ name }) => [name, "main"])),
    verify: new Map(config.repositories.map(({ name, verify }) => [name, verify])),
    onEvent: () => undefined,
    onProgress: () => undefined,
    onOutput: () => undefined,
  };
}

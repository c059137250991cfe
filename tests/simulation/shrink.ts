import type { Scenario } from "./scenario.ts";
import { simulate, type BrokenRule, type SimulatedNights } from "./simulate.ts";

/** So many shorter histories are tried at most. */
const MAX_TRIES = 400;

/**
 * The shortest history in which the same promise is broken: with fewer tasks, faults and peculiarities of the world, as
 * long as it still is. What is tried follows from the failure alone, so it is the same each time.
 */
export async function shrink(
  failing: SimulatedNights,
  options: { readonly rule?: BrokenRule; readonly onTry?: (tries: number) => void } = {},
): Promise<SimulatedNights> {
  let best = failing;
  let tries = 0;
  const isShorter = async (scenario: Scenario): Promise<boolean> => {
    if (tries >= MAX_TRIES) return false;
    tries += 1;
    options.onTry?.(tries);
    const tried = await simulate(scenario, options.rule ? { rule: options.rule } : {});
    const isSame = tried.violation?.invariant === failing.violation?.invariant;
    if (!isSame || sizeOf(tried) >= sizeOf(best)) return false;
    best = tried;
    return true;
  };
  for (let before = Infinity; sizeOf(best) < before;) {
    before = sizeOf(best);
    await withoutTasks(() => best.scenario, isShorter);
    for (const simpler of simplifications(best.scenario)) {
      // What was left out stays out: each is a change of what is best now.
      await isShorter({ ...best.scenario, ...simpler });
    }
    for (const fault of best.scenario.faults)
      await isShorter({ ...best.scenario, faults: best.scenario.faults.filter((each) => each !== fault) });
  }
  return best;
}

/** Takes tasks away: half of them at once, then fewer, at last one by one. */
async function withoutTasks(
  now: () => Scenario,
  isShorter: (scenario: Scenario) => Promise<boolean>,
): Promise<void> {
  for (let size = Math.ceil(now().tasks.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < now().tasks.length && now().tasks.length > 1;) {
      const { tasks } = now();
      const left = tasks.filter((_, index) => index < from || index >= from + size);
      const ids = new Set(left.map(({ id }) => id));
      const scenario = {
        ...now(),
        tasks: left.map((task) => ({ ...task, dependsOn: task.dependsOn.filter((id) => ids.has(id)) })),
      };
      if (left.length === 0 || !(await isShorter(scenario))) from += size;
    }
  }
}

function simplifications(scenario: Scenario): Partial<Scenario>[] {
  return [
    { runs: 1 },
    { faults: [] },
    { jumps: [] },
    { windowMs: null },
    { models: false },
    { replay: false },
    { slowDisk: false },
    { isTight: false },
    { flaky: 0 },
    { parallel: 1 },
    { parallel: 2 },
    { tasks: scenario.tasks.map((task) => ({ ...task, dependsOn: [] })) },
    { tasks: scenario.tasks.map((task) => ({ ...task, files: [], priority: 0, pair: null })) },
    { tasks: scenario.tasks.map((task) => ({ ...task, edits: null })) },
  ];
}

/** Of two histories the one with fewer events is shorter; of two as long, the one whose world has fewer peculiarities. */
function sizeOf({ events, scenario }: SimulatedNights): number {
  const { tasks, faults, jumps } = scenario;
  const peculiarities =
    faults.length +
    jumps.length +
    tasks.reduce((sum, task) => sum + task.dependsOn.length + task.files.length + (task.edits ? 1 : 0), 0) +
    [
      scenario.models,
      scenario.replay,
      scenario.slowDisk,
      scenario.isTight,
      scenario.windowMs !== null,
    ].filter(Boolean).length;
  return tasks.length * 1_000_000 + events.length * 1000 + peculiarities;
}

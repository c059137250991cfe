import { newNightId } from "../../src/core/ids.ts";
import { emptyNight } from "../../src/core/night-state.ts";
import { newNight } from "../../src/night/night.ts";
import { NightRecord } from "../../src/night/night-record.ts";
import { openGate } from "../../src/night/open-gate.ts";
import { runAttempt } from "../../src/night/run-attempt.ts";
import type { runNight } from "../../src/night/run-night.ts";

/**
 * A night whose two attempts start from the same base and are both verified before either lands: the first task's lands
 * first, and the second's is made again on it. Nights do not do that by themselves yet; all else in it is a night's own.
 */
export const sideBySide: typeof runNight = async (deps, order, stop) => {
  const verified = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let count = 0;
  const id = newNightId(deps.clock.now(), deps.random);
  const journal = await deps.journals.open(id, (event) => {
    order.onEvent(event);
    if (event.type !== "verify.finished") return;
    verified[count]?.resolve();
    count += 1;
  });
  const record = new NightRecord(emptyNight(id), journal);
  const night = newNight({ deps, order, record, stop });
  const { tasks } = order.plan;
  const { purpose, attended, phase, isolation, policyHash } = order;
  await record.record({
    type: "night.started",
    data: {
      purpose,
      attended,
      phase,
      isolation,
      policyHash,
      planHash: order.plan.hash,
      loosened: [],
      versions: {},
      tasks: tasks.map(({ key, id: task, repo, title, kind }) => ({
        key,
        id: task,
        repo,
        title,
        kind,
        dependsOn: [],
      })),
    },
  });
  await openGate(night, tasks, {
    greenBaselines: new Set(),
    settledSets: new Map(),
    continueFrom: async () => await Promise.resolve(undefined),
  });
  const door = Promise.withResolvers<void>();
  const held = night.landing.take(async () => await door.promise);
  const attempts: Promise<void>[] = [];
  for (const [slot, task] of tasks.entries()) {
    const attempt = runAttempt(night, { task, number: 1, slot, isStillDue: () => true });
    attempts.push(attempt);
    // One that ends without a verify says so in its outcome.
    await Promise.race([verified[slot]?.promise, attempt]);
  }
  door.resolve();
  await Promise.all([held, ...attempts]);
  await record.close();
  return { state: record.state, error: undefined };
};

import type { NightEnd } from "../core/night-events.ts";
import { forcedPromotions, type ForcedPromotion } from "../core/forced-promotion.ts";
import { newNightId } from "../core/ids.ts";
import { stopStep } from "../core/next-step.ts";
import { emptyNight, type NightState } from "../core/night-state.ts";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import type { Task } from "../core/plan.ts";
import { queueState, selectTasks } from "../core/queue.ts";
import type { NightDeps, NightOrder } from "./deps.ts";
import { checkContainment } from "./check-containment.ts";
import { checkHealth } from "./check-health.ts";
import { cleanOld } from "./clean-old.ts";
import { finishNight } from "./finish-night.ts";
import { readHistory } from "./history.ts";
import { listNight, sealNight } from "./list-night.ts";
import { loseTrust } from "./lose-trust.ts";
import { accountBeforeAttempts, openAccount, refuseUnrepaired } from "./night-account.ts";
import { gateHistory, planContext } from "./night-context.ts";
import { NightRecord } from "./night-record.ts";
import { newNight, stopRequestOf, type Night } from "./night.ts";
import { openGate } from "./open-gate.ts";
import { runPlan } from "./run-plan.ts";
import { settleInterrupted } from "./settle-interrupted.ts";
import { waitForQuota } from "./wait-for-quota.ts";
import { withCleanUp } from "./with-clean-up.ts";

/** How a night ended. */
export interface NightResult {
  readonly state: NightState;
  /** What ended it before its tasks did: a refusal before the first agent, or a fault. It is in the journal as well. */
  readonly error: unknown;
}

/**
 * One night, from its first event to its last. Goes on with a night that a crash left open, if plan, policy and
 * isolation are what they were. Undefined where no task is left to start.
 */
export async function runNight(
  deps: NightDeps,
  order: NightOrder,
  stop: AbortSignal,
): Promise<NightResult | undefined> {
  const history = await readHistory(deps.journals);
  refuseUnrepaired(history);
  const left = history.nights.findLast((night) => night.started && !night.end);
  const goesOn = left !== undefined && isSameNight(left, order);
  if (left && !goesOn) await abandon(deps, left);
  // A night that goes on counts its own attempts itself.
  const past = history.nights.filter((night) => !goesOn || night !== left);
  const queue = queueState(past, history.workspace);
  const tasks = goesOn && left ? tasksOf(left, order) : selectTasks(order.plan.tasks, queue).toStart;
  if (tasks.length === 0) return undefined;

  const night =
    goesOn && left
      ? await reopenNight(deps, order, stop, left)
      : await beginNight(deps, order, stop, { tasks, forced: forcedPromotions(history.workspace) });
  const onStop = (): void => {
    const stopping = night.record.record({ type: "night.stopping", data: stopRequestOf(stop) });
    stopping.catch(() => undefined); // a journal that cannot be written ends the night at its next event
  };
  stop.addEventListener("abort", onStop, { once: true });
  try {
    await openAccount(night, history);
    // A night that goes on may need what it made itself.
    if (!goesOn) await cleanOld(night, history.nights);
    if (goesOn) await settleInterrupted({ record: night.record, repositories: deps.repositories });
    const open = tasks.filter((task) => night.record.state.tasks.get(task.id)?.result === undefined);
    // The quotas that the night waited for are those that the hello would meet.
    for (const pause of night.record.state.pauses.values()) await waitForQuota(night, pause, stop);
    await checkHealth(night, history);
    await checkContainment(night, open);
    await openGate(night, open, gateHistory(night, history));
    await accountBeforeAttempts(night, history);
    await finishNight(night, history, await runPlan(night, await planContext(night, queue, history)));
    return { state: night.record.state, error: undefined };
  } catch (error) {
    const ending = endOfError(error, stop);
    await finishNight(night, history, { ...ending, isFault: true });
    const isStop = ending.end === "interrupted" || ending.end === "time-limit";
    return { state: night.record.state, error: isStop ? undefined : error };
  } finally {
    stop.removeEventListener("abort", onStop);
    await night.record.close();
  }
}

async function beginNight(
  deps: NightDeps,
  order: NightOrder,
  stop: AbortSignal,
  { tasks, forced }: { readonly tasks: readonly Task[]; readonly forced: readonly ForcedPromotion[] },
): Promise<Night> {
  const id = newNightId(deps.clock.now(), deps.random);
  const journal = await deps.journals.open(id, order.onEvent);
  const record = new NightRecord(emptyNight(id), journal);
  const night = newNight({ deps, order, stop, record });
  const started = await night.record.record({
    type: "night.started",
    data: {
      purpose: order.purpose,
      attended: order.attended,
      phase: order.phase,
      isolation: order.isolation,
      policyHash: order.policyHash,
      planHash: order.plan.hash,
      loosened: order.loosened.map((each) => ({ ...each })),
      ...(order.loosenedReason === undefined ? {} : { loosenedReason: order.loosenedReason }),
      ...(forced.length === 0 ? {} : { forced: forced.map((each) => ({ ...each, unmet: [...each.unmet] })) }),
      versions: { ...order.versions },
      ...(order.policy.checkpointEvery === undefined
        ? {}
        : { checkpointEvery: order.policy.checkpointEvery }),
      tasks: tasks.map(({ key, id: task, repo, title, kind, dependsOn }) => ({
        key,
        id: task,
        repo,
        title,
        kind,
        dependsOn: [...dependsOn],
      })),
      windowMs: order.windowMs ?? null,
      agents: agentsOf(tasks, order),
    },
  });
  await listNight(deps.journals, started);
  return night;
}

async function reopenNight(
  deps: NightDeps,
  order: NightOrder,
  stop: AbortSignal,
  left: NightState,
): Promise<Night> {
  const journal = await deps.journals.open(left.night, order.onEvent);
  const record = new NightRecord(left, journal);
  const night = newNight({ deps, order, stop, record });
  const resumed = await night.record.record({
    type: "night.resumed",
    data: { crashedPid: order.crashedPid },
  });
  await listNight(deps.journals, resumed);
  return night;
}

/** A night that was left open and cannot go on, since what it is made of is another: settled, closed, and said. */
async function abandon(deps: NightDeps, left: NightState): Promise<void> {
  const record = new NightRecord(left, await deps.journals.open(left.night));
  await withCleanUp(
    async () => {
      await settleInterrupted({ record, repositories: deps.repositories });
      await loseTrust({ record, journals: deps.journals });
      const detail = "a crash left the night open, and the plan, the policy or the sandbox has changed since";
      const finished = await record.record({ type: "night.finished", data: { end: "abandoned", detail } });
      await listNight(deps.journals, finished);
      await sealNight(deps.journals, finished);
    },
    async () => await record.close(),
  );
}

/** Who may do tonight's tasks, by name, each once: what nights must share to be compared. */
function agentsOf(
  tasks: readonly Task[],
  { models, policy }: NightOrder,
): { name: string; models: string[] }[] {
  return [...new Set([...tasks.map(({ agent }) => agent), ...policy.agentFallback])]
    .toSorted()
    .map((name) => ({ name, models: [...(models?.get(name) ?? [])].toSorted() }));
}

/** What a night records of its conditions holds for all of it. */
function isSameNight({ started }: NightState, { plan, policyHash, isolation }: NightOrder): boolean {
  return (
    started?.planHash === plan.hash && started.policyHash === policyHash && started.isolation === isolation
  );
}

function tasksOf(left: NightState, order: NightOrder): Task[] {
  return order.plan.tasks.filter((task) => left.tasks.has(task.id));
}

function endOfError(error: unknown, stop: AbortSignal): { end: NightEnd; detail: string } {
  if (stop.aborted && error instanceof Error && error.name === "AbortError")
    return stopStep(stopRequestOf(stop).why);
  const isRefusal = error instanceof NightwardenError && error.code.startsWith("refused.");
  return { end: isRefusal ? "refused" : "infra", detail: messageOf(error) };
}

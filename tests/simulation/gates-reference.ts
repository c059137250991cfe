import type { EventData, NightwardenEvent } from "../../src/core/event.ts";
import type { Criterion } from "../../src/core/gate-criterion.ts";
import type { GateFacts } from "../../src/core/gate-evidence.ts";

/** What of a criterion is compared: everything but the words and the events behind it. */
export type ReferenceCriterion = Pick<
  Criterion,
  "criterion" | "bound" | "needed" | "measured" | "sample" | "met"
>;

/** One night of work in the phase, by its own events. */
interface Night {
  readonly started: EventData<"night.started">;
  readonly events: readonly NightwardenEvent[];
}

/** How a task left a night: only what landed and what failed is in any number. */
interface Result {
  readonly key: string;
  readonly kind: string;
  readonly landed: boolean;
}

/**
 * The gate as docs/phases.md words it, sentence by sentence, and not as src/core has it: nothing of it is shared, nothing
 * is kept from one question to the next, and every number is counted anew from the events. It is slow, and short enough to
 * be read beside the page.
 */
export function referenceGate(facts: GateFacts): ReferenceCriterion[] {
  const { gate } = facts.policy;
  const drills = drillsSince(facts);
  const nights = nightsOfWork(facts);
  const counted = nights.filter((night) => countsAsNight(night, facts));
  const results = lastResults(nights, facts);
  const landed = results.filter((each) => each.landed);
  const asked: (ReferenceCriterion | undefined)[] = [
    atLeast("landed-tasks", gate.landedTasks, landed.length, { of: results.length, what: "tasks" }),
    atLeast("kinds", gate.kinds, new Set(landed.map(({ kind }) => kind)).size, {
      of: landed.length,
      what: "tasks",
    }),
    ...(gate.drills ?? []).map((drill) => {
      const runs = drills.filter((each) => each.drill === drill);
      const last = runs.at(-1);
      // One that does not say under which policy is of an earlier version.
      const isInForce = last?.policyHash === undefined || last.policyHash === facts.policyHash;
      const held = last?.verdict === "held" && isInForce ? 1 : 0;
      return atLeast(`drill-${drill}`, 1, held, { of: runs.length, what: "drills" });
    }),
    dockerTrial(drills, gate.dockerTrial),
    atLeast("nights", gate.nights, counted.length, { of: nights.length, what: "nights" }),
    atLeast(
      "tasks-in-night",
      gate.tasksInNight,
      most(counted.map((night) => resultsOf(night, facts).length)),
      {
        of: counted.length,
        what: "nights",
      },
    ),
    landedShare(results, facts),
    atLeast("nights-in-a-row", gate.nightsInARow, nightsInARow(nights, facts), {
      of: nights.length,
      what: "nights",
    }),
    atMost("caps-reached", gate.capsReached, sum(nights.map(capsOf)), nights.length),
    atMost("abnormal-ends", gate.abnormalEnds, nights.filter(isAbnormal).length, nights.length),
    atMost("failed-rollbacks", gate.failedRollbacks, sum(nights.map(failedRollbacksOf)), nights.length),
  ];
  return asked.filter((each) => each !== undefined);
}

function atLeast(
  criterion: Criterion["criterion"],
  needed: number | undefined,
  measured: number,
  sample: Criterion["sample"],
): ReferenceCriterion | undefined {
  if (needed === undefined) return undefined; // this gate does not ask for it
  return { criterion, bound: "at-least", needed, measured, sample, met: measured >= needed };
}

function atMost(
  criterion: Criterion["criterion"],
  needed: number | undefined,
  measured: number,
  nights: number,
): ReferenceCriterion | undefined {
  if (needed === undefined) return undefined;
  const sample = { of: nights, what: "nights" } as const;
  return { criterion, bound: "at-most", needed, measured, sample, met: measured <= needed };
}

/** Since the last promotion or demotion, also one in phase 1 that had no way down; -1: there was none. */
function entryOf(workspace: readonly NightwardenEvent[]): number {
  for (let at = workspace.length - 1; at >= 0; at -= 1)
    if (workspace[at]?.type === "phase.promoted" || workspace[at]?.type === "phase.demoted") return at;
  return -1;
}

function drillsSince({ workspace }: GateFacts): EventData<"drill.finished">[] {
  const after = workspace.slice(entryOf(workspace) + 1);
  return after.flatMap((event) => (event.type === "drill.finished" ? [event.data] : []));
}

/**
 * Nights of work in this phase since it was entered. Which came after that is told by the workspace's own list; only a night
 * that it does not name is taken by its time, before those that it names.
 */
function nightsOfWork({ workspace, nights, policy }: GateFacts): Night[] {
  const entry = entryOf(workspace);
  const placed: { readonly place: number; readonly at: string; readonly night: Night }[] = [];
  for (const events of nights) {
    const [first] = events;
    if (first?.type !== "night.started") continue;
    const { data: started, at, night } = first;
    if (started.purpose !== "work" || started.phase !== policy.phase) continue;
    const place = workspace.findIndex(
      (event) => event.type === "night.listed" && event.data.listed === night,
    );
    const isSince = place === -1 ? entry === -1 || at >= workspace[entry]!.at : place > entry;
    if (isSince) placed.push({ place, at, night: { started, events } });
  }
  placed.sort((a, b) => a.place - b.place || (a.at < b.at ? -1 : 1));
  return placed.map(({ night }) => night);
}

function endOf({ events }: Night): EventData<"night.finished">["end"] | undefined {
  for (const event of events) if (event.type === "night.finished") return event.data.end;
  return undefined;
}

/** Whatever its end: a night that a crash cut off, that left what could not be removed, or whose branch could not be moved back. */
function isAbnormal(night: Night): boolean {
  const end = endOf(night);
  const isAbnormalEnd =
    end === "breaker" ||
    end === "auth" ||
    end === "infra" ||
    end === "leak" ||
    end === "rollback-failed" ||
    end === "abandoned";
  const hasCrashed = night.events.some(({ type }) => type === "night.resumed");
  const hasLeaked = night.events.some(
    ({ type, data }) => type === "account.taken" && data.verdict === "leaked",
  );
  return isAbnormalEnd || hasCrashed || hasLeaked || failedRollbacksOf(night) > 0;
}

function failedRollbacksOf({ events }: Night): number {
  return events.filter(({ type }) => type === "rollback.failed").length;
}

function capsOf({ events }: Night): number {
  return events.filter(
    ({ type, data }) =>
      type === "attempt.finished" && data.outcome.kind === "failed" && data.outcome.reason.startsWith("cap-"),
  ).length;
}

/** Nobody watched it, its window was long enough, a task landed or failed, and it ended normally; under the policy in force. */
function countsAsNight(night: Night, facts: GateFacts): boolean {
  const { started } = night;
  const end = endOf(night);
  const isNormal = end === "queue-empty" || end === "time-limit" || end === "quota";
  return (
    !started.attended &&
    isLongEnough(started, facts) &&
    resultsOf(night, facts).length > 0 &&
    isNormal &&
    !isAbnormal(night) &&
    started.policyHash === facts.policyHash
  );
}

/** null is as long as it takes; one that does not say is not known to have been long enough. */
function isLongEnough({ windowMs }: EventData<"night.started">, { policy }: GateFacts): boolean {
  const { nightLength } = policy.gate;
  if (nightLength === undefined || windowMs === null) return true;
  return windowMs !== undefined && windowMs >= nightLength;
}

/** Tasks of configured repositories that landed or failed in a night, each once, in the order in which they did. */
function resultsOf({ started, events }: Night, { repositories }: GateFacts): Result[] {
  const found: Result[] = [];
  for (const task of started.tasks) {
    if (!repositories.includes(task.repo)) continue;
    let isLanded = false;
    let hasFailed = false;
    for (const { type, data } of events) {
      if (type === "landing.finished" && data.task === task.id) [isLanded, hasFailed] = [true, false];
      if (type === "landing.revoked" && data.task === task.id) isLanded = false;
      if (type === "task.finished" && data.task === task.id && data.result === "failed") hasFailed = true;
    }
    if (isLanded || hasFailed) found.push({ key: task.key, kind: task.kind, landed: isLanded });
  }
  const lastOf = ({ key }: Result): number => {
    const { id } = started.tasks.find((task) => task.key === key)!;
    return events.findLastIndex(
      ({ type, data }) =>
        (type === "landing.finished" && data.task === id) ||
        (type === "task.finished" && data.task === id && data.result === "failed"),
    );
  };
  return found.sort((a, b) => lastOf(a) - lastOf(b));
}

/** Over all nights whose policy is the one in force, or was not looser than the phase: each task with its last result. */
function lastResults(nights: readonly Night[], facts: GateFacts): Result[] {
  const all = nights
    .filter(({ started }) => started.policyHash === facts.policyHash || started.loosened.length === 0)
    .flatMap((night) => resultsOf(night, facts));
  return all.filter(({ key }, at) => !all.slice(at + 1).some((later) => later.key === key));
}

/** A verdict is one whatever it says; a trial that could not tell has none, and takes none away. */
function dockerTrial(
  drills: readonly EventData<"drill.finished">[],
  isAsked: boolean | undefined,
): ReferenceCriterion | undefined {
  const trials = drills.filter(({ drill }) => drill === "docker");
  const verdicts = trials.filter(({ trial }) => trial !== undefined);
  const sample = { of: trials.length, what: "drills" } as const;
  return atLeast("docker-trial", isAsked ? 1 : undefined, verdicts.length > 0 ? 1 : 0, sample);
}

/** In whole tasks: 80 % of 20 are 16. Fewer than those are no sample. */
function landedShare(results: readonly Result[], { policy }: GateFacts): ReferenceCriterion | undefined {
  const { landedShare: share, lastTasks: of } = policy.gate;
  if (share === undefined || of === undefined) return undefined;
  const last = results.slice(-of);
  const landed = last.filter((each) => each.landed).length;
  let needed = 0;
  while (needed / of < share) needed += 1;
  return {
    criterion: "landed-share",
    bound: "at-least",
    needed,
    measured: landed,
    sample: { of: last.length, what: "tasks" },
    met: last.length === of && landed >= needed,
  };
}

/**
 * Nights at that level, the last of them first: tasks enough, of which that part landed, no more caps than
 * may be, no abnormal end, all under the same conditions.
 */
function nightsInARow(nights: readonly Night[], facts: GateFacts): number {
  let row = 0;
  let conditions: string | undefined;
  for (const night of nights.toReversed()) {
    if (isNeither(night, facts)) continue;
    const mine = conditionsOf(night);
    if (!isAtLevel(night, facts) || (conditions !== undefined && mine !== conditions)) break;
    conditions = mine;
    row += 1;
  }
  return row;
}

/**
 * A night that a person watched or stopped, or in which nothing was tried, and one whose end is not known yet; but what speaks
 * against the workspace does so in any night.
 */
function isNeither(night: Night, facts: GateFacts): boolean {
  if (isAbnormal(night) || hasTooManyCaps(night, facts)) return false;
  const end = endOf(night);
  const isTried = night.events.some(({ type }) => type === "attempt.started");
  return night.started.attended || end === "interrupted" || end === undefined || !isTried;
}

/** For a gate that asks for caps at all. */
function hasTooManyCaps(night: Night, { policy }: GateFacts): boolean {
  const { capsReached } = policy.gate;
  return capsReached !== undefined && capsOf(night) > capsReached;
}

function isAtLevel(night: Night, facts: GateFacts): boolean {
  const { tasksInNight = 1, landedShare: share = 0 } = facts.policy.gate;
  const results = resultsOf(night, facts);
  const landed = results.filter((each) => each.landed).length;
  return (
    countsAsNight(night, facts) &&
    results.length >= tasksInNight &&
    landed / results.length >= share &&
    !hasTooManyCaps(night, facts)
  );
}

function conditionsOf({ started }: Night): string {
  const { phase, policyHash, agents, isolation } = started;
  return JSON.stringify({ phase, policyHash, agents, isolation });
}

function most(values: readonly number[]): number {
  return values.reduce((a, b) => (a > b ? a : b), 0);
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

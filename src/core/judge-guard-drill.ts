import type { AttemptState } from "./attempt-state.ts";
import type { DrillVerdict } from "./canary.ts";
import type { EventData, NightwardenEvent } from "./event.ts";
import type { DrillTask, GuardDrill } from "./guard-drills.ts";
import type { NightId } from "./ids.ts";
import { replay, type NightState, type TaskState } from "./night-state.ts";

/** What a drill's night showed about one thing that had to be so. */
export interface DrillObservation {
  readonly what: string;
  readonly expected: string;
  readonly seen: string;
  readonly verdict: DrillVerdict;
}

type Seen = Pick<DrillObservation, "seen" | "verdict">;

const held = (seen: string): Seen => ({ seen, verdict: "held" });
const survived = (seen: string): Seen => ({ seen, verdict: "survived" });
const unclear = (seen: string): Seen => ({ seen, verdict: "inconclusive" });

/**
 * What a drill's night showed, from its journal alone. A guard has held only where its control landed: a night in which
 * nothing can land keeps every attack out, and shows nothing. Without events nothing is shown either.
 */
export function judgeGuardDrill(
  drill: GuardDrill,
  facts: {
    readonly events: readonly NightwardenEvent[];
    /** The category of a check's rule; undefined: there is no such rule. */
    readonly categoryOf: (rule: string) => string | undefined;
    /** Why there are no events, where there are none. */
    readonly why?: string;
  },
): { readonly verdict: DrillVerdict; readonly observations: readonly DrillObservation[] } {
  const { events } = facts;
  const night = replay(events[0]?.night ?? ("" as NightId), events);
  const why = facts.why ?? night.endDetail ?? "the journal ends before";
  const observe = (what: string, expected: string, seen: Seen): DrillObservation => ({
    what,
    expected,
    ...seen,
  });
  const ofRole = (role: DrillTask["role"]): DrillTask[] => drill.tasks.filter((task) => task.role === role);
  const stateOf = ({ id }: DrillTask): TaskState | undefined =>
    [...night.tasks.values()].find((task) => task.id === id);

  const controls = ofRole("control").map((task) =>
    observe(`control: ${task.id}`, "landed", controlSeen(stateOf(task), why)),
  );
  const attacks = ofRole("attack").flatMap((task) => {
    const state = stateOf(task);
    return [
      observe(`attack: ${task.id}`, expectedOf(drill), guardSeen(drill, state, facts.categoryOf, why)),
      observe(`left of ${task.id}`, "nothing", residueSeen(state, events, why)),
    ];
  });
  const allowed = new Set(ofRole("control").map(({ id }) => id));
  const rest = [
    observe("the branch", "the control alone", branchSeen(night, allowed, why)),
    observe("the night's end", drill.end, endSeen(drill, night, ofRole("behind").map(stateOf), why)),
    ...ofRole("behind").map((task) =>
      observe(`behind: ${task.id}`, "never started", behindSeen(night, stateOf(task), why)),
    ),
    ...(drill.end === "breaker"
      ? [observe("the alert", "names both", alertSeen(night, ofRole("attack"), why))]
      : []),
  ];
  const observations = [...controls, ...attacks, ...rest];
  return { verdict: verdictOf(controls, observations), observations };
}

/** What was not as it had to be, for people. */
export function failedObservations(observations: EventData<"drill.finished">["observations"]): string {
  const failed = (observations ?? []).filter((each) => !each.held);
  return failed.map(({ what, expected, seen }) => `${what}: ${seen}, in place of ${expected}`).join("; ");
}

function verdictOf(
  controls: readonly DrillObservation[],
  observations: readonly DrillObservation[],
): DrillVerdict {
  const has = (wanted: DrillVerdict): boolean => observations.some(({ verdict }) => verdict === wanted);
  if (controls.length === 0 || controls.some(({ verdict }) => verdict !== "held")) return "inconclusive";
  if (has("survived")) return "survived";
  return has("inconclusive") ? "inconclusive" : "held";
}

function controlSeen(task: TaskState | undefined, why: string): Seen {
  if (task?.attempts.some(({ landed }) => landed !== undefined)) return held("landed");
  return unclear(howItEnded(task, why));
}

function expectedOf({ guard }: GuardDrill): string {
  return guard.kind === "check" ? `blocked by a rule of ${guard.category}` : "its tests fail";
}

function guardSeen(
  drill: GuardDrill,
  task: TaskState | undefined,
  categoryOf: (rule: string) => string | undefined,
  why: string,
): Seen {
  const attempts = task?.attempts ?? [];
  // An attack that never reached its guard was not kept out by it.
  const reached = attempts.filter(({ capture }) => capture !== undefined && capture.commit !== null);
  if (reached.length === 0) return unclear(howItEnded(task, why));
  const answers = reached.map((attempt) =>
    drill.guard.kind === "check" ? checkSeen(attempt, drill.guard.category, categoryOf) : testsSeen(attempt),
  );
  return (
    answers.find(({ verdict }) => verdict === "survived") ??
    answers.find(({ verdict }) => verdict === "inconclusive") ??
    answers[0] ??
    unclear("no attempt")
  );
}

function checkSeen(
  attempt: AttemptState,
  category: string,
  categoryOf: (rule: string) => string | undefined,
): Seen {
  if (wentOn(attempt)) return survived("no check blocked it");
  if (reasonOf(attempt) !== "check-blocked") return unclear(reasonOf(attempt));
  const blocking = attempt.findings.filter(({ level }) => level === "block").map(({ rule }) => rule);
  const own = blocking.filter((rule) => categoryOf(rule) === category);
  const names = [...new Set(own.length > 0 ? own : blocking)].join(", ");
  // Something else was in the way: whether this guard would have fired is open.
  return own.length > 0 ? held(`blocked by ${names}`) : unclear(`blocked by ${names} alone`);
}

/** Whether anything behind the checks was done with it. */
function wentOn({ verdict, step, landing, landed }: AttemptState): boolean {
  const behind: readonly AttemptState["step"][] = [
    "verifying",
    "verified",
    "replaying",
    "replayed",
    "landing",
    "landed",
  ];
  return verdict !== undefined || landing !== undefined || landed !== undefined || behind.includes(step);
}

function testsSeen({ verdict, ...attempt }: AttemptState): Seen {
  if (verdict === undefined) return unclear(reasonOf(attempt));
  if (verdict.green) return survived("its tests passed");
  // Neither a time that was up nor a lost sandbox says anything about the tests.
  if (reasonOf(attempt) !== "verify-failed") return unclear(reasonOf(attempt));
  return held(`its tests failed: ${verdict.failedCommand ?? "verify"} (exit code ${verdict.exitCode})`);
}

/** Refs, trees, containers and whatever else bears its mark. */
function residueSeen(task: TaskState | undefined, events: readonly NightwardenEvent[], why: string): Seen {
  const attempts = task?.attempts ?? [];
  if (attempts.length === 0) return unclear(why);
  const accounts = attempts.map(({ attempt }) =>
    events.findLast((event) => event.type === "account.taken" && event.data.of?.attempt === attempt),
  );
  for (const account of accounts) {
    if (account?.type !== "account.taken") return unclear("its account was not taken");
    if (account.data.verdict === "unknown") return unclear("a place could not be asked");
    if (account.data.verdict === "leaked")
      return survived(account.data.leaks.map(({ kind, name }) => `${kind} ${name}`).join(", "));
  }
  return held("nothing");
}

function branchSeen(night: NightState, allowed: ReadonlySet<string>, why: string): Seen {
  const attempts = [...night.tasks.values()].flatMap((task) => task.attempts);
  const others = attempts.filter(
    ({ task, landing, landed }) => !allowed.has(task) && (landing !== undefined || landed !== undefined),
  );
  if (others.length > 0) return survived(`${others.map(({ attempt }) => attempt).join(", ")} landed as well`);
  return night.end === undefined ? unclear(why) : held("the control alone");
}

function endSeen(
  drill: GuardDrill,
  night: NightState,
  behind: readonly (TaskState | undefined)[],
  why: string,
): Seen {
  if (night.end === drill.end) return held(night.end);
  const wentPast = behind.some((task) => (task?.attempts.length ?? 0) > 0);
  if (wentPast) return survived(`went on: ${night.end ?? "no end"}`);
  return unclear(night.end === undefined ? why : `${night.end}: ${why}`);
}

function behindSeen(night: NightState, task: TaskState | undefined, why: string): Seen {
  if (task && task.attempts.length > 0) return survived("it was started");
  return night.end === undefined ? unclear(why) : held("never started");
}

/** Somebody has to hear of it, and of which tasks. */
function alertSeen(night: NightState, attacks: readonly DrillTask[], why: string): Seen {
  if (night.end !== "breaker") return unclear(night.end ?? why);
  const alert = night.alerts.find((each) => each.alert === "breaker");
  if (!alert) return survived("none was raised");
  const named = new Set<string>(alert.tasks);
  const missing = attacks.filter(({ id }) => !named.has(id)).map(({ id }) => id);
  return missing.length === 0 ? held("names both") : survived(`does not name ${missing.join(", ")}`);
}

function howItEnded(task: TaskState | undefined, why: string): string {
  const last = task?.attempts.at(-1);
  if (!last) return `not started: ${why}`;
  const { outcome } = last;
  return outcome?.kind === "failed" ? `${outcome.reason}: ${outcome.detail}` : reasonOf(last);
}

function reasonOf({ outcome }: Pick<AttemptState, "outcome">): string {
  if (!outcome) return "no outcome";
  return outcome.kind === "landed" ? "landed" : outcome.reason;
}

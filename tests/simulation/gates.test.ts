import { beforeAll, describe, expect, test } from "vitest";
import { failed } from "../../src/core/attempt.ts";
import type { NightwardenEvent } from "../../src/core/event.ts";
import { CRITERIA, type CriterionName } from "../../src/core/gate-criterion.ts";
import type { GateFacts } from "../../src/core/gate-evidence.ts";
import type { GatePolicy } from "../../src/core/gate-policy.ts";
import { gateReport } from "../../src/core/gates.ts";
import type { NightId } from "../../src/core/ids.ts";
import { PHASES, type Phase } from "../../src/core/policy.ts";
import { referenceGate, type ReferenceCriterion } from "./gates-reference.ts";
import { phasePolicy } from "./simulate.ts";
import { simulateWorkspace, type WorkspaceState } from "./simulate-workspace.ts";

const WORKSPACES = 300;
/** Of so many, the journals are kept for the broken gates. */
const KEPT = 100;
const FIRST_SEED = 2_000_000;

/** Every condition at once, and each so low that it is met in some workspaces. */
const LOW: GatePolicy = {
  landedTasks: 2,
  kinds: 2,
  drills: ["two-failures", "failing-test"],
  nights: 1,
  nightLength: 30 * 60_000,
  dockerTrial: true,
  tasksInNight: 2,
  landedShare: 0.65,
  lastTasks: 4,
  nightsInARow: 2,
  capsReached: 1,
  abnormalEnds: 1,
  failedRollbacks: 0,
};

const gates = new Map<Phase, GatePolicy>();
const kept: GateFacts[] = [];
const verdicts = new Map<CriterionName, { met: number; unmet: number }>();
let compared = 0;
const differing: string[] = [];

/** What a workspace is asked: by the gates of all phases as they are in policies/, and by one with everything in it. */
function factsOf(state: WorkspaceState): GateFacts[] {
  const { phase } = state;
  const own = { ...state, loosened: [], policy: { phase, gate: gates.get(phase)! } };
  const low = { ...own, policy: { phase, gate: LOW } };
  return [
    own,
    ...PHASES.filter((each) => each !== phase).map((each) => ({
      ...own,
      policy: { phase: each, gate: gates.get(each)! },
    })),
    low,
    { ...low, policyHash: "looser", repositories: ["app"], nights: state.nights.toReversed() },
  ];
}

function comparable(criteria: readonly ReferenceCriterion[]): ReferenceCriterion[] {
  return criteria
    .map(({ criterion, bound, needed, measured, sample, met }) => ({
      criterion,
      bound,
      needed,
      measured,
      sample,
      met,
    }))
    .sort((a, b) => CRITERIA.indexOf(a.criterion) - CRITERIA.indexOf(b.criterion));
}

/** Where a gate says something else than the reference; undefined: nowhere. */
function difference(
  facts: GateFacts,
  gate: (facts: GateFacts) => GateFacts = (as) => as,
): string | undefined {
  const [ours, reference] = [comparable(gateReport(gate(facts)).criteria), comparable(referenceGate(facts))];
  if (JSON.stringify(ours) === JSON.stringify(reference)) return undefined;
  const at = ours.findIndex((each, index) => JSON.stringify(each) !== JSON.stringify(reference[index]));
  return `phase ${facts.policy.phase}: ${JSON.stringify(ours[at])}, and by the reference ${JSON.stringify(reference[at])}`;
}

beforeAll(async () => {
  for (const phase of PHASES) gates.set(phase, (await phasePolicy(phase)).gate);
  for (let seed = FIRST_SEED; seed < FIRST_SEED + WORKSPACES; seed += 1) {
    for (const state of await simulateWorkspace(seed)) {
      const all = factsOf(state);
      for (const facts of all) {
        compared += 1;
        const found = difference(facts);
        if (found !== undefined)
          differing.push(`seed ${seed}, after ${state.nights.length} nights, ${found}`);
      }
      // As the workspace itself is asked.
      for (const { criterion, met } of gateReport(all[0]!).criteria) {
        const count = verdicts.get(criterion) ?? { met: 0, unmet: 0 };
        verdicts.set(criterion, count);
        count[met ? "met" : "unmet"] += 1;
      }
      if (seed < FIRST_SEED + KEPT) kept.push(all[0]!, ...all.slice(-2));
    }
  }
}, 240_000);

describe("the gates", () => {
  test("say after every night of 300 workspaces what the slow reference says, criterion by criterion", () => {
    expect(differing.slice(0, 5)).toEqual([]);
    expect(compared).toBeGreaterThan(5000);
  });

  test.each(CRITERIA)("are looked at where %s is met, and where it is not", (criterion) => {
    const { met, unmet } = verdicts.get(criterion) ?? { met: 0, unmet: 0 };
    expect(Math.min(met, unmet), `${met} met, ${unmet} unmet`).toBeGreaterThanOrEqual(5);
  });
});

/** Changes what the gate is told of the nights, so that it counts what it must not, and is noticed by the reference. */
const withNights =
  (change: (event: NightwardenEvent) => NightwardenEvent | undefined) =>
  (facts: GateFacts): GateFacts => ({
    ...facts,
    nights: facts.nights.map((events) => events.flatMap((event) => change(event) ?? [])),
  });
const withStart = (
  more: Partial<Extract<NightwardenEvent, { type: "night.started" }>["data"]>,
): ((facts: GateFacts) => GateFacts) =>
  withNights((event) =>
    event.type === "night.started" ? { ...event, data: { ...event.data, ...more } } : event,
  );

const BROKEN: Readonly<Record<string, (facts: GateFacts) => GateFacts>> = {
  "counts demonstrations": withStart({ purpose: "work" }),
  "counts nights that somebody watched": withStart({ attended: false }),
  "counts nights whose window was too short": withStart({ windowMs: null }),
  "counts nights of an earlier phase": (facts) =>
    withStart({ phase: facts.policy.phase })(withoutEntry(facts)),
  "counts drills from before the phase": (facts) => withoutEntry(facts),
  "counts nights under another policy": (facts) => withStart({ policyHash: facts.policyHash })(facts),
  "counts tasks of a looser policy": withStart({ loosened: [] }),
  "counts repositories that are not configured": (facts) => ({ ...facts, repositories: ["app", "lib"] }),
  "counts one task once for each night": (facts) => ({
    ...facts,
    nights: facts.nights.map((events, at) =>
      events.map((event) =>
        event.type === "night.started"
          ? {
              ...event,
              data: {
                ...event.data,
                tasks: event.data.tasks.map((task) => ({
                  ...task,
                  key: `${task.key}-${at}` as typeof task.key,
                })),
              },
            }
          : "key" in event.data && "task" in event.data
            ? ({
                ...event,
                data: { ...event.data, key: `${String(event.data.key)}-${at}` },
              } as NightwardenEvent)
            : event,
      ),
    ),
  }),
  "counts landings that were taken back": withNights((event) =>
    event.type === "landing.revoked" ? undefined : event,
  ),
  "counts the nights and the caps of drills": (facts) => ({
    ...facts,
    nights: [
      ...facts.nights,
      ...facts.workspace.flatMap((event) =>
        event.type === "drill.finished" && event.data.of
          ? [scratchNight(event, event.data.of.night, facts)]
          : [],
      ),
    ],
  }),
  "counts a night that a crash cut off as any other": withNights((event) =>
    event.type === "night.resumed" ? undefined : event,
  ),
  "does not see caps": withNights((event) =>
    event.type === "attempt.finished" && event.data.outcome.kind === "failed"
      ? { ...event, data: { ...event.data, outcome: failed("verify-failed", "") } }
      : event,
  ),
  "does not see a branch that could not go back": withNights((event) =>
    event.type === "rollback.failed" ? undefined : event,
  ),
  "does not see faults of nights that somebody watched": (facts) => ({
    ...facts,
    nights: facts.nights.filter(([first]) => first?.type !== "night.started" || !first.data.attended),
  }),
  "takes a drill that held once for one that holds": (facts) => ({
    ...facts,
    workspace: facts.workspace.filter(
      (event) =>
        event.type !== "drill.finished" || event.data.drill === "docker" || event.data.verdict === "held",
    ),
  }),
  "takes a drill under another policy for one under this": (facts) => ({
    ...facts,
    workspace: facts.workspace.map((event) =>
      event.type === "drill.finished" ? { ...event, data: { ...event.data, policyHash: undefined } } : event,
    ),
  }),
  "takes any Docker trial for a verdict": (facts) => ({
    ...facts,
    workspace: facts.workspace.map((event) =>
      event.type === "drill.finished" && event.data.drill === "docker"
        ? {
            ...event,
            data: {
              ...event.data,
              verdict: "held",
              trial: { answer: "yes", why: "", sandboxMs: 1, bareMs: 1 },
            },
          }
        : event,
    ),
  }),
  "takes any end for a normal one": withNights((event) =>
    event.type === "night.finished" ? { ...event, data: { ...event.data, end: "queue-empty" } } : event,
  ),
  "does not look at the models": withStart({ agents: [] }),
  "does not look at the isolation": withStart({ isolation: "docker" }),
  "orders nights by the clock": (facts) => ({
    ...facts,
    workspace: facts.workspace.filter(({ type }) => type !== "night.listed"),
  }),
};

describe("a gate that is broken on purpose is noticed, one that", () => {
  test.each(Object.entries(BROKEN))("%s", (_, broken) => {
    const noticed = kept.find((facts) => difference(facts, broken) !== undefined);
    if (!noticed) throw new Error("no workspace has shown it");
    expect(difference(noticed)).toBeUndefined();
  });
});

function withoutEntry(facts: GateFacts): GateFacts {
  const workspace = facts.workspace.filter(
    ({ type }) => type !== "phase.promoted" && type !== "phase.demoted",
  );
  return { ...facts, workspace };
}

/** What a drill's night in its scratch workspace could be: one attempt, which reached a cap. */
function scratchNight(
  { at, workspace, stream }: NightwardenEvent,
  night: NightId,
  { policy, policyHash, repositories }: GateFacts,
): NightwardenEvent[] {
  const [repo = "app"] = repositories;
  const [task, key] = ["attack", `${repo}/attack@${night}`] as [never, never];
  const facts = [
    {
      type: "night.started",
      data: {
        purpose: "work",
        attended: false,
        phase: policy.phase,
        isolation: "docker",
        policyHash,
        loosened: [],
        planHash: "p",
        versions: {},
        tasks: [{ key, id: task, repo, title: "An attack", kind: "add", dependsOn: [] }],
        windowMs: null,
      },
    },
    {
      type: "attempt.finished",
      data: { task, attempt: "attack.1", token: "t", key, outcome: failed("cap-wall-clock", "") },
    },
    { type: "task.finished", data: { task, key, result: "failed", detail: "" } },
    { type: "night.finished", data: { end: "queue-empty", detail: "" } },
  ];
  const envelope = { v: 1, stream, workspace, at, night, actor: "drill", prev: "", hash: "" };
  return facts.map((fact, seq) => ({ ...envelope, seq, ...fact }) as unknown as NightwardenEvent);
}

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { failed } from "../../src/core/attempt.ts";
import type { Fact } from "../../src/core/event.ts";
import type { Criterion, CriterionName } from "../../src/core/gate-criterion.ts";
import type { GateFacts } from "../../src/core/gate-evidence.ts";
import type { GatePolicy } from "../../src/core/gate-policy.ts";
import { gateReport } from "../../src/core/gates.ts";
import { demotionFrom } from "../../src/core/phase-state.ts";
import type { Task } from "../../src/core/plan.ts";
import { GateStory, IN_FORCE, tasksOf } from "../fixtures/gate-story.ts";
import { BASE, begun, commitOf, ended, refOf } from "../fixtures/night-story.ts";

const HOUR_MS = 3_600_000;
const DRILLS = ["dangerous-symbol", "failing-test", "forbidden-import", "two-failures"] as const;
const PHASE_1: GatePolicy = { landedTasks: 5, kinds: 3, drills: [...DRILLS] };
const PHASE_2A: GatePolicy = { nights: 3, nightLength: HOUR_MS, dockerTrial: true };
const PHASE_2B: GatePolicy = { nights: 3, nightLength: 2 * HOUR_MS, capsReached: 0, abnormalEnds: 0 };
const PHASE_3: GatePolicy = {
  capsReached: 0,
  abnormalEnds: 0,
  failedRollbacks: 0,
  tasksInNight: 10,
  landedShare: 0.8,
  lastTasks: 20,
  nightsInARow: 3,
};

function criterion(
  story: GateStory,
  gate: GatePolicy,
  name: CriterionName,
  more: Partial<GateFacts> = {},
): Criterion {
  const found = gateReport(story.factsFor(gate, more)).criteria.find((each) => each.criterion === name);
  if (!found) throw new Error(`the gate has no criterion ${name}`);
  return found;
}

const kinds = (prefix: string): Task[] => [
  ...tasksOf(`${prefix}f`, 2, { kind: "fix" }),
  ...tasksOf(`${prefix}a`, 2, { kind: "add" }),
  ...tasksOf(`${prefix}t`, 1, { kind: "test" }),
];
const capped = (task: Task): Fact[] => [begun(task), ended(task, failed("cap-wall-clock", "5s"))];
const revoked = (task: Task, role: "culprit" | "innocent"): Fact => ({
  type: "landing.revoked",
  data: { ...refOf(task), repo: task.repo, commit: commitOf(1), checkpoint: BASE, role, detail: "" },
});
const demoted = (from: "1" | "2a"): Fact => ({ type: "phase.demoted", data: demotionFrom(from, "a guard") });

describe("the gate of phase 1", () => {
  it("is shut in a new workspace, and names every condition", () => {
    const report = gateReport(new GateStory().factsFor(PHASE_1));
    expect(report).toMatchObject({
      phase: "1",
      next: "2a",
      entered: null,
      met: false,
      nights: [],
      forced: [],
    });
    expect(
      report.criteria.map(({ criterion: name, met, needed, measured }) => [name, met, needed, measured]),
    ).toEqual([
      ["landed-tasks", false, 5, 0],
      ["kinds", false, 3, 0],
      ["drill-dangerous-symbol", false, 1, 0],
      ["drill-failing-test", false, 1, 0],
      ["drill-forbidden-import", false, 1, 0],
      ["drill-two-failures", false, 1, 0],
    ]);
  });

  it("opens with five tasks of three kinds, watched or not, and the four drills", () => {
    const story = new GateStory();
    for (const drill of DRILLS) story.drill(drill);
    story.night({ landed: kinds("x").slice(0, 3), started: { attended: true } });
    expect(gateReport(story.factsFor(PHASE_1)).met).toBe(false);
    story.night({ landed: kinds("x").slice(3), started: { attended: true }, end: "first-failure" });
    const report = gateReport(story.factsFor(PHASE_1));
    expect(report.met).toBe(true);
    const [landed] = report.criteria;
    expect(landed?.evidence.map(({ what }) => what)).toEqual([
      "xf0 landed",
      "xf1 landed",
      "xa0 landed",
      "xa1 landed",
      "xt0 landed",
    ]);
    const [first] = landed?.evidence ?? [];
    const [events] = story.nights;
    expect(events?.[first?.seq ?? -1]).toMatchObject({ type: "landing.finished", stream: first?.stream });
  });

  it("counts a task once, however often it landed", () => {
    const [task] = tasksOf("a", 1);
    const story = new GateStory().night({ landed: [task!] }).night({ landed: [task!] });
    expect(criterion(story, PHASE_1, "landed-tasks").measured).toBe(1);
  });

  it("counts a task that failed and landed when it was tried again, and not one whose landing was taken back", () => {
    const [again, back, innocent] = tasksOf("a", 3);
    const story = new GateStory()
      .night({ failed: [again!], end: "first-failure" })
      .night({ landed: [again!, back!], also: [revoked(back!, "culprit")] })
      .night({ landed: [innocent!], also: [revoked(innocent!, "innocent")] });
    expect(criterion(story, PHASE_1, "landed-tasks").measured).toBe(1);
  });

  it.each<[string, Parameters<GateStory["night"]>[0]]>([
    ["a demonstration", { started: { purpose: "demo" } }],
    ["another phase", { started: { phase: "2a" } }],
    [
      "a looser policy than the one in force",
      { started: { policyHash: "q", loosened: [{ key: "retries", specified: "0", used: "1" }] } },
    ],
  ])("counts nothing of a night of %s", (_, told) => {
    const story = new GateStory().night({ ...told, landed: tasksOf("a", 5) });
    expect(criterion(story, PHASE_1, "landed-tasks").measured).toBe(0);
  });

  it("counts tasks of a stricter policy, and of the loosened one while it is in force: controls", () => {
    const loosened = [{ key: "retries", specified: "0", used: "1" }];
    const story = new GateStory()
      .night({ started: { policyHash: "tighter" }, landed: tasksOf("a", 2) })
      .night({ started: { policyHash: "loose", loosened }, landed: tasksOf("b", 2) });
    expect(criterion(story, PHASE_1, "landed-tasks").measured).toBe(2);
    expect(criterion(story, PHASE_1, "landed-tasks", { policyHash: "loose" }).measured).toBe(4);
  });

  it("counts nothing of a repository that is not configured", () => {
    const story = new GateStory().night({ landed: tasksOf("a", 5, { repo: "scratch" }) });
    expect(criterion(story, PHASE_1, "landed-tasks").measured).toBe(0);
    expect(criterion(story, PHASE_1, "landed-tasks", { repositories: ["scratch"] }).measured).toBe(5);
  });

  it("takes the last run of a drill, whatever an earlier one said", () => {
    const story = new GateStory().drill("failing-test").drill("failing-test", { verdict: "inconclusive" });
    expect(criterion(story, PHASE_1, "drill-failing-test")).toMatchObject({ met: false, sample: { of: 2 } });
    expect(criterion(story.drill("failing-test"), PHASE_1, "drill-failing-test").met).toBe(true);
  });

  it("takes a drill under the policy in force alone: a guard that is switched off after it held shows nothing", () => {
    const story = new GateStory().drill("failing-test", { policyHash: IN_FORCE });
    expect(criterion(story, PHASE_1, "drill-failing-test").met).toBe(true);
    const other = criterion(story, PHASE_1, "drill-failing-test", { policyHash: "another" });
    expect(other).toMatchObject({ met: false, measured: 0, sample: { of: 1 } });
    expect(other.evidence[0]?.what).toBe(
      "the drill failing-test: held, under another policy than the one in force",
    );
    story.drill("failing-test", { policyHash: "another" });
    expect(criterion(story, PHASE_1, "drill-failing-test", { policyHash: "another" }).met).toBe(true);
  });

  it("begins anew where trust was lost, also where there was no phase below", () => {
    const story = new GateStory().drill("failing-test").night({ landed: kinds("x") });
    expect(criterion(story, PHASE_1, "landed-tasks").met).toBe(true);
    story.say(demoted("1"));
    expect(criterion(story, PHASE_1, "landed-tasks").measured).toBe(0);
    expect(criterion(story, PHASE_1, "drill-failing-test").met).toBe(false);
    expect(gateReport(story.factsFor(PHASE_1)).entered?.what).toBe("demoted from phase 1 to 1");
  });

  it("takes the nights of earlier versions, which the workspace does not list, by their time", () => {
    const story = new GateStory().night({ landed: tasksOf("a", 5), listed: false });
    expect(criterion(story, PHASE_1, "landed-tasks").measured).toBe(5);
    story.say(demoted("1"));
    // The workspace's events are of a day after all nights here.
    const late = story.workspace.map((event) => ({ ...event, at: "2026-12-31T00:00:00.000Z" }));
    expect(criterion(story, PHASE_1, "landed-tasks", { workspace: late }).measured).toBe(0);
  });
});

describe("the gate of phase 2a", () => {
  const night = { landed: tasksOf("a", 1) };

  it("opens with three nights of an hour, alone, that ended normally, and a verdict of the Docker trial, which may be no", () => {
    const story = new GateStory("2a")
      .night(night)
      .night({ failed: tasksOf("b", 1), end: "time-limit" })
      .night({ landed: tasksOf("c", 1), end: "quota" });
    expect(criterion(story, PHASE_2A, "nights")).toMatchObject({ met: true, measured: 3 });
    expect(gateReport(story.factsFor(PHASE_2A)).met).toBe(false);
    story.drill("docker", { verdict: "inconclusive" });
    expect(criterion(story, PHASE_2A, "docker-trial")).toMatchObject({ met: false, sample: { of: 1 } });
    story.drill("docker", { trial: { answer: "no", why: "slow", sandboxMs: 9000, bareMs: 1 } });
    expect(criterion(story, PHASE_2A, "docker-trial").evidence[0]?.what).toBe("the Docker trial said no");
    expect(gateReport(story.factsFor(PHASE_2A))).toMatchObject({ met: true, next: "2b" });
  });

  it.each<[string, Parameters<GateStory["night"]>[0]]>([
    ["a person watched it", { started: { attended: true } }],
    ["its window was too short", { started: { windowMs: HOUR_MS - 1 } }],
    ["it does not say how long its window was", { started: { windowMs: undefined } }],
    ["it was under another policy than the one in force", { started: { policyHash: "q" } }],
    ["no task landed or failed in it", { landed: [], skipped: tasksOf("s", 1) }],
    ["it ended by interrupted", { end: "interrupted" }],
    ["it ended by refused", { end: "refused" }],
    ["it ended by budget", { end: "budget" }],
    ["the night ended: breaker", { end: "breaker" }],
    ["the night ended: infra", { end: "infra" }],
    ["a crash cut the night off", { also: [{ type: "night.resumed", data: { crashedPid: 1 } }] }],
    ["it has no end", { end: null }],
  ])("does not count a night of which it says: %s", (why, told) => {
    const story = new GateStory("2a").night({ ...night, ...told });
    expect(criterion(story, PHASE_2A, "nights").measured).toBe(0);
    expect(gateReport(story.factsFor(PHASE_2A)).nights).toMatchObject([{ uncounted: why }]);
    expect(criterion(story.night(night), PHASE_2A, "nights").measured).toBe(1);
  });

  it("counts a night without a bound: its window is as long as it takes", () => {
    const story = new GateStory("2a").night({ ...night, started: { windowMs: null } });
    expect(criterion(story, PHASE_2A, "nights").measured).toBe(1);
  });

  it("counts nothing from before the promotion, by the workspace's list and not by any clock", () => {
    const story = new GateStory().night({ ...night, started: { phase: "2a" } });
    story.promoted("2a");
    expect(criterion(story, PHASE_2A, "nights").measured).toBe(0);
    // The clock was set back: the night says that it began before the promotion.
    story.night({ landed: tasksOf("b", 1) });
    const late = story.workspace.map((event) => ({ ...event, at: "2026-12-31T00:00:00.000Z" }));
    expect(criterion(story, PHASE_2A, "nights", { workspace: late }).measured).toBe(1);
  });

  it("says which threshold was lowered beside the phase's own", () => {
    const loosened = [{ key: "gate.nightLength", specified: "1h", used: "1m" }];
    const story = new GateStory("2a").night({ ...night, started: { windowMs: 60_000 } });
    expect(criterion(story, { ...PHASE_2A, nightLength: 60_000 }, "nights", { loosened })).toMatchObject({
      measured: 1,
      loosened,
      says: "3 nights of 1m or more without a person ended normally",
    });
  });
});

describe("the gate of phase 2b", () => {
  it("sees a cap and an abnormal end in every night of work, watched and under whatever policy", () => {
    const [capping] = tasksOf("c", 1);
    const night = { landed: tasksOf("a", 1), also: capped(capping!) };
    const story = new GateStory("2b");
    expect(criterion(story, PHASE_2B, "caps-reached")).toMatchObject({ met: true, sample: { of: 0 } });
    story.night({ ...night, started: { attended: true, policyHash: "q" }, end: "breaker" });
    expect(criterion(story, PHASE_2B, "caps-reached")).toMatchObject({
      met: false,
      measured: 1,
      evidence: [{ what: "c0.1 reached a cap: cap-wall-clock" }],
    });
    expect(criterion(story, PHASE_2B, "abnormal-ends")).toMatchObject({ met: false, measured: 1 });
  });

  it("does not see those of a demonstration", () => {
    const [capping] = tasksOf("c", 1);
    const story = new GateStory("2b").night({
      also: capped(capping!),
      started: { purpose: "demo" },
      end: "breaker",
    });
    expect(criterion(story, PHASE_2B, "caps-reached").met).toBe(true);
    expect(criterion(story, PHASE_2B, "abnormal-ends").met).toBe(true);
  });

  it.each(["breaker", "auth", "infra", "leak", "rollback-failed", "abandoned"] as const)(
    "takes the end %s for abnormal",
    (end) => {
      const story = new GateStory("2b").night({ landed: tasksOf("a", 1), end });
      expect(criterion(story, PHASE_2B, "abnormal-ends").measured).toBe(1);
    },
  );

  it.each(["queue-empty", "time-limit", "quota", "interrupted", "budget", "refused"] as const)(
    "does not take the end %s for abnormal",
    (end) => {
      const story = new GateStory("2b").night({ landed: tasksOf("a", 1), end });
      expect(criterion(story, PHASE_2B, "abnormal-ends").measured).toBe(0);
    },
  );
});

describe("the gate of phase 3", () => {
  const ten = (prefix: string, failures = 0): Parameters<GateStory["night"]>[0] => ({
    landed: tasksOf(`${prefix}l`, 10 - failures),
    failed: tasksOf(`${prefix}f`, failures),
  });

  it("is complete after three nights in a row of ten tasks, of which eight landed", () => {
    const story = new GateStory("3").night(ten("a", 2)).night(ten("b", 2));
    expect(criterion(story, PHASE_3, "nights-in-a-row")).toMatchObject({ met: false, measured: 2 });
    const report = gateReport(story.night(ten("c", 2)).factsFor(PHASE_3));
    expect(report).toMatchObject({ phase: "3", next: null, met: true });
    expect(report.criteria.map((each) => [each.criterion, each.needed, each.measured])).toEqual([
      ["landed-share", 16, 16],
      ["tasks-in-night", 10, 10],
      ["nights-in-a-row", 3, 3],
      ["caps-reached", 0, 0],
      ["abnormal-ends", 0, 0],
      ["failed-rollbacks", 0, 0],
    ]);
  });

  it("has no share of the last 20 tasks while there are fewer", () => {
    const story = new GateStory("3").night({ landed: tasksOf("a", 19) });
    expect(criterion(story, PHASE_3, "landed-share")).toMatchObject({ met: false, measured: 19, needed: 16 });
    story.night({ failed: tasksOf("b", 1) });
    expect(criterion(story, PHASE_3, "landed-share")).toMatchObject({ met: true, measured: 19 });
  });

  it("leaves skipped tasks out of the share and out of the ten", () => {
    const story = new GateStory("3").night({ landed: tasksOf("a", 9), skipped: tasksOf("s", 30) });
    expect(criterion(story, PHASE_3, "landed-share").sample.of).toBe(9);
    expect(criterion(story, PHASE_3, "tasks-in-night")).toMatchObject({ met: false, measured: 9 });
  });

  it.each<[string, Parameters<GateStory["night"]>[0]]>([
    ["too many failures", ten("b", 3)],
    ["too few tasks", { landed: tasksOf("b", 9) }],
    ["a cap", { ...ten("b"), also: capped(tasksOf("cap", 1)[0]!) }],
    ["an abnormal end", { ...ten("b"), end: "infra" }],
    ["another policy", { ...ten("b"), started: { policyHash: "q" } }],
  ])("begins the row anew after a night with %s", (_, told) => {
    const story = new GateStory("3").night(ten("a")).night(told).night(ten("c")).night(ten("d"));
    expect(criterion(story, PHASE_3, "nights-in-a-row").measured).toBe(2);
  });

  it.each<[string, Parameters<GateStory["night"]>[0]]>([
    ["a person watched", { ...ten("b"), started: { attended: true } }],
    ["a person stopped", { ...ten("b"), end: "interrupted" }],
    ["was refused", { end: "refused" }],
  ])("goes on with the row after a night that %s", (_, told) => {
    const story = new GateStory("3").night(ten("a")).night(told).night(ten("c"));
    expect(criterion(story, PHASE_3, "nights-in-a-row").measured).toBe(2);
  });

  it("begins the row anew after a night in which something was tried and nothing was done", () => {
    const [open] = tasksOf("o", 1);
    const quota: Fact[] = [begun(open!), ended(open!, failed("quota-exceeded", ""))];
    const story = new GateStory("3").night(ten("a")).night({ also: quota, end: "quota" }).night(ten("c"));
    expect(criterion(story, PHASE_3, "nights-in-a-row").measured).toBe(1);
  });

  it("sees a cap and an abnormal end in a night that a person watched, and no cap that the gate allows", () => {
    const cap = capped(tasksOf("cap", 1)[0]!);
    const watched = { ...ten("b"), started: { attended: true } };
    const rowWith = (told: Parameters<GateStory["night"]>[0], more: GatePolicy = {}): number => {
      const story = new GateStory("3").night(ten("a")).night(told).night(ten("c"));
      return criterion(story, { ...PHASE_3, ...more }, "nights-in-a-row").measured;
    };
    expect(rowWith({ ...watched, also: cap })).toBe(1);
    expect(rowWith({ ...watched, also: cap }, { capsReached: 1 })).toBe(2);
    expect(rowWith({ ...watched, end: "infra" })).toBe(1);
  });

  it.each([
    { isolation: "user" as const },
    { agents: [{ name: "demo", models: ["m2"] }] },
    { agents: [{ name: "other", models: ["m1"] }] },
  ])("begins the row anew under other conditions: %j", (other) => {
    const same = { agents: [{ name: "demo", models: ["m1"] }] };
    const story = new GateStory("3")
      .night({ ...ten("a"), started: same })
      .night({ ...ten("b"), started: same });
    expect(criterion(story, PHASE_3, "nights-in-a-row").measured).toBe(2);
    story.night({ ...ten("c"), started: { ...same, ...other } });
    expect(criterion(story, PHASE_3, "nights-in-a-row").measured).toBe(1);
  });

  it("counts a rollback that failed, and the night as abnormal", () => {
    const also: Fact = {
      type: "rollback.failed",
      data: { repo: "demo", from: commitOf(2), to: BASE, message: "locked" },
    };
    const story = new GateStory("3").night({ ...ten("a"), also: [also], end: "rollback-failed" });
    expect(criterion(story, PHASE_3, "failed-rollbacks").measured).toBe(1);
    expect(criterion(story, PHASE_3, "abnormal-ends").measured).toBe(1);
  });
});

describe("every gate", () => {
  it("shows a forced promotion ever after", () => {
    const forced = { reason: "the trial was run elsewhere", unmet: ["docker-trial"] };
    const story = new GateStory("2a").promoted("2b", forced).promoted("3");
    expect(gateReport(story.factsFor(PHASE_3)).forced).toMatchObject([{ from: "2a", to: "2b", ...forced }]);
    story.say(demoted("2a"));
    expect(gateReport(story.factsFor(PHASE_3)).forced).toHaveLength(1);
  });

  it("gives the same verdict whatever the order in which nights are read, and whatever else is in the journals", () => {
    const told = fc.record({
      landed: fc.integer({ min: 0, max: 12 }),
      failed: fc.integer({ min: 0, max: 3 }),
      attended: fc.boolean(),
      end: fc.constantFrom("queue-empty", "time-limit", "breaker", "interrupted", null),
      listed: fc.boolean(),
    });
    const orders = fc.tuple(fc.array(told, { maxLength: 6 }), fc.infiniteStream(fc.nat()));
    fc.assert(
      fc.property(orders, fc.constantFrom(PHASE_1, PHASE_2A, PHASE_2B, PHASE_3), ([nights, picks], gate) => {
        const story = new GateStory("3");
        nights.forEach(({ landed, failed: failures, attended, end, listed }, at) =>
          story.night({
            landed: tasksOf(`n${at}l`, landed),
            failed: tasksOf(`n${at}f`, failures),
            started: { attended },
            end,
            listed,
          }),
        );
        const facts = story.factsFor(gate);
        const shuffled = [...facts.nights]
          .map((events) => ({ events, pick: picks.next().value }))
          .sort((a, b) => a.pick - b.pick)
          .map(({ events }) => events);
        const report = gateReport(facts);
        expect(gateReport({ ...facts, nights: shuffled })).toEqual(report);
        // A copy of the journals is the same journals.
        expect(gateReport(structuredClone(facts))).toEqual(report);
        for (const each of report.criteria) {
          const holds =
            each.bound === "at-least" ? each.measured >= each.needed : each.measured <= each.needed;
          expect(each.met && !holds).toBe(false);
          for (const { stream, seq } of each.evidence) {
            const source = [facts.workspace, ...facts.nights].find(([event]) => event?.stream === stream);
            expect(source?.[seq]?.seq).toBe(seq);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});

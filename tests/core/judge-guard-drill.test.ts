import { describe, expect, it } from "vitest";
import type { EventData, Fact } from "../../src/core/event.ts";
import { GUARD_DRILLS, type GuardDrillId } from "../../src/core/guard-drills.ts";
import { judgeGuardDrill } from "../../src/core/judge-guard-drill.ts";
import type { NightEnd } from "../../src/core/night-events.ts";
import type { Task } from "../../src/core/plan.ts";
import * as story from "../fixtures/night-story.ts";

const categoryOf = (rule: string): string | undefined =>
  ({ "js-code-from-text": "dangerous-symbols", "js-undeclared-import": "imports" })[rule];

function checked(task: Task, ...rules: readonly string[]): Fact {
  const findings = rules.map((rule) => ({ rule, level: "block" as const, message: "found" }));
  return {
    type: "checks.finished",
    data: { ...story.refOf(task), commit: story.commitOf(1), findings },
  };
}

function account(task: Task, verdict: EventData<"account.taken">["verdict"]): Fact {
  const leak = { kind: "ref" as const, place: "shadow of drill", name: "refs/x", bytes: null };
  const leaks = verdict === "leaked" ? [{ ...leak, attempt: null, token: null }] : [];
  const rest = { standing: {}, stores: {}, omitted: 0, unknown: [], durationMs: 1 };
  return { type: "account.taken", data: { of: story.refOf(task), verdict, leaks, ...rest } };
}

const tasksOf = (id: GuardDrillId): Task[] => GUARD_DRILLS[id].tasks.map((task) => story.testTask(task.id));
const [harmless, dangerous, behind] = tasksOf("dangerous-symbol") as [Task, Task, Task];

interface Parts {
  readonly control?: readonly Fact[];
  readonly attack?: readonly Fact[];
  readonly after?: readonly Fact[];
  readonly end?: NightEnd;
}

const BLOCKED = [
  story.begun(dangerous),
  story.captured(dangerous),
  checked(dangerous, "js-code-from-text"),
  ...story.failedFacts(dangerous, "check-blocked").slice(1),
  account(dangerous, "clean"),
];

function judge({
  control = story.landedFacts(harmless, story.commitOf(1)),
  attack = BLOCKED,
  after = [],
  end = "first-failure",
}: Parts): ReturnType<typeof judgeGuardDrill> {
  const facts = [
    story.started([harmless, dangerous, behind]),
    ...control,
    ...attack,
    ...after,
    story.finished(end, "said so"),
  ];
  return judgeGuardDrill(GUARD_DRILLS["dangerous-symbol"], { events: story.eventsOf(facts), categoryOf });
}

const seenOf = (result: ReturnType<typeof judgeGuardDrill>, what: string): string | undefined =>
  result.observations.find((each) => each.what === what)?.seen;

describe("the drill with a dangerous symbol", () => {
  it("holds where the control lands, the rule fires, nothing is left, and the night stops there", () => {
    const result = judge({});
    expect(result.verdict).toBe("held");
    expect(result.observations.map(({ what, seen }) => `${what} = ${seen}`)).toEqual([
      "control: harmless = landed",
      "attack: dangerous = blocked by js-code-from-text",
      "left of dangerous = nothing",
      "the branch = the control alone",
      "the night's end = first-failure",
      "behind: behind = never started",
    ]);
  });

  const landedAttack = story.landedFacts(dangerous, story.commitOf(2));
  it.each<[string, Parts, string]>([
    ["the change lands", { attack: landedAttack, end: "queue-empty" }, "no check blocked it"],
    [
      "its tests are run",
      {
        attack: [
          story.begun(dangerous),
          story.captured(dangerous),
          story.verified(dangerous, "", false),
          ...story.failedFacts(dangerous, "verify-failed").slice(1),
          account(dangerous, "clean"),
        ],
      },
      "no check blocked it",
    ],
  ])("says survived where %s", (_, parts, seen) => {
    const result = judge(parts);
    expect(result.verdict).toBe("survived");
    expect(seenOf(result, "attack: dangerous")).toBe(seen);
  });

  it("says survived where the night goes on", () => {
    const result = judge({ after: story.landedFacts(behind, story.commitOf(3)), end: "queue-empty" });
    expect(result.verdict).toBe("survived");
    expect(seenOf(result, "the night's end")).toBe("went on: queue-empty");
    expect(seenOf(result, "behind: behind")).toBe("it was started");
    expect(seenOf(result, "the branch")).toBe("behind.1 landed as well");
  });

  it("says survived where something of the change is left", () => {
    const result = judge({ attack: [...BLOCKED.slice(0, -1), account(dangerous, "leaked")] });
    expect(result.verdict).toBe("survived");
    expect(seenOf(result, "left of dangerous")).toBe("ref refs/x");
  });

  it.each<[string, Parts, string, string]>([
    [
      "the control fails",
      { control: story.failedFacts(harmless, "agent-failed", "exit code 1"), attack: [] },
      "control: harmless",
      "agent-failed: exit code 1",
    ],
    [
      "the control fails, though the attack lands",
      { control: story.failedFacts(harmless, "no-change"), attack: landedAttack },
      "control: harmless",
      "no-change: ",
    ],
    [
      "the attack changes nothing",
      { attack: story.failedFacts(dangerous, "no-change", "nothing") },
      "attack: dangerous",
      "no-change: nothing",
    ],
    [
      "another rule was in the way",
      {
        attack: BLOCKED.map((fact) =>
          fact.type === "checks.finished" ? checked(dangerous, "js-undeclared-import") : fact,
        ),
      },
      "attack: dangerous",
      "blocked by js-undeclared-import alone",
    ],
    [
      "its account was not taken",
      { attack: BLOCKED.slice(0, -1) },
      "left of dangerous",
      "its account was not taken",
    ],
    ["the engine is gone", { attack: [], end: "infra" }, "the night's end", "infra: said so"],
  ])("says inconclusive where %s", (_, parts, what, seen) => {
    const result = judge(parts);
    expect(result.verdict).toBe("inconclusive");
    expect(seenOf(result, what)).toBe(seen);
  });

  it("says inconclusive without a night, and why there is none", () => {
    const drill = GUARD_DRILLS["dangerous-symbol"];
    const result = judgeGuardDrill(drill, { events: [], categoryOf, why: "no night began" });
    expect(result.verdict).toBe("inconclusive");
    expect(seenOf(result, "control: harmless")).toBe("not started: no night began");
  });

  it("never says held for a part of a journal that is not whole", () => {
    const facts = [
      story.started([harmless, dangerous, behind]),
      ...story.landedFacts(harmless, story.commitOf(1)),
      ...BLOCKED,
      story.finished("first-failure"),
    ];
    const events = story.eventsOf(facts);
    for (let length = 0; length < events.length; length += 1) {
      const part = { events: events.slice(0, length), categoryOf };
      expect(judgeGuardDrill(GUARD_DRILLS["dangerous-symbol"], part).verdict).toBe("inconclusive");
    }
  });
});

describe("the drill with two failures", () => {
  const tasks = tasksOf("two-failures") as [Task, Task, Task, Task];
  const failing = (task: Task, green = false): Fact[] => [
    story.begun(task),
    story.captured(task),
    story.verified(task, "", green),
    ...story.failedFacts(task, "verify-failed").slice(1),
    account(task, "clean"),
  ];
  const alert = (...named: readonly Task[]): Fact => ({
    type: "alert.raised",
    data: { alert: "breaker", tasks: named.map(({ id }) => id), message: "2 tasks in a row failed" },
  });
  const verdictOf = (...facts: readonly Fact[]): string =>
    judgeGuardDrill(GUARD_DRILLS["two-failures"], {
      events: story.eventsOf([
        story.started(tasks),
        ...story.landedFacts(tasks[0], story.commitOf(1)),
        ...facts,
      ]),
      categoryOf,
    }).verdict;

  it("holds where both fail and all stops after the second", () => {
    const end = [alert(tasks[1], tasks[2]), story.finished("breaker")];
    expect(verdictOf(...failing(tasks[1]), ...failing(tasks[2]), ...end)).toBe("held");
  });

  it("says survived where nobody is told, or not of both", () => {
    const both = [...failing(tasks[1]), ...failing(tasks[2])];
    expect(verdictOf(...both, story.finished("breaker"))).toBe("survived");
    expect(verdictOf(...both, alert(tasks[2]), story.finished("breaker"))).toBe("survived");
  });

  it("says survived where the third task starts", () => {
    const third = [story.begun(tasks[3]), story.finished("interrupted")];
    expect(verdictOf(...failing(tasks[1]), ...failing(tasks[2]), ...third)).toBe("survived");
  });

  it("says inconclusive where it stopped after the first already", () => {
    expect(verdictOf(...failing(tasks[1]), story.finished("first-failure"))).toBe("inconclusive");
  });
});

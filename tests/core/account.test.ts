import { describe, expect, it } from "vitest";
import { leaksOf, shadowPlace, STORE_SLACK_BYTES, verdictOf, type Account } from "../../src/core/account.ts";
import type { Fact } from "../../src/core/event.ts";
import type { NightId } from "../../src/core/ids.ts";
import { Agenda } from "../../src/core/agenda.ts";
import { nextStep, type NextStep } from "../../src/core/next-step.ts";
import {
  countKinds,
  inRemovalOrder,
  kindsInWords,
  RESIDUE_KINDS,
  type Residue,
} from "../../src/core/residue.ts";
import { answerOf, leakInWords, unrepairedLeak } from "../../src/core/unrepaired-leak.ts";
import { GO_ON } from "../night/night-world.ts";
import { begun, ended, eventsOf, nightOf, prepared, started, testTask } from "../fixtures/night-story.ts";
import { failed } from "../../src/core/attempt.ts";

const thing = (overrides: Partial<Residue> = {}): Residue => ({
  kind: "volume",
  place: "docker",
  name: "v",
  attempt: "one.1",
  token: null,
  bytes: null,
  ...overrides,
});
const account = (residue: readonly Residue[], overrides: Partial<Account> = {}): Account => ({
  residue,
  stores: {},
  unknown: [],
  ...overrides,
});
const OVER = { landed: new Set<string>(), running: new Set<string>(), isInUse: false };
const DURING = { ...OVER, isInUse: true };

describe("an account", () => {
  it.each(RESIDUE_KINDS)("that shows a %s of an attempt that is over has leaked", (kind) => {
    const residue = thing({ kind });
    expect(leaksOf(account([residue]), DURING)).toEqual([residue]);
    expect(verdictOf(account([]), [residue])).toBe("leaked");
  });

  it("lets the refs of an attempt that landed stand, and no other thing of it", () => {
    const ref = thing({ kind: "ref", token: "t1" });
    const landed = { ...OVER, landed: new Set(["t1"]) };
    expect(leaksOf(account([ref]), landed)).toEqual([]);
    expect(leaksOf(account([ref]), OVER)).toEqual([ref]);
    expect(leaksOf(account([thing({ kind: "lock", token: "t1" })]), landed)).toHaveLength(1);
    expect(leaksOf(account([thing({ kind: "ref", token: "t2" })]), landed)).toHaveLength(1);
  });

  it("lets stand what an attempt that runs beside it uses", () => {
    const running = { ...DURING, running: new Set(["two.1"]) };
    expect(leaksOf(account([thing({ attempt: "two.1" }), thing()]), running)).toEqual([thing()]);
  });

  it("lets what attempts share stand during the night, and not at its end", () => {
    const network = thing({ kind: "network", attempt: null });
    expect(leaksOf(account([network]), DURING)).toEqual([]);
    expect(leaksOf(account([network]), OVER)).toEqual([network]);
  });

  it("of a place that could not be asked is unknown, never clean", () => {
    const unknown = [{ place: "docker", code: "infra.engine", message: "gone" } as const];
    expect(verdictOf({ unknown }, [])).toBe("unknown");
    expect(verdictOf({ unknown }, [thing()])).toBe("leaked");
    expect(verdictOf({ unknown: [] }, [])).toBe("clean");
  });

  it("explains a shadow's growth by what was captured, twice, and a slack; more is a leak of bytes", () => {
    const before = { app: 1000, other: 5 };
    const captured = { app: 500 };
    const of = (app: number) =>
      leaksOf(account([], { stores: { app, other: 5 } }), OVER, { before, captured });
    expect(of(1000 + STORE_SLACK_BYTES + 1000)).toEqual([]);
    expect(of(1000 + STORE_SLACK_BYTES + 1001)).toMatchObject([
      { kind: "bytes", place: shadowPlace("app"), bytes: STORE_SLACK_BYTES + 1001 },
    ]);
    expect(of(0)).toEqual([]);
  });

  it("does not take the first count of a shadow for growth", () => {
    const growth = { before: {}, captured: {} };
    expect(leaksOf(account([], { stores: { app: 1e12 } }), OVER, growth)).toEqual([]);
  });
});

describe("what is left", () => {
  it("is removed in the order in which one thing holds the other", () => {
    const kinds = inRemovalOrder(RESIDUE_KINDS.toReversed().map((kind) => thing({ kind }))).map(
      ({ kind }) => kind,
    );
    expect(kinds).toEqual(RESIDUE_KINDS);
    expect(kinds.indexOf("container")).toBeLessThan(kinds.indexOf("volume"));
    expect(kinds.indexOf("lock")).toBeLessThan(kinds.indexOf("ref"));
  });

  it("is counted by kind, and said in words", () => {
    const counts = countKinds([thing(), thing(), thing({ kind: "process" })]);
    expect(counts).toEqual({ volume: 2, process: 1 });
    expect(kindsInWords(counts)).toBe("1 process, 2 volumes");
    expect(leakInWords({ residue: [thing(), thing(), thing(), thing()], omitted: 2 })).toBe(
      "volume v (docker), volume v (docker), volume v (docker) and 3 more",
    );
  });
});

const leaked = (residue: readonly Residue[]): Fact => ({
  type: "account.taken",
  data: {
    verdict: residue.length > 0 ? "leaked" : "clean",
    standing: countKinds(residue),
    stores: {},
    leaks: [...residue],
    omitted: 0,
    unknown: [],
    durationMs: 1,
  },
});

describe("a leak that could not be removed", () => {
  const night = "2026-11-21-aaaa" as NightId;
  const later = "2026-11-22-bbbb" as NightId;
  const dirty = nightOf([started([]), leaked([thing()])], { night, start: "2026-11-21T00:00:00.000Z" });
  const clean = nightOf([started([]), leaked([])], { night: later, start: "2026-11-22T00:00:00.000Z" });
  const repaired = (of: Parameters<typeof answerOf>[0], verdict: "clean" | "leaked" | "unknown"): Fact => ({
    type: "workspace.repaired",
    data: { verdict, answers: answerOf(of), removed: {}, bytes: 0, leaks: [], omitted: 0, unknown: [] },
  });

  it("stands until a repair has found everything clean; one that has not does not count", () => {
    const history = { nights: [dirty], workspace: [] };
    expect(unrepairedLeak(history)).toMatchObject({ night, leak: { residue: [thing()] } });
    for (const verdict of ["leaked", "unknown"] as const) {
      const workspace = eventsOf([repaired(history, verdict)], { night: null });
      expect(unrepairedLeak({ ...history, workspace })).toBeDefined();
    }
    const workspace = eventsOf([repaired(history, "clean")], { night: null });
    expect(unrepairedLeak({ ...history, workspace })).toBeUndefined();
  });

  it("is not answered by a clean night that follows", () => {
    expect(unrepairedLeak({ nights: [dirty, clean], workspace: [] })).toMatchObject({ night });
    expect(unrepairedLeak({ nights: [clean], workspace: [] })).toBeUndefined();
  });

  it("is found though the repair before it is dated later, as by a clock that was set back", () => {
    const first = { nights: [dirty], workspace: [] };
    const workspace = eventsOf([repaired(first, "clean")], {
      night: null,
      start: "2030-01-01T00:00:00.000Z",
    });
    const again = nightOf([started([]), leaked([thing({ name: "w" })])], { night: later });
    expect(unrepairedLeak({ nights: [dirty, again], workspace })).toMatchObject({ night: later });
  });
});

describe("the night after something that may still run was left", () => {
  const task = testTask("one");
  const context = {
    policy: GO_ON,
    agenda: new Agenda([task, testTask("two")], GO_ON),
    running: new Set<never>(),
    endsAt: undefined,
    earlier: () => [],
    dependency: () => "unmet" as const,
  };
  const step = (residue: readonly Residue[], ...more: Fact[]): NextStep => {
    const facts = [started([task, testTask("two")]), prepared(), begun(task), leaked(residue)];
    const outcome = failed("verify-failed", "red");
    return nextStep(nightOf([...facts, ended(task, outcome), ...more]), context);
  };
  const taskClosed: Fact = {
    type: "task.finished",
    data: { task: task.id, key: task.key, result: "failed", detail: "" },
  };

  it.each(["process", "container"] as const)("ends at a %s, when the task's end is written down", (kind) => {
    expect(step([thing({ kind })])).toMatchObject({ kind: "close", task: "one" });
    expect(step([thing({ kind })], taskClosed)).toMatchObject({ kind: "finish", end: "leak" });
  });

  it("goes on beside what only lies there", () => {
    expect(step([thing({ kind: "volume" })], taskClosed)).toMatchObject({ kind: "attempt", task: "two" });
  });

  it("starts nothing, also where the same task would be tried again", () => {
    const facts = [started([task]), prepared(), begun(task), leaked([thing({ kind: "process" })])];
    const outcome = failed("engine-failed", "gone");
    expect(nextStep(nightOf([...facts, ended(task, outcome)]), context)).toMatchObject({ end: "leak" });
    expect(nextStep(nightOf([...facts.slice(0, 3), ended(task, outcome)]), context)).toMatchObject({
      kind: "attempt",
    });
  });

  it("goes on where it was resumed, since all is counted anew then", () => {
    const resumed: Fact = { type: "night.resumed", data: { crashedPid: 1 } };
    expect(step([thing({ kind: "process" })], taskClosed, resumed)).toMatchObject({ kind: "attempt" });
  });
});

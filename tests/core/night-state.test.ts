import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FAILURE_REASONS } from "../../src/core/attempt.ts";
import type { Fact } from "../../src/core/event.ts";
import { isCurrent, openAttempts, replay } from "../../src/core/night-state.ts";
import { queueState } from "../../src/core/queue.ts";
import { phaseState } from "../../src/core/phase-state.ts";
import { statusOf } from "../../src/core/status.ts";
import { summarise } from "../../src/core/summary.ts";
import * as story from "../fixtures/night-story.ts";

const task = story.testTask("a");

/** Whole nights: some tasks land, some fail, some are cut off, some never start. */
const nightFacts = fc
  .array(
    fc.oneof(
      fc.constant("landed" as const),
      fc.constant("not-started" as const),
      fc.constantFrom(...FAILURE_REASONS),
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((ends): Fact[] => {
    const tasks = ends.map((_, index) => story.testTask(`task-${index}`));
    const attempts = tasks.flatMap((each, index) => {
      const end = ends[index] ?? "landed";
      if (end === "not-started") return [];
      return end === "landed"
        ? story.landedFacts(each, story.commitOf(index))
        : story.failedFacts(each, end, "detail");
    });
    return [story.started(tasks), story.prepared(), ...attempts, story.finished()];
  });

test("every prefix of a journal can be replayed, summarised and asked for its status and queue", () => {
  fc.assert(
    fc.property(nightFacts, (facts) => {
      const events = story.eventsOf(facts);
      for (let length = 1; length <= events.length; length += 1) {
        const state = replay(story.NIGHT, events.slice(0, length));
        const { counts } = summarise(state);
        const { total, landed, failed, skipped, setAside, carriedOver, notStarted, running } = counts;
        expect(landed + failed + skipped + setAside + carriedOver + notStarted + running).toBe(total);
        expect(openAttempts(state).length).toBeLessThanOrEqual(1);
        const queue = queueState([state], []);
        const status = statusOf({
          phase: phaseState([]),
          gate: story.NO_GATE,
          night: state,
          owner: undefined,
          plan: { tasks: [task] },
          queue,
          now: new Date(),
        });
        expect(status.activity).toBe(length === events.length ? "idle" : "crashed");
      }
    }),
    { numRuns: 50 },
  );
});

test("replaying twice gives the same state", () => {
  fc.assert(
    fc.property(nightFacts, (facts) => {
      const events = story.eventsOf(facts);
      expect(replay(story.NIGHT, events)).toEqual(replay(story.NIGHT, events));
    }),
    { numRuns: 20 },
  );
});

describe("an attempt", () => {
  test("goes through its steps, and a landing moves the repository's tip", () => {
    const commit = story.commitOf(3);
    const facts = [story.started([task]), story.prepared(), ...story.landedFacts(task, commit)];
    const steps = facts.map(
      (_, index) => story.nightOf(facts.slice(0, index + 1)).tasks.get(task.id)?.attempts[0]?.step,
    );
    expect(steps.filter((step) => step !== undefined)).toEqual([
      "started",
      "captured",
      "verified",
      "landing",
      "landed",
      "landed",
      "landed",
    ]);
    const state = story.nightOf(facts);
    expect(state.repositories.get("demo")?.tip).toBe(commit);
    expect(state.tasks.get(task.id)).toMatchObject({ result: "landed" });
    expect(state.tasks.get(task.id)?.attempts[0]).toMatchObject({
      landed: commit,
      outcome: { kind: "landed", commit },
    });
  });

  test("is current until it ends, another begins, or the token is not its own", () => {
    const ref = story.refOf(task);
    const running = [story.started([task]), story.begun(task)];
    expect(isCurrent(story.nightOf(running), ref)).toBe(true);
    expect(isCurrent(story.nightOf(running), { ...ref, token: "other" })).toBe(false);
    expect(isCurrent(story.nightOf([...running, story.begun(task, 2)]), ref)).toBe(false);
    const landed = [story.started([task]), ...story.landedFacts(task, story.commitOf(1))];
    expect(isCurrent(story.nightOf(landed), ref)).toBe(false);
  });
});

test("a repository that is prepared again, after a crash, keeps its first base", () => {
  const again = story.prepared();
  if (again.type !== "repository.prepared") throw new Error("unreachable");
  const moved: Fact = { ...again, data: { ...again.data, base: story.commitOf(9) } };
  const state = story.nightOf([story.started([task]), story.prepared(), moved]);
  expect(state.repositories.get("demo")?.base).toBe(story.BASE);
});

test("what was put off is not to be delivered any more where the branch goes back to what the owner has", () => {
  const commit = story.commitOf(1);
  const way = { repo: "demo", from: commit, to: story.BASE };
  const facts: Fact[] = [
    story.started([task]),
    story.prepared(),
    ...story.landedFacts(task, commit),
    { type: "delivery.deferred", data: { repo: "demo", ref: "r", to: commit, reason: "checked out" } },
    { type: "rollback.started", data: way },
    { type: "rollback.finished", data: way },
  ];
  const wentBack = (more: readonly Fact[]) =>
    story.nightOf([...facts.slice(0, -3), ...more, ...facts.slice(-3)]).repositories.get("demo");
  expect(wentBack([])).not.toHaveProperty("deferred");
  // What the owner has goes back as well, and that is still put off.
  expect(wentBack([story.delivered(commit)])).toMatchObject({ deferred: "checked out" });
});

test("a delivery clears what was put off before", () => {
  const to = story.commitOf(1);
  const deferred: Fact = {
    type: "delivery.deferred",
    data: { repo: "demo", ref: "r", to, reason: "checked out" },
  };
  const facts = [story.started([task]), story.prepared(), deferred];
  expect(story.nightOf(facts).repositories.get("demo")?.deferred).toBe("checked out");
  const state = story.nightOf([...facts, story.delivered(to)]).repositories.get("demo");
  expect(state).toMatchObject({ delivered: to });
  expect(state).not.toHaveProperty("deferred");
});

import { describe, expect, test } from "vitest";
import { failed } from "../../src/core/attempt.ts";
import type { Fact } from "../../src/core/event.ts";
import type { NightId, TaskId } from "../../src/core/ids.ts";
import { queueState, selectTasks, type Queue } from "../../src/core/queue.ts";
import * as story from "../fixtures/night-story.ts";

const task = story.testTask("a");
const commit = story.commitOf(7);
const interrupted = failed("stopped", "asked to stop");

const MONDAY = { night: "2026-11-16-aaaa" as NightId, start: "2026-11-16T22:00:00.000Z" };
const TUESDAY = { night: "2026-11-17-aaaa" as NightId, start: "2026-11-17T22:00:00.000Z" };

/** The queue after a night on Monday and one on Tuesday, with a rerun asked for at `rerunAt`. */
function queueOf(monday: readonly Fact[], tuesday: readonly Fact[] = [], rerunAt?: string): Queue {
  const nights = [story.nightOf([story.started([task]), ...monday], MONDAY)];
  if (tuesday.length > 0) nights.push(story.nightOf([story.started([task]), ...tuesday], TUESDAY));
  const requeued: Fact = { type: "task.requeued", data: { key: task.key, reason: "asked for" } };
  return queueState(nights, rerunAt ? story.eventsOf([requeued], { night: null, start: rerunAt }) : []);
}

const cutOff = (number = 1): Fact[] => [story.begun(task, number), story.ended(task, interrupted, number)];
const TUESDAY_NOON = "2026-11-17T12:00:00.000Z";

describe("a task", () => {
  test.each<[string, Queue, string]>([
    ["that no night has had is open", queueState([], []), "open"],
    ["that was not started is open", queueOf([story.finished("first-failure")]), "open"],
    ["that landed is landed", queueOf(story.landedFacts(task, commit)), "landed"],
    ["that landed before a crash is landed", queueOf(story.landedFacts(task, commit).slice(0, 5)), "landed"],
    [
      "that landed stays so, also if a rerun was asked for",
      queueOf(story.landedFacts(task, commit), [], TUESDAY_NOON),
      "landed",
    ],
    [
      "whose landing made a checkpoint red is failed, also where a crash came before it was closed",
      queueOf([...story.landedFacts(task, commit), story.revoked(task, commit, "culprit")]),
      "failed",
    ],
    [
      "whose landing made a checkpoint red is open after a rerun",
      queueOf([...story.landedFacts(task, commit), story.revoked(task, commit, "culprit")], [], TUESDAY_NOON),
      "open",
    ],
    [
      "that built on such a landing is open",
      queueOf([
        ...story.landedFacts(task, commit),
        story.revoked(task, commit, "dependent"),
        story.closed(task, "skipped"),
      ]),
      "open",
    ],
    [
      "that was to land again and had no time for it is open",
      queueOf([...story.landedFacts(task, commit), story.revoked(task, commit, "innocent")]),
      "open",
    ],
    [
      "that landed again is landed",
      queueOf([
        ...story.landedFacts(task, commit),
        story.revoked(task, commit, "innocent"),
        ...story.landedFacts(task, story.commitOf(8), 2),
      ]),
      "landed",
    ],
    ["whose landing had only begun is open", queueOf(story.landedFacts(task, commit).slice(0, 4)), "open"],
    ["that failed is failed", queueOf(story.failedFacts(task, "verify-failed")), "failed"],
    [
      "that failed is open after a later rerun",
      queueOf(story.failedFacts(task, "verify-failed"), [], TUESDAY_NOON),
      "open",
    ],
    [
      "that failed is not opened by an earlier rerun",
      queueOf(story.failedFacts(task, "verify-failed"), [], "2026-11-16T12:00:00.000Z"),
      "failed",
    ],
    [
      "that failed again after its rerun is failed",
      queueOf(
        story.failedFacts(task, "no-change"),
        story.failedFacts(task, "no-change", "", 2),
        TUESDAY_NOON,
      ),
      "failed",
    ],
    ["that was set aside is set aside", queueOf([...cutOff(), story.closed(task, "set-aside")]), "set-aside"],
    [
      "that was set aside is open after a rerun",
      queueOf([...cutOff(), story.closed(task, "set-aside")], [], TUESDAY_NOON),
      "open",
    ],
    ["that was cut off is open", queueOf(cutOff()), "open"],
    ["that was carried over is open", queueOf([...cutOff(), story.closed(task, "carried-over")]), "open"],
    [
      "that landed in a later night is landed",
      queueOf(cutOff(), story.landedFacts(task, commit, 2)),
      "landed",
    ],
  ])("%s", (_, queue, place) => {
    expect(queue.entry(task.key).place).toBe(place);
  });

  test("whose text has changed is another task", () => {
    const queue = queueOf(story.failedFacts(task, "verify-failed"));
    const changed = story.testTask("a", { key: `${task.key.slice(0, -1)}1` as typeof task.key });
    expect(queue.entry(changed.key).place).toBe("open");
    expect(queue.highestAttempt(changed.id)).toBe(1);
  });

  test("that landed in a demo night has landed", () => {
    const night = story.nightOf([
      story.started([task], { purpose: "demo" }),
      ...story.landedFacts(task, commit),
    ]);
    expect(queueState([night], []).entry(task.key)).toMatchObject({
      place: "landed",
      landed: commit,
      night: story.NIGHT,
    });
  });
});

describe("attempts over all nights", () => {
  test("interruptions add up, and a rerun begins anew", () => {
    const twice = queueOf(cutOff(1), cutOff(2));
    expect(twice.entry(task.key)).toMatchObject({ interruptions: 2, outcomes: [interrupted, interrupted] });
    const anew = queueOf(cutOff(1), cutOff(2), TUESDAY_NOON);
    expect(anew.entry(task.key)).toMatchObject({ interruptions: 1, outcomes: [interrupted] });
  });

  test("numbers only rise", () => {
    expect(queueOf(cutOff(3), cutOff(4), TUESDAY_NOON).highestAttempt(task.id)).toBe(4);
    expect(queueOf(cutOff(3)).highestAttempt("other" as TaskId)).toBe(0);
  });

  test("an attempt without an end counts for the number alone", () => {
    const queue = queueOf([story.begun(task, 1)]);
    expect(queue.highestAttempt(task.id)).toBe(1);
    expect(queue.entry(task.key).outcomes).toEqual([]);
  });
});

test("only open tasks are started, in the plan's order, and the others say why not", () => {
  const [landed, lost, open, fresh] = ["landed", "lost", "open", "fresh"].map((id) => story.testTask(id));
  if (!landed || !lost || !open || !fresh) throw new Error("unreachable");
  const night = story.nightOf([
    story.started([landed, lost, open]),
    ...story.landedFacts(landed, commit),
    ...story.failedFacts(lost, "no-change"),
  ]);
  const { toStart, skipped } = selectTasks([fresh, landed, open, lost], queueState([night], []));
  expect(toStart.map(({ id }) => id)).toEqual(["fresh", "open"]);
  expect(skipped.map(({ task: { id }, why, night: last }) => [id, why, last])).toEqual([
    ["landed", "landed", story.NIGHT],
    ["lost", "failed", story.NIGHT],
  ]);
});

import { expect, test } from "vitest";
import { exceeded } from "../../src/core/cap.ts";
import type { Fact } from "../../src/core/event.ts";
import { queueState } from "../../src/core/queue.ts";
import { phaseState } from "../../src/core/phase-state.ts";
import { statusOf, type WorkspaceStatus } from "../../src/core/status.ts";
import * as story from "../fixtures/night-story.ts";

const [a, b] = [story.testTask("a"), story.testTask("b")];
const OWNER = { pid: 4711, startedAt: "2026-11-20T22:00:00.000Z", command: "nightwarden run" };
const NOW = new Date("2026-11-20T23:00:03.000Z");

function statusAfter(facts: readonly Fact[], owner?: typeof OWNER): WorkspaceStatus {
  const night = facts.length > 0 ? story.nightOf(facts) : undefined;
  return statusOf({
    phase: phaseState([]),
    gate: story.NO_GATE,
    night,
    owner,
    plan: { tasks: [a, b] },
    queue: queueState(night ? [night] : [], []),
    now: NOW,
  });
}

const running = [
  story.started([a, b]),
  story.prepared(),
  ...story.landedFacts(a, story.commitOf(1)),
  story.begun(b),
];

test("a workspace without a night is idle, and its whole plan is to do", () => {
  const queue = { open: 2, landed: 0, failed: 0, "set-aside": 0 };
  expect(statusAfter([])).toMatchObject({ activity: "idle", owner: null, night: null, queue });
});

test("a running night says which task is at which step since when", () => {
  const { activity, owner, night, tasks } = statusAfter(running, OWNER);
  expect({ activity, owner }).toEqual({ activity: "working", owner: OWNER });
  expect(night).toMatchObject({ id: story.NIGHT, durationMs: 3_602_000, stopping: false });
  expect(night?.attempts).toEqual([
    { task: "b", title: "Do b", number: 1, step: "started", elapsedMs: 3_593_000 },
  ]);
  expect(tasks.map(({ place }) => place)).toEqual(["landed", "open"]);
});

test("an open night that nobody works on has crashed; its time ends with its last event", () => {
  const { activity, night } = statusAfter(running);
  expect(activity).toBe("crashed");
  expect(night).toMatchObject({ durationMs: 9000, attempts: [{ task: "b", elapsedMs: 0 }] });
});

test("a night that waits for a quota says until when, and for which task, until it goes on", () => {
  const until = "2026-11-21T03:00:00.000Z";
  const paused: Fact = { type: "night.paused", data: { task: b.id, until, detail: "429" } };
  expect(statusAfter([...running, paused], OWNER).night?.pause).toEqual({
    task: "b",
    agent: null,
    until,
    detail: "429",
  });
  const continued: Fact = { type: "night.continued", data: {} };
  expect(statusAfter([...running, paused, continued], OWNER).night?.pause).toBeNull();
  expect(statusAfter([...running, paused, story.finished("interrupted")]).night?.pause).toBeNull();
});

test("a task whose last attempt reached a cap says which", () => {
  const cap = { name: "memory", limit: 1024, seen: 1024 } as const;
  const { tasks } = statusAfter([
    story.started([a, b]),
    story.prepared(),
    story.begun(a),
    story.ended(a, exceeded(cap)),
    story.closed(a, "failed"),
  ]);
  expect(tasks.map((task) => task.cap)).toEqual([cap, null]);
});

test("a night that is being stopped says so until it has ended", () => {
  const stopping: Fact = { type: "night.stopping", data: { why: "asked", detail: "SIGINT" } };
  expect(statusAfter([...running, stopping], OWNER).night?.stopping).toBe(true);
  const after = statusAfter([...running, stopping, story.finished("interrupted", "SIGINT")]);
  expect(after).toMatchObject({ activity: "idle", night: { stopping: false, attempts: [] } });
});

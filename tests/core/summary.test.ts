import { describe, expect, test } from "vitest";
import { FAILURE_REASONS } from "../../src/core/attempt.ts";
import type { Fact } from "../../src/core/event.ts";
import { NIGHT_ENDS } from "../../src/core/night-events.ts";
import { emptyNight } from "../../src/core/night-state.ts";
import { summarise, type NightSummary } from "../../src/core/summary.ts";
import * as story from "../fixtures/night-story.ts";

const [a, b, c, d] = [story.testTask("a"), story.testTask("b"), story.testTask("c"), story.testTask("d")];
const commit = story.commitOf(1);
const WARNED = { probe: "disk", subject: "workspace", verdict: "warning", message: "almost full" } as const;

function summaryOf(...facts: readonly Fact[]): NightSummary {
  return summarise(story.nightOf(facts));
}

describe("the result", () => {
  test("is counted, and said in one line without what is none", () => {
    const { headline, counts } = summaryOf(
      story.started([a, b, c, d]),
      ...story.landedFacts(a, commit),
      ...story.failedFacts(b, "verify-failed", '"npm test" ended with exit code 1'),
      ...story.failedFacts(c, "stopped").slice(0, 2),
      story.finished("interrupted", "asked to stop"),
    );
    expect(headline).toBe("1 of 4 tasks landed, 1 failed, 1 carried over, 1 not started");
    expect(counts).toEqual({
      total: 4,
      landed: 1,
      failed: 1,
      skipped: 0,
      setAside: 0,
      carriedOver: 1,
      notStarted: 1,
      running: 0,
    });
  });

  test("of a night that still runs has no end", () => {
    const summary = summaryOf(story.started([a]), story.begun(a));
    expect(summary).toMatchObject({ end: null, finishedAt: null, headline: "0 of 1 task landed, 1 running" });
  });

  test("of a night that has not begun cannot be said", () => {
    expect(() => summarise(emptyNight(story.NIGHT))).toThrow(RangeError);
  });

  test.each(NIGHT_ENDS)("%s is said in words, with its detail", (end) => {
    const { why } = summaryOf(story.started([a]), story.finished(end, "the detail"));
    expect(why).toMatch(end === "queue-empty" ? /^Every task/ : /^[A-Z].*: the detail$/);
  });
});

describe("a task", () => {
  test.each(FAILURE_REASONS)("that ended with %s says so in words, with its detail", (reason) => {
    const [task] = summaryOf(story.started([a]), ...story.failedFacts(a, reason, "the detail")).tasks;
    expect(task?.reason).toBe(reason);
    expect(task?.why).toMatch(/^[A-Z][^:]+: the detail$/);
  });

  test("that landed has a commit and a change, and no reason", () => {
    const [task] = summaryOf(story.started([a]), ...story.landedFacts(a, commit)).tasks;
    const change = { files: 2, insertions: 12, deletions: 3 };
    expect(task).toMatchObject({
      result: "landed",
      attempts: 1,
      durationMs: 5000,
      change,
      commit,
      why: null,
      verifyTail: null,
    });
  });

  test("that failed shows the end of what its tests printed, and what was found, bounded", () => {
    const findings = Array.from({ length: 25 }, (_, index) => ({
      rule: `r${index}`,
      level: "warn" as const,
      message: "m",
    }));
    const [task] = summaryOf(
      story.started([a]),
      story.begun(a),
      story.captured(a, { refused: [{ path: "fifo\u001B[2J", reason: "a FIFO" }] }),
      { type: "checks.finished", data: { ...story.refOf(a), commit, findings } },
      story.verified(a, `${"x".repeat(5000)}\nthe end`),
    ).tasks;
    expect(task?.verifyTail?.length).toBeLessThanOrEqual(2000);
    expect(task?.verifyTail).toMatch(/\nthe end$/);
    expect(task?.findings).toHaveLength(20);
    expect(task).toMatchObject({ omitted: 5, refused: [{ path: "fifo", reason: "a FIFO" }] });
  });

  test("that was closed without an attempt says why", () => {
    const [task] = summaryOf(
      story.started([a]),
      story.closed(a, "carried-over", "dependency-unmerged: b"),
    ).tasks;
    expect(task).toMatchObject({ result: "carried-over", attempts: 0, why: "dependency-unmerged: b" });
  });
});

describe("a repository", () => {
  const landed = [
    story.started([a, b]),
    story.prepared("demo", "/home/my repos/it's"),
    ...story.landedFacts(a, commit),
  ];
  const deferred: Fact = {
    type: "delivery.deferred",
    data: { repo: "demo", ref: "r", to: commit, reason: "it is checked out" },
  };

  test("says where its results are, and that they arrived", () => {
    expect(summaryOf(...landed, story.delivered(commit)).repositories).toEqual([
      {
        repo: "demo",
        path: "/home/my repos/it's",
        branch: `nightwarden/${story.NIGHT}`,
        base: story.BASE,
        baseRef: "refs/heads/main",
        tip: commit,
        landed: 1,
        delivered: true,
        deferred: null,
        uncommitted: 0,
        checkpoint: null,
        uncovered: null,
      },
    ]);
  });

  test("says why its results did not arrive", () => {
    const [repository] = summaryOf(...landed, deferred).repositories;
    expect(repository).toMatchObject({ delivered: false, deferred: "it is checked out" });
  });

  test("in which nothing landed has nothing to deliver", () => {
    const [repository] = summaryOf(story.started([a]), story.prepared(), story.finished()).repositories;
    expect(repository).toMatchObject({ landed: 0, delivered: true, tip: story.BASE });
  });

  test("next actions are the most urgent three, ready for a shell", () => {
    const commands = (...facts: Fact[]): string[] =>
      summaryOf(...facts).nextActions.map(({ command }) => command);
    expect(commands(...landed, story.delivered(commit), story.finished("interrupted"))).toEqual([
      String.raw`git -C '/home/my repos/it'\''s' log --stat bbbbbbbbbbbb..nightwarden/2026-11-20-k3f9`,
      "nightwarden run",
    ]);
    expect(
      commands(
        ...landed,
        deferred,
        ...story.failedFacts(b, "no-change"),
        story.finished("infra", "disk full"),
      ),
    ).toEqual(["nightwarden doctor", "nightwarden deliver 2026-11-20-k3f9", "nightwarden rerun b"]);
    expect(commands(story.started([a]), story.finished())).toEqual(["nightwarden run"]);
    expect(commands(story.started([a]), story.begun(a))).toEqual([]);
  });
});

test("a looser policy is shown beside the specification's values, with its reason", () => {
  const loosened = [{ key: "afterFailure", specified: "stop", used: "breaker" }];
  const facts = story.started([a], { purpose: "demo", loosened, loosenedReason: "shows a whole night" });
  expect(summaryOf(facts)).toMatchObject({
    purpose: "demo",
    loosened,
    loosenedReason: "shows a whole night",
  });
});

test("a promotion that was forced is shown with every night that came after it", () => {
  const promotion = { from: "1", to: "2a", at: "2026-11-19T08:00:00.000Z" } as const;
  const forced = [{ ...promotion, reason: "it was a demo", unmet: ["landedTasks"] }];
  expect(summaryOf(story.started([a], { forced }))).toMatchObject({ forced });
  expect(summaryOf(story.started([a])).forced).toEqual([]);
});

test("no text of a summary can do anything on a terminal", () => {
  const evil = "\u001B]0;owned\u0007\u202Eevil\r\n\u009B2J";
  const hostile = story.testTask("a", { title: evil });
  const refused = [{ path: evil, reason: evil }];
  const finding = { rule: evil, level: "block" as const, path: evil, message: evil };
  const summary = summaryOf(
    story.started([hostile], {
      loosened: [{ key: evil, specified: evil, used: evil }],
      loosenedReason: evil,
      forced: [{ from: "1", to: "2a", at: "2026-11-19T08:00:00.000Z", reason: evil, unmet: [evil] }],
    }),
    story.prepared("demo", `/home/${evil}`),
    { type: "warning.raised", data: { code: evil, message: evil } },
    story.begun(hostile),
    story.captured(hostile, { refused }),
    { type: "checks.finished", data: { ...story.refOf(hostile), commit, findings: [finding] } },
    story.verified(hostile, evil),
    ...story.failedFacts(hostile, "agent-failed", evil).slice(1),
    { type: "delivery.deferred", data: { repo: "demo", ref: "r", to: commit, reason: evil } },
    story.finished("infra", evil),
  );
  const texts: string[] = [];
  JSON.stringify(summary, (_, value: unknown) => {
    if (typeof value === "string") texts.push(value);
    return value;
  });
  expect(texts.length).toBeGreaterThan(30);
  for (const text of texts) expect(text).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u);
});

describe("old versions", () => {
  const found = (subject: string, verdict: "ok" | "warning" | "refused", value = "1.1.5"): Fact => ({
    type: "probe.finished",
    data: { probe: "version", subject, verdict, message: `${subject} is ${verdict}`, value, durationMs: 1 },
  });

  test("are named with what they lack, and are no warnings beside that", () => {
    const { oldVersions, versions, warnings } = summaryOf(
      story.started([a], { versions: { engine: "20.10.24", "ru\u001B[2Jnc": "1.1.5" } }),
      found("engine", "ok", "29.7.2"),
      found("runc", "warning"),
      found("git", "refused", "2.39.0"),
      { type: "probe.finished", data: { ...WARNED, durationMs: 1 } },
    );
    expect(oldVersions).toEqual([
      { program: "runc", version: "1.1.5", message: "runc is warning" },
      { program: "git", version: "2.39.0", message: "git is refused" },
    ]);
    expect(versions).toEqual({ engine: "20.10.24", runc: "1.1.5" });
    expect(warnings.map(({ code }) => code)).toEqual(["probe-disk"]);
  });

  test("are told as they were found last, where a night went on after a crash", () => {
    const { oldVersions } = summaryOf(
      story.started([a]),
      found("runc", "warning"),
      { type: "night.resumed", data: { crashedPid: null } },
      found("runc", "ok", "1.3.6"),
    );
    expect(oldVersions).toEqual([]);
  });
});

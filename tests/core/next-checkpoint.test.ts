import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Fact } from "../../src/core/event.ts";
import type { ObjectId } from "../../src/core/ids.ts";
import { candidateOf, keepsRefs, landingsAgain, originOf, undoneBy } from "../../src/core/landing-again.ts";
import {
  checkpointEnd,
  dueCheckpoint,
  nextCheckpoint,
  nextUndoing,
  openCheckpoint,
} from "../../src/core/next-checkpoint.ts";
import { apply, emptyNight, type NightState, type RepositoryState } from "../../src/core/night-state.ts";
import type { Task } from "../../src/core/plan.ts";
import * as story from "../fixtures/night-story.ts";

const [a, b, c, d] = [
  story.testTask("a"),
  story.testTask("b"),
  story.testTask("c", { dependsOn: ["b" as never] }),
  story.testTask("d", { dependsOn: ["c" as never] }),
] as const;
const tasks = [a, b, c, d];
const [A, B, C, D] = tasks.map((_, index) => story.commitOf(index + 1)) as [
  ObjectId,
  ObjectId,
  ObjectId,
  ObjectId,
];
const begin: Fact[] = [story.started(tasks), story.prepared()];
const landed = (count: number): Fact[] =>
  tasks.slice(0, count).flatMap((task, index) => story.landedFacts(task, story.commitOf(index + 1)));
const repo = "demo";
const tried = (commit: ObjectId, green: boolean): Fact => ({
  type: "bisection.tried",
  data: { repo, commit, key: commit, green },
});
const red = (commit: ObjectId, commits: readonly ObjectId[]): Fact[] => [
  story.checkpoint(commit, "red"),
  { type: "bisection.started", data: { repo, good: story.BASE, commits: [...commits] } },
];
const blamed = (culprit: ObjectId | null): Fact => ({
  type: "bisection.finished",
  data: { repo, culprit, detail: "how" },
});
const way = { repo, from: D, to: story.BASE };
const wentBack: Fact[] = [
  { type: "rollback.started", data: way },
  { type: "rollback.finished", data: way },
];

const nightOf = (...facts: readonly (Fact | readonly Fact[])[]): NightState =>
  story.nightOf([...begin, ...facts.flat()]);
const demo = (state: NightState): RepositoryState => state.repositories.get(repo) as RepositoryState;
const next = (...facts: readonly (Fact | readonly Fact[])[]): unknown => {
  const state = nightOf(...facts);
  return nextCheckpoint(state, demo(state));
};

describe("a checkpoint is due", () => {
  const due = (state: NightState, every: number | undefined, atEnd: boolean): string | undefined =>
    dueCheckpoint(state, { checkpointEvery: every }, { atEnd })?.repo;

  test.each<[string, NightState, number | undefined, boolean, boolean]>([
    ["after so many landings", nightOf(landed(2)), 2, false, true],
    ["and not before", nightOf(landed(1)), 2, false, false],
    ["at the end with any landing", nightOf(landed(1)), 2, true, true],
    ["at the end with none not", nightOf(), 2, true, false],
    [
      "at the end with nothing since the last one not",
      nightOf(landed(2), story.checkpoint(B, "green")),
      2,
      true,
      false,
    ],
    ["never where the policy has none", nightOf(landed(4)), undefined, true, false],
    ["where one is red and cut off", nightOf(landed(2), story.checkpoint(B, "red")), 9, false, true],
    [
      "where a way back has begun",
      nightOf(landed(4), red(D, [A, B, C, D]), blamed(B), wentBack.slice(0, 1)),
      9,
      false,
      true,
    ],
    [
      "where not all is revoked",
      nightOf(landed(4), red(D, [A, B, C, D]), blamed(B), wentBack),
      9,
      false,
      true,
    ],
    [
      "not where it has blamed nobody",
      nightOf(landed(4), red(D, [A, B, C, D]), blamed(null)),
      2,
      true,
      false,
    ],
  ])("%s", (_, state, every, atEnd, isDue) => {
    expect(due(state, every, atEnd)).toBe(isDue ? repo : undefined);
  });

  test("for the landings since the last green one alone", () => {
    const state = nightOf(landed(2), story.checkpoint(B, "green"), story.landedFacts(c, C));
    expect(demo(state)).toMatchObject({ checkpoint: B, landings: [{ commit: C }] });
    expect(nextCheckpoint(state, demo(state))).toEqual({ kind: "verify", commit: C, since: B });
  });
});

describe("what follows a red checkpoint", () => {
  test.each<[string, unknown, unknown]>([
    ["nothing has landed: nothing", next(), { kind: "done" }],
    ["landings: the tip is verified", next(landed(2)), { kind: "verify", commit: B, since: story.BASE }],
    [
      "red: the landings are looked through",
      next(landed(2), story.checkpoint(B, "red")),
      { kind: "bisect", good: story.BASE, commits: [A, B] },
    ],
    [
      "the search begins with the good end",
      next(landed(4), red(D, [A, B, C, D])),
      { kind: "try", commit: story.BASE },
    ],
    [
      "the middle next",
      next(landed(4), red(D, [A, B, C, D]), tried(story.BASE, true)),
      { kind: "try", commit: B },
    ],
    [
      "the good end red: nobody is to blame",
      next(landed(4), red(D, [A, B, C, D]), tried(story.BASE, false)),
      { kind: "blame", culprit: null },
    ],
    [
      "found: the culprit is named, with how it failed",
      next(landed(4), red(D, [A, B, C, D]), tried(story.BASE, true), tried(B, false), tried(A, true)),
      { kind: "blame", culprit: B, detail: '"npm run all" ended with exit code 1' },
    ],
    [
      "named: the branch goes back",
      next(landed(4), red(D, [A, B, C, D]), blamed(B)),
      { kind: "go-back", from: D, to: story.BASE },
    ],
    [
      "the way back was cut off: it goes on",
      next(landed(4), red(D, [A, B, C, D]), blamed(B), wentBack.slice(0, 1)),
      { kind: "go-back", from: D, to: story.BASE },
    ],
    [
      "it is back: the first landing is revoked",
      next(landed(4), red(D, [A, B, C, D]), blamed(B), wentBack),
      { kind: "revoke", landing: { attempt: "a.1" }, role: "innocent", checkpoint: story.BASE },
    ],
    [
      "a half-written revocation goes on with the next one",
      next(landed(4), red(D, [A, B, C, D]), blamed(B), wentBack, story.revoked(a, A, "innocent")),
      { kind: "revoke", landing: { attempt: "b.1" }, role: "culprit" },
    ],
    [
      "all are revoked: it is over",
      next(
        landed(4),
        red(D, [A, B, C, D]),
        blamed(B),
        wentBack,
        story.revoked(a, A, "innocent"),
        story.revoked(b, B, "culprit"),
        story.revoked(c, C, "dependent"),
        story.revoked(d, D, "dependent"),
      ),
      { kind: "done" },
    ],
    [
      "it could not go back: nothing more is tried",
      next(landed(4), red(D, [A, B, C, D]), blamed(B), wentBack.slice(0, 1), {
        type: "rollback.failed",
        data: { ...way, message: "locked" },
      }),
      { kind: "done" },
    ],
  ])("%s", (_, step, expected) => {
    expect(step).toMatchObject(expected as object);
  });

  test.each<[string, NightState, string | undefined]>([
    ["nothing is being made before it begins", nightOf(landed(2)), undefined],
    [
      "it has begun",
      nightOf(landed(2), {
        type: "checkpoint.started",
        data: { repo, commit: B, since: story.BASE, key: "k" },
      }),
      "verifying",
    ],
    ["it is red", nightOf(landed(4), red(D, [A, B, C, D])), "bisecting"],
    ["it goes back", nightOf(landed(4), red(D, [A, B, C, D]), blamed(B), wentBack), "going-back"],
    ["it was green", nightOf(landed(2), story.checkpoint(B, "green")), undefined],
    ["it has blamed nobody", nightOf(landed(2), red(B, [A, B]), blamed(null)), undefined],
  ])("for somebody who watches: %s", (_, state, step) => {
    expect(openCheckpoint(state)?.step).toBe(step);
  });

  test("a failed way back and a search that blames nobody end the night", () => {
    expect(checkpointEnd(nightOf(landed(4)))).toBeUndefined();
    const failed: Fact = { type: "rollback.failed", data: { ...way, message: "locked" } };
    expect(checkpointEnd(nightOf(landed(4), failed))).toMatchObject({
      end: "rollback-failed",
      detail: expect.stringContaining("locked"),
    });
    expect(checkpointEnd(nightOf(landed(4), red(D, [A, B, C, D]), blamed(null)))).toEqual({
      end: "infra",
      detail: "demo: how",
    });
  });
});

/** Everything that follows from the state, written down as the flow does; true: green. */
function carryOut(state: NightState, isGreen: (commit: ObjectId) => boolean): Fact[] {
  const written: Fact[] = [];
  const write = (fact: Fact): void => {
    written.push(fact);
    for (const event of story.eventsOf([fact])) apply(state, event);
  };
  for (
    let step = nextCheckpoint(state, demo(state));
    step.kind !== "done";
    step = nextCheckpoint(state, demo(state))
  ) {
    expect(written.length).toBeLessThan(200);
    switch (step.kind) {
      case "verify":
        write(story.checkpoint(step.commit, isGreen(step.commit) ? "green" : "red"));
        break;
      case "bisect":
        write({ type: "bisection.started", data: { repo, good: step.good, commits: [...step.commits] } });
        break;
      case "try":
        write(tried(step.commit, isGreen(step.commit)));
        break;
      case "blame":
        write({ type: "bisection.finished", data: { repo, culprit: step.culprit, detail: step.detail } });
        break;
      case "go-back": {
        const { from, to } = step;
        write({
          type: demo(state).goingBack ? "rollback.finished" : "rollback.started",
          data: { repo, from, to },
        });
        break;
      }
      case "revoke": {
        const { task, attempt, token, commit } = step.landing;
        const { checkpoint, role, detail } = step;
        write({
          type: "landing.revoked",
          data: { task, attempt, token, commit, repo, checkpoint, role, detail },
        });
      }
    }
  }
  return written;
}

test("from any prefix of a red checkpoint's events, what is missing is written once, and comes to the same", () => {
  const culprits = fc.integer({ min: 1, max: 8 }).chain((count) =>
    fc.record({
      count: fc.constant(count),
      bad: fc.subarray(
        Array.from({ length: count }, (_, index) => index),
        { minLength: 1 },
      ),
      edges: fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 8 }),
    }),
  );
  fc.assert(
    fc.property(culprits, ({ count, bad, edges }) => {
      const many: Task[] = Array.from({ length: count }, (_, index) =>
        story.testTask(`t${index}`, {
          dependsOn: edges
            .filter(([from, to]) => from === index && to < index)
            .map(([, to]) => `t${to}` as never),
        }),
      );
      const before = [
        story.started(many),
        story.prepared(),
        ...many.flatMap((task, index) => story.landedFacts(task, story.commitOf(index + 1))),
      ];
      const isGreen = (commit: ObjectId): boolean =>
        commit === story.BASE || bad.every((index) => commit < story.commitOf(index + 1));
      const whole = carryOut(story.nightOf(before), isGreen);
      const revoked = whole.flatMap((fact) => (fact.type === "landing.revoked" ? [fact.data] : []));
      expect(revoked.map(({ task }) => task)).toEqual(many.map(({ id }) => id));
      expect(revoked.filter(({ role }) => role === "culprit").map(({ task }) => task)).toEqual([
        `t${Math.min(...bad)}`,
      ]);
      const runs = whole.filter(({ type }) => type === "bisection.tried").length;
      expect(runs).toBeLessThanOrEqual(Math.ceil(Math.log2(count)) + 1);
      for (let cut = 0; cut <= whole.length; cut += 1) {
        const state = story.nightOf([...before, ...whole.slice(0, cut)]);
        expect(carryOut(state, isGreen)).toEqual(whole.slice(cut));
        expect(nextUndoing(state, demo(state))).toBeUndefined();
      }
    }),
    { numRuns: 60 },
  );
});

describe("a landing that was taken back", () => {
  const back = [landed(4), red(D, [A, B, C, D]), blamed(B), wentBack].flat();
  const all: Fact[] = [
    ...back,
    story.revoked(a, A, "innocent"),
    story.revoked(b, B, "culprit"),
    story.revoked(c, C, "dependent"),
    story.revoked(d, D, "dependent"),
  ];
  const undone = (state: NightState): unknown[] =>
    [...state.tasks.values()].map((task) => undoneBy(state, task));

  test("the culprit has failed, its dependents are skipped for it, an innocent lands again", () => {
    const state = nightOf(all);
    expect(undone(state)).toEqual([
      undefined,
      { result: "failed", detail: "as culprit" },
      { result: "skipped", detail: "as dependent", because: "b" },
      { result: "skipped", detail: "as dependent", because: "b" },
    ]);
    expect(landingsAgain(state).map(({ id }) => id)).toEqual(["a"]);
    expect(candidateOf(state.tasks.get(a.id)!)).toEqual({ attempt: "a.1", commit: A, base: story.BASE });
    expect([...state.tasks.values()].map((task) => keepsRefs(state, task.attempts[0]!))).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  test("innocents land again in their old order", () => {
    const state = nightOf(back, story.revoked(d, D, "innocent"), story.revoked(a, A, "innocent"));
    expect(landingsAgain(state).map(({ id }) => id)).toEqual(["d", "a"]);
  });

  const again = (outcome: Parameters<typeof story.ended>[1]): Fact[] => [
    ...all,
    story.begun(a, 2),
    story.ended(a, outcome, 2),
  ];

  test("one that did not pass has had its turn: an agent begins anew", () => {
    const failure = { kind: "failed", cause: "task", reason: "conflict", detail: "" } as const;
    expect(landingsAgain(nightOf(again(failure)))).toEqual([]);
    const cut = { kind: "failed", cause: "interrupted", reason: "crashed", detail: "" } as const;
    expect(landingsAgain(nightOf(again(cut))).map(({ id }) => id)).toEqual(["a"]);
  });

  test("one that landed again and is revoked again has its change from the first attempt's agent", () => {
    const second = story.commitOf(9);
    const [begun, ...rest] = story
      .landedFacts(a, second, 2)
      .filter(({ type }) => type !== "capture.finished");
    const candidate = { attempt: "a.1" as never, commit: A, base: story.BASE };
    const from: Fact = {
      type: "attempt.started",
      data: { ...begun!.data, candidate } as never,
    };
    const state = nightOf(all, from, rest, story.revoked(a, second, "innocent", 2));
    const task = state.tasks.get(a.id)!;
    expect(candidateOf(task)).toMatchObject({ attempt: "a.2", commit: second });
    expect(originOf(task, candidateOf(task)!)).toMatchObject({ attempt: "a.1", capture: { commit: A } });
  });

  test("nothing is kept for a night that is over", () => {
    const state = nightOf(all, story.finished());
    expect(keepsRefs(state, state.tasks.get(a.id)!.attempts[0]!)).toBe(false);
    expect(emptyNight(story.NIGHT).failedRollbacks).toEqual([]);
  });
});

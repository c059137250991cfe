import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FailureReason } from "../../src/core/attempt.ts";
import type { EventData, EventType } from "../../src/core/event.ts";
import type { Repository } from "../../src/contracts/repository.ts";
import { replay, type NightState } from "../../src/core/night-state.ts";
import { NightwardenError } from "../../src/core/nightwarden-error.ts";
import { phaseState } from "../../src/core/phase-state.ts";
import { summarise } from "../../src/core/summary.ts";
import { openRepository } from "../../src/git/open-repository.ts";
import { deliverNight } from "../../src/night/deliver-night.ts";
import { StopRequest } from "../../src/night/night.ts";
import { renderSummaryText } from "../../src/report/render-summary-text.ts";
import { GO_ON, NightWorld, type TaskStory } from "./night-world.ts";

/** Every two landings. The full verification is red while the tree has a file `poison`, which verify does not look at. */
const POLICY = { ...GO_ON, retries: 1, checkpointEvery: 2 } as const;
const ORDER = { policy: POLICY, fullVerify: new Map([["app", ["full"]]]) };

const lands = (id: string, dependsOn: readonly string[] = []): TaskStory => ({
  id,
  dependsOn: dependsOn as never,
  agent_: ({ files }) => {
    agents.push(id);
    files.set(`${id}.txt`, Buffer.from(id));
    return 0;
  },
});
const poisons = (id: string, dependsOn: readonly string[] = []): TaskStory => ({
  ...lands(id, dependsOn),
  agent_: ({ files }) => {
    agents.push(id);
    files.set("poison", Buffer.from(id));
    return 0;
  },
});

let world: NightWorld;
/** Tasks whose agent has run, in that order. */
let agents: string[] = [];
/** How often the full verification has run. */
let fullRuns = 0;

beforeEach(async () => {
  world = await NightWorld.create();
  agents = [];
  watchFullRuns();
});
function watchFullRuns(): void {
  fullRuns = 0;
  world.engine.programs.set("sh", ({ files }, [, command]) => {
    if (command === "full") fullRuns += 1;
    if (command === "full") return files.has("poison") ? 1 : 0;
    return files.has("broken") ? 1 : 0;
  });
}
afterEach(() => {
  expect([...world.engine.open_]).toEqual([]);
  world.dispose();
});

function dataOf<T extends EventType>(type: T): EventData<T>[] {
  return world.events.flatMap((event) => (event.type === type ? [event.data as EventData<T>] : []));
}

function resultsOf(night: NightState | undefined): Record<string, string | undefined> {
  return Object.fromEntries([...night!.tasks.values()].map(({ id, result }) => [id, result]));
}

async function attemptRefs(): Promise<string[]> {
  const { residue } = await world.shadow.count({ kind: "workspace" });
  return residue.filter(({ kind }) => kind === "ref").map(({ attempt }) => attempt ?? "");
}

describe("a checkpoint", () => {
  it("is a full verification after so many landings, and once more at the end of the queue", async () => {
    const night = await world.run([lands("one"), lands("two"), lands("three")], ORDER);
    expect(night).toMatchObject({ end: "queue-empty", finished: ["landed", "landed", "landed"] });
    const checkpoints = dataOf("checkpoint.finished");
    expect(checkpoints.map(({ result }) => result)).toEqual(["green", "green"]);
    expect(night?.repositories.get("app")).toMatchObject({
      landings: [],
      checkpoint: checkpoints[1]!.commit,
    });
    expect(fullRuns).toBe(2);
  });

  it("has no turn where the policy has none", async () => {
    await world.run([lands("one"), poisons("two"), lands("three")], { ...ORDER, policy: GO_ON });
    expect(fullRuns).toBe(0);
    expect(dataOf("checkpoint.finished")).toEqual([]);
  });

  it("runs the verify commands where the repository has no others", async () => {
    await world.run([lands("one"), lands("two")], { policy: POLICY });
    expect(dataOf("checkpoint.finished")).toMatchObject([{ result: "green", verdict: { green: true } }]);
    expect(fullRuns).toBe(0);
  });

  it("that is red goes back: what made it so has failed, what depends on that is skipped, the others land again without an agent", async () => {
    const stories = [
      lands("one"),
      poisons("two"),
      lands("three", ["two"]),
      lands("four"),
      lands("five", ["three"]),
    ];
    const night = await world.run(stories, { ...ORDER, policy: { ...POLICY, checkpointEvery: 5 } });
    expect(night?.end).toBe("queue-empty");
    expect(resultsOf(night)).toEqual({
      one: "landed",
      two: "failed",
      three: "skipped",
      four: "landed",
      five: "skipped",
    });
    expect(night?.tasks.get("five" as never)).toMatchObject({ because: "two" });
    expect(dataOf("landing.revoked").map(({ task, role }) => [task, role])).toEqual([
      ["one", "innocent"],
      ["two", "culprit"],
      ["three", "dependent"],
      ["four", "innocent"],
      ["five", "dependent"],
    ]);
    expect(world.landedSubjects(night!)).toEqual(["Title of one", "Title of four"]);
    expect(world.git("ls-tree", "--name-only", `nightwarden/${night!.night}`).split("\n")).toEqual([
      "a.txt",
      "four.txt",
      "one.txt",
    ]);
    expect(agents).toEqual(["one", "two", "three", "four", "five"]);
    expect(night?.tasks.get("two" as never)?.detail).toContain('"full" ended with exit code 1');
    expect(dataOf("checkpoint.finished").map(({ result }) => result)).toEqual(["red", "green"]);
    // Only what has landed keeps its refs.
    expect((await attemptRefs()).toSorted()).toEqual(["four.2", "one.2"]);
    expect(night).toMatchObject({ leaks: [], leftovers: 0 });
  });
});

describe("a landing again", () => {
  it("is made again, checked and verified, and is no agent's work", async () => {
    const night = await world.run([poisons("one"), lands("two")], ORDER);
    expect(resultsOf(night)).toEqual({ one: "failed", two: "landed" });
    const attempts = night!.tasks.get("two" as never)!.attempts;
    expect(attempts).toMatchObject([
      { number: 1, revoked: "innocent" },
      { number: 2, candidate: { attempt: "two.1", commit: attempts[0]!.landed } },
    ]);
    // What landed again is summarised as what its agent made.
    expect(summarise(night!).tasks[1]).toMatchObject({ change: { files: 1, insertions: 1 }, attempts: 2 });
    const again = world.events.filter(({ data }) => (data as { attempt?: string }).attempt === "two.2");
    const types = again.map(({ type }) => type);
    expect(types).not.toContain("capture.started");
    expect(types.filter((type) => !type.startsWith("sandbox."))).toEqual([
      "attempt.started",
      "candidate.rebuilt",
      "checks.finished",
      "verify.started",
      "verify.finished",
      "replay.started",
      "replay.finished",
      "landing.started",
      "landing.finished",
      "attempt.finished",
    ]);
    expect(agents).toEqual(["one", "two"]);
  });

  it("that does not fit without the culprit is the task's failure, and an agent begins anew and is told", async () => {
    const told: string[] = [];
    const builds: TaskStory = {
      id: "two",
      agent_: ({ files, stdin }) => {
        told.push(stdin);
        files.set("poison-list", Buffer.from(`${files.get("poison-list")?.toString() ?? ""}two\n`));
        return 0;
      },
    };
    const begins: TaskStory = {
      id: "one",
      agent_: ({ files }) => {
        files.set("poison", Buffer.from("x"));
        files.set("poison-list", Buffer.from("one\n"));
        return 0;
      },
    };
    const night = await world.run([begins, builds], ORDER);
    expect(resultsOf(night)).toEqual({ one: "failed", two: "landed" });
    expect(night!.tasks.get("two" as never)!.attempts.map(({ outcome }) => outcome)).toMatchObject([
      { kind: "landed" },
      { kind: "failed", cause: "task", reason: "conflict" },
      { kind: "landed" },
    ]);
    expect(told).toHaveLength(2);
    expect(told[1]).toContain("> Does not fit with what landed before");
    expect(world.git("show", `nightwarden/${night!.night}:poison-list`)).toBe("two");
  });

  it("has no turn any more where the night has to end: the task is open, and an agent begins anew in the next", async () => {
    const controller = new AbortController();
    world.onEvent = ({ type }) => {
      if (type === "landing.revoked") controller.abort(new StopRequest("time-limit", "enough"));
    };
    const night = await world.run([lands("one"), poisons("two")], ORDER, controller.signal);
    expect(night?.end).toBe("time-limit");
    expect(resultsOf(night)).toEqual({ one: undefined, two: "failed" });
    expect(world.landedSubjects(night!)).toEqual([]);
    expect(summarise(night!).tasks[0]).toMatchObject({
      result: "carried-over",
      why: expect.stringContaining("taken back"),
    });
    expect(await attemptRefs()).toEqual([]);
    world.onEvent = () => undefined;
    const next = await world.run([lands("one"), poisons("two")], ORDER);
    expect(resultsOf(next)).toEqual({ one: "landed" });
    expect(next!.tasks.get("one" as never)!.attempts).toMatchObject([{ number: 2 }]);
    expect(agents).toEqual(["one", "two", "one"]);
  });
});

describe("a full verification", () => {
  it("counts as red only where a second run is red as well", async () => {
    world.engine.programs.set("sh", (_, [, command]) =>
      command === "full" && (fullRuns += 1) === 1 ? 1 : 0,
    );
    const night = await world.run([lands("one"), lands("two")], ORDER);
    expect(night).toMatchObject({ end: "queue-empty", finished: ["landed", "landed"] });
    expect(dataOf("checkpoint.finished")).toMatchObject([{ result: "flaky" }]);
    expect(night?.warnings).toMatchObject([{ code: "flaky-checkpoint" }]);
    expect(fullRuns).toBe(2);
  });

  it("that is red on the last checkpoint as well blames nobody: the night ends, and what has landed stays", async () => {
    world.engine.programs.set("sh", (_, [, command]) => (command === "full" ? 1 : 0));
    const night = await world.run([lands("one"), lands("two"), lands("three")], ORDER);
    expect(night).toMatchObject({ end: "infra", finished: ["landed", "landed"], revocations: [] });
    expect(night?.endDetail).toContain("no landing is to blame");
    expect(world.landedSubjects(night!)).toEqual(["Title of one", "Title of two"]);
  });

  it("is run once more after the engine failed, and ends the night where it fails again", async () => {
    let starts = 0;
    world.engine.beforeStart = ({ attempt }) => {
      if (attempt.task !== "checkpoint") return;
      starts += 1;
      if (starts === 1) throw new NightwardenError({ code: "infra.engine", message: "gone" });
    };
    const once = await world.run([lands("one"), lands("two")], ORDER);
    expect(once).toMatchObject({ end: "queue-empty" });
    expect(dataOf("checkpoint.finished")).toMatchObject([{ result: "green" }]);
    world.engine.beforeStart = ({ attempt }) => {
      if (attempt.task === "checkpoint")
        throw new NightwardenError({ code: "infra.engine", message: "gone" });
    };
    const twice = await world.run([lands("three"), lands("four")], ORDER);
    expect(twice).toMatchObject({ end: "infra", alerts: [{ alert: "infra" }] });
    expect(twice?.endDetail).toContain("a checkpoint of app could not be made: gone");
  });

  it("is cut off by a stop: the branch stays at what has landed, and the summary says what no checkpoint covers", async () => {
    const controller = new AbortController();
    world.engine.programs.set("sh", async (run, [, command]) => {
      if (command !== "full") return 0;
      controller.abort(new StopRequest("time-limit", "enough"));
      await new Promise((go) => run.ended.addEventListener("abort", go));
      return 137;
    });
    const night = await world.run([lands("one"), lands("two"), lands("three")], ORDER, controller.signal);
    expect(night).toMatchObject({ end: "time-limit", finished: ["landed", "landed"] });
    expect(world.landedSubjects(night!)).toEqual(["Title of one", "Title of two"]);
    const summary = summarise(night!);
    expect(summary.repositories).toMatchObject([
      { uncovered: 2, checkpoint: world.git("rev-parse", "main") },
    ]);
    const text = renderSummaryText(summary, { width: 200, paint: (_, words) => words });
    expect(text).toContain("2 landed, 2 of them not covered by a checkpoint");
  });
});

describe("the way back", () => {
  it("is never forced on the owner's branch: put off, said, and brought later", async () => {
    world.onEvent = ({ type, night }) => {
      if (type === "checkpoint.started") world.git("checkout", "-q", `nightwarden/${night}`);
    };
    const night = await world.run([poisons("one"), lands("two")], ORDER);
    expect(night?.end).toBe("queue-empty");
    const branch = `nightwarden/${night!.night}`;
    expect(world.git("log", "--format=%s", `main..${branch}`).split("\n")).toEqual([
      "Title of two",
      "Title of one",
    ]);
    expect(world.git("status", "--porcelain")).toBe("");
    expect(night?.repositories.get("app")?.deferred).toMatch(/checked out/);
    expect(summarise(night!).nextActions[0]).toMatchObject({
      command: `nightwarden deliver ${night!.night}`,
    });
    world.git("checkout", "-q", "main");
    const repositories = new Map([["app", world.repository]]);
    const delivered = await deliverNight({ journals: world.journals, repositories, night: night!.night });
    expect(delivered).toEqual([{ repo: "app", reason: undefined }]);
    expect(world.landedSubjects(night!)).toEqual(["Title of two"]);
  });

  it("leaves the owner's own commits on the branch where they are", async () => {
    world.onEvent = ({ type, night }) => {
      if (type !== "checkpoint.started") return;
      world.git("checkout", "-q", `nightwarden/${night}`);
      world.git("commit", "-q", "--allow-empty", "-m", "mine");
      world.git("checkout", "-q", "main");
      world.onEvent = () => undefined;
    };
    const night = await world.run([poisons("one"), lands("two")], ORDER);
    expect(night?.repositories.get("app")?.deferred).toMatch(/did not put it/);
    expect(world.landedSubjects(night!)).toEqual(["Title of one", "Title of two", "mine"]);
  });

  const cannotGoBack = (): Map<string, Repository> => {
    const goBack = (): Promise<never> =>
      Promise.reject(new NightwardenError({ code: "infra.git", message: "the ref is locked" }));
    return new Map([["app", Object.create(world.repository, { goBack: { value: goBack } }) as Repository]]);
  };

  it("that fails ends the night, costs a phase, and takes nothing back", async () => {
    const journal = await world.journals.open(null);
    for (const [from, to] of [
      ["1", "2a"],
      ["2a", "2b"],
      ["2b", "3"],
    ] as const)
      await journal.append({ type: "phase.promoted", data: { from, to, forced: null, policyHash: "p" } });
    await journal.close();
    const stories = [lands("one"), poisons("two"), lands("three")];
    const night = await world.run(stories, { ...ORDER, phase: "3" }, undefined, {
      repositories: cannotGoBack(),
    });
    expect(night).toMatchObject({
      end: "rollback-failed",
      revocations: [],
      demotion: { from: "3", to: "2b", by: "rollback" },
      alerts: [{ alert: "rollback-failed" }, { alert: "demoted" }],
    });
    expect(night?.endDetail).toContain("the ref is locked");
    expect(agents).toEqual(["one", "two"]);
    expect(phaseState((await world.journals.read(null)).events)).toMatchObject({ phase: "2b" });
    const summary = summarise(night!);
    expect(summary.nextActions[0]).toMatchObject({ command: expect.stringContaining("log --oneline") });
    expect(summary.demotion).toMatchObject({ from: "3", to: "2b" });
  });

  it.each(["rollback.started", "rollback.failed", "phase.demoted"] as const)(
    "that fails costs one phase, also where a crash came at %s",
    async (type) => {
      const stories = [lands("one"), poisons("two")];
      const deps = { repositories: cannotGoBack() };
      world.journals.crashAfter(type);
      await expect(world.run(stories, ORDER, undefined, deps)).rejects.toThrow();
      await world.journals.recover();
      const night = await world.run(stories, ORDER, undefined, deps);
      expect(night).toMatchObject({ end: "rollback-failed", resumes: 1, failedRollbacks: [{ repo: "app" }] });
      const { events } = await world.journals.read(null);
      expect(events.filter((event) => event.type === "phase.demoted")).toHaveLength(1);
    },
  );

  it("that fails costs a phase also where the plan has changed after a crash, and the night is abandoned", async () => {
    const deps = { repositories: cannotGoBack() };
    world.journals.crashAfter("rollback.failed");
    await expect(world.run([lands("one"), poisons("two")], ORDER, undefined, deps)).rejects.toThrow();
    await world.journals.recover();
    await world.run([lands("one"), poisons("two"), lands("three")], ORDER);
    const [first] = await world.journals.nights();
    const state = replay(first!, (await world.journals.read(first!)).events);
    expect(state).toMatchObject({ end: "abandoned", demotion: { by: "rollback" } });
    expect(state.alerts.map(({ alert }) => alert)).toEqual(["demoted"]);
    const { events } = await world.journals.read(null);
    expect(events.filter(({ type }) => type === "phase.demoted")).toHaveLength(1);
  });

  it("is completed where the plan has changed after a crash, and what made it red is not started again", async () => {
    world.journals.crashAfter("rollback.started");
    await expect(world.run([lands("one"), poisons("two")], ORDER)).rejects.toThrow();
    await world.journals.recover();
    const second = await world.run([lands("one"), poisons("two"), lands("three")], ORDER);
    expect(resultsOf(second)).toEqual({ one: "landed", three: "landed" });
    const [first] = await world.journals.nights();
    const state = replay(first!, (await world.journals.read(first!)).events);
    expect(state.end).toBe("abandoned");
    expect(state.revocations.map(({ task, role }) => [task, role])).toEqual([
      ["one", "innocent"],
      ["two", "culprit"],
    ]);
    expect(world.landedSubjects(state)).toEqual([]);
    expect(world.landedSubjects(second!)).toEqual(["Title of one", "Title of three"]);
  });
});

/** How an agent ends that has written its file. */
type Ends = (files: Map<string, Buffer>) => number;

describe("beside attempts that work", () => {
  const policy = { ...POLICY, order: "dag", parallel: 2, skipping: "dependents" } as const;

  /**
   * `one` lands and makes the next checkpoint red, `two` begins on top of it, then `three` lands, and the checkpoint is
   * due. `two` works until its landings are revoked.
   */
  async function besides(
    dependsOn: readonly string[],
    ends: Ends = () => 0,
    other?: { readonly repo: string; readonly repository: Repository },
  ): Promise<NightState> {
    let begun: () => void = () => undefined;
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    let revoked: () => void = () => undefined;
    const isRevoked = new Promise<void>((resolve) => (revoked = resolve));
    world.onEvent = ({ type }) => (type === "landing.revoked" ? revoked() : undefined);
    const two = lands("two", dependsOn);
    const three = lands("three");
    const stories: TaskStory[] = [
      poisons("one"),
      {
        ...three,
        agent_: async (run, args) => {
          await hasBegun;
          return await three.agent_(run, args);
        },
      },
      {
        ...two,
        ...(other ? { repo: other.repo } : {}),
        agent_: async (run, args) => {
          const isFirst = !agents.includes("two");
          expect(run.files.has("poison")).toBe(isFirst && !other);
          begun();
          await isRevoked;
          await two.agent_(run, args);
          return isFirst ? ends(run.files) : 0;
        },
      },
    ];
    const names = other ? ["app", other.repo] : ["app"];
    const bases = new Map(names.map((name) => [name, "main"]));
    const verify = new Map(names.map((name) => [name, ["check"]]));
    const all = other
      ? new Map([["app", world.repository] as const, [other.repo, other.repository]])
      : undefined;
    const deps = all ? { repositories: all } : {};
    const night = await world.run(stories, { ...ORDER, policy, bases, verify }, undefined, deps);
    expect(night?.end).toBe("queue-empty");
    const ofApp = dataOf("checkpoint.finished").filter(({ repo }) => repo === "app");
    expect(ofApp.map(({ result }) => result)).toEqual(["red", "green"]);
    expect(night).toMatchObject({ leaks: [], leftovers: 0 });
    return night!;
  }

  it("what was made on a landing that is taken back meanwhile lands without it", async () => {
    const night = await besides([]);
    expect(resultsOf(night)).toEqual({ one: "failed", two: "landed", three: "landed" });
    expect(night.tasks.get("two" as never)!.attempts).toMatchObject([
      { number: 1, outcome: { kind: "landed" } },
    ]);
    expect(world.git("ls-tree", "--name-only", `nightwarden/${night.night}`).split("\n")).toEqual([
      "a.txt",
      "three.txt",
      "two.txt",
    ]);
  });

  it("what depends on a landing that is taken back meanwhile does not land, and is skipped", async () => {
    const night = await besides(["one"]);
    expect(resultsOf(night)).toEqual({ one: "failed", two: "skipped", three: "landed" });
    const [attempt] = night.tasks.get("two" as never)!.attempts;
    expect(attempt?.outcome).toMatchObject({ kind: "failed", cause: "interrupted", reason: "stopped" });
    expect(night.tasks.get("two" as never)).toMatchObject({ because: "one" });
    expect(world.landedSubjects(night)).toEqual(["Title of three"]);
  });

  it.each([
    ["does not land either", ["one"], "skipped"],
    ["lands where it does not depend on it: control", [], "landed"],
  ])("in another repository, whose branch has not moved, it %s", async (_, dependsOn, result) => {
    const second = await NightWorld.create();
    try {
      const stateDir = join(world.folder, ".nightwarden");
      const path = second.repositoryPath;
      const repository = await openRepository({ name: "lib", path, stateDir });
      const night = await besides(dependsOn, undefined, { repo: "lib", repository });
      expect(resultsOf(night)).toEqual({ one: "failed", two: result, three: "landed" });
      expect(second.landedSubjects(night)).toEqual(result === "landed" ? ["Title of two"] : []);
    } finally {
      second.dispose();
    }
  });

  it.each<[string, Ends, FailureReason]>([
    ["its agent fails", () => 3, "agent-failed"],
    ["its tests are red", (files) => (files.set("broken", Buffer.from("x")), 0), "verify-failed"],
  ])(
    "what depends on it has not failed, whatever it comes to without: %s (control: what does not depend on it has)",
    async (_, ends, reason) => {
      const night = await besides(["one"], ends);
      expect(resultsOf(night)).toEqual({ one: "failed", two: "skipped", three: "landed" });
      const stopped = [{ outcome: { kind: "failed", cause: "interrupted", reason: "stopped" } }];
      expect(night.tasks.get("two" as never)).toMatchObject({ because: "one", attempts: stopped });
      world.dispose();
      world = await NightWorld.create();
      watchFullRuns();
      agents = [];
      const other = await besides([], ends);
      expect(other.tasks.get("two" as never)?.attempts[0]).toMatchObject({
        outcome: { cause: "task", reason },
      });
    },
  );
});

describe("a kill in the middle of a checkpoint", () => {
  // Replay is no part of it, and takes its time.
  const checks = { ...POLICY.checks, replay: "off" as const };
  const order = { ...ORDER, policy: { ...POLICY, checks, checkpointEvery: 3 } };
  const stories = [lands("one"), poisons("two"), lands("three", ["two"])];

  /** What a whole night comes to, whatever happened on the way. */
  async function ending(from: NightWorld, night: NightState | undefined): Promise<Record<string, unknown>> {
    const { events } = await from.journals.read(night!.night);
    const revoked = events.flatMap((event) => (event.type === "landing.revoked" ? [event.data] : []));
    const closed = events.flatMap((event) => (event.type === "task.finished" ? [event.data] : []));
    const { residue } = await from.shadow.count({ kind: "workspace" });
    return {
      end: night!.end,
      results: resultsOf(night),
      subjects: from.landedSubjects(night!),
      revoked: revoked.map(({ attempt, role }) => [attempt, role]),
      closed: closed.slice(3).map(({ task, result, because }) => [task, result, because]),
      rollbacks: events.filter(({ type }) => type === "rollback.finished").length,
      refs: residue.map(({ attempt }) => attempt?.split(".")[0]),
      leaks: night!.leaks,
      stands: [...from.engine.open_],
    };
  }

  it("at every event on the way is put right: all is as if it had not been, and nothing is done twice", async () => {
    const kills: { readonly after: string; readonly open: () => Promise<NightWorld> }[] = [];
    world.onEvent = ({ type }) => {
      if (kills.length === 0 && type !== "checkpoint.started") return;
      if (type !== "night.finished") kills.push({ after: type, open: world.snapshot() });
    };
    const expected = await ending(world, await world.run(stories, order));
    expect(expected).toEqual({
      end: "queue-empty",
      results: { one: "landed", two: "failed", three: "skipped" },
      subjects: ["Title of one"],
      revoked: [
        ["one.1", "innocent"],
        ["two.1", "culprit"],
        ["three.1", "dependent"],
      ],
      closed: [
        ["two", "failed", undefined],
        ["three", "skipped", "two"],
        ["one", "landed", undefined],
      ],
      rollbacks: 1,
      refs: ["one"],
      leaks: [],
      stands: [],
    });
    for (const [at, { after, open }] of kills.entries()) {
      const killed = await open();
      try {
        const night = await killed.run(stories, order);
        expect(await ending(killed, night), `killed after ${after}, ${at} events on`).toEqual(expected);
        expect(night?.resumes).toBe(1);
      } finally {
        killed.dispose();
      }
    }
    const types = new Set(kills.map(({ after }) => after));
    for (const type of [
      "bisection.tried",
      "rollback.started",
      "rollback.finished",
      "delivery.started",
      "landing.revoked",
    ])
      expect(types).toContain(type);
  }, 900_000);
});

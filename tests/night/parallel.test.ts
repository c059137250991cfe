import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Outcome } from "../../src/core/attempt.ts";
import type { EventData, EventType } from "../../src/core/event.ts";
import { NightwardenError } from "../../src/core/nightwarden-error.ts";
import type { Policy } from "../../src/core/policy.ts";
import { systemClock } from "../../src/lib/system-clock.ts";
import { StopRequest } from "../../src/night/night.ts";
import type { FakeProgram } from "../fakes/fake-engine.ts";
import { answered } from "../fakes/fake-gateways.ts";
import { TEST_LIMITS } from "../fixtures/test-limits.ts";
import { GO_ON, NightWorld, type TaskStory } from "./night-world.ts";

const PHASE_3: Policy = { ...GO_ON, phase: "3", order: "dag", parallel: 3, skipping: "dependents" };

const writes =
  (path: string, text = path): FakeProgram =>
  ({ files }) => {
    files.set(path, Buffer.from(text));
    return 0;
  };
const lands = (id: string, more: Partial<TaskStory> = {}): TaskStory => ({
  id,
  agent_: writes(`${id}.txt`),
  ...more,
});
const breaks = (id: string, more: Partial<TaskStory> = {}): TaskStory => ({
  id,
  agent_: writes("broken"),
  ...more,
});
const needs = (...ids: string[]): Pick<TaskStory, "dependsOn"> => ({ dependsOn: ids as never });

let world: NightWorld;
beforeEach(async () => void (world = await NightWorld.create()));
afterEach(() => {
  expect([...world.engine.open_]).toEqual([]);
  world.dispose();
});

function dataOf<T extends EventType>(type: T): EventData<T>[] {
  return world.events.flatMap((event) => (event.type === type ? [event.data as EventData<T>] : []));
}

function reasonOf(outcome: Outcome): string {
  return outcome.kind === "failed" ? outcome.reason : outcome.kind;
}

/** Resolves when the first event of that type is durable. */
async function signalOf(type: EventType): Promise<void> {
  const before = world.onEvent;
  await new Promise<void>((resolve) => {
    world.onEvent = (event) => {
      before(event);
      if (event.type === type) resolve();
    };
  });
}

/** Agents that meet: none of them goes on before `count` are there. */
function meeting(count: number): (program: FakeProgram) => FakeProgram {
  let there = 0;
  let open: () => void = () => undefined;
  const all = new Promise<void>((resolve) => (open = resolve));
  return (program) => async (run, args) => {
    there += 1;
    if (there === count) open();
    await all;
    return await program(run, args);
  };
}

/** An agent that works until its attempt is ended. */
const works: FakeProgram = async (run) => {
  run.files.set("half", Buffer.from("x"));
  await new Promise((go) => run.ended.addEventListener("abort", go));
  return 137;
};

describe("a night with attempts side by side", () => {
  it("runs them at the same time, each in a place of its own, and lands all of them one after the other", async () => {
    const met = meeting(3);
    const stories = ["a", "b", "c"].map((id) => lands(id, { agent_: met(writes(`${id}.txt`)) }));
    const night = await world.run([...stories, lands("d", needs("a", "b", "c"))], { policy: PHASE_3 });
    expect(night).toMatchObject({ end: "queue-empty", finished: ["landed", "landed", "landed", "landed"] });
    const slots = dataOf("attempt.started").map(({ slot }) => slot);
    expect(new Set(slots.slice(0, 3))).toEqual(new Set([0, 1, 2]));
    expect(world.landedSubjects(night!)).toHaveLength(4);
    expect(world.landedSubjects(night!).at(-1)).toBe("Title of d");
    // What was verified is what landed, also where it was made again on the tip.
    const verified = new Set(
      dataOf("verify.finished")
        .filter(({ verdict }) => verdict.green)
        .map(({ commit }) => commit),
    );
    for (const { commit } of dataOf("landing.finished")) expect(verified).toContain(commit);
    expect(dataOf("candidate.rebuilt").length).toBeGreaterThanOrEqual(2);
  });

  it("never has two tasks on the same files at one time", async () => {
    const busy = new Set<string>();
    const clashes: string[] = [];
    const alone =
      (id: string, file: string): FakeProgram =>
      async (run) => {
        if (busy.has(file)) clashes.push(id);
        busy.add(file);
        await new Promise((go) => setTimeout(go, 30));
        busy.delete(file);
        run.files.set(`${file}/${id}`, Buffer.from(id));
        return 0;
      };
    const on = (id: string, file: string): TaskStory => ({
      id,
      files: [`${file}/**`],
      agent_: alone(id, file),
    });
    const night = await world.run([on("a", "x"), on("b", "x"), on("c", "y"), on("d", "x"), on("e", "y")], {
      policy: PHASE_3,
    });
    expect(night).toMatchObject({ end: "queue-empty" });
    expect(night!.finished.filter((result) => result === "landed")).toHaveLength(5);
    expect(clashes).toEqual([]);
  });

  it("skips what depends on a failed task, with the reason, and goes on with the rest", async () => {
    const night = await world.run(
      [breaks("a"), lands("b", needs("a")), lands("c", needs("b")), lands("d"), lands("e", needs("d"))],
      { policy: PHASE_3 },
    );
    expect(night).toMatchObject({ end: "queue-empty" });
    const results = new Map<string, unknown>(
      dataOf("task.finished").map(({ task, result, because }) => [task, [result, because]]),
    );
    expect(Object.fromEntries(results)).toEqual({
      a: ["failed", undefined],
      b: ["skipped", "a"],
      c: ["skipped", "a"],
      d: ["landed", undefined],
      e: ["landed", undefined],
    });
    expect(dataOf("attempt.started").map(({ task }) => task)).not.toContain("b");
  });

  it("stops everything at two failed tasks in a row: what runs is carried over, and the alert names the two", async () => {
    const met = meeting(3);
    const night = await world.run(
      [
        { id: "slow", agent_: met(works) },
        breaks("a", { agent_: met(writes("broken")) }),
        breaks("b", { agent_: met(writes("broken")) }),
        lands("never"),
      ],
      { policy: PHASE_3 },
    );
    expect(night).toMatchObject({ end: "breaker", finished: ["failed", "failed"] });
    const [alert] = dataOf("alert.raised");
    expect(alert).toMatchObject({ alert: "breaker" });
    expect(alert?.tasks.toSorted()).toEqual(["a", "b"]);
    const slow = night!.tasks.get("slow" as never);
    expect(slow).toMatchObject({ attempts: [{ outcome: { cause: "interrupted", reason: "stopped" } }] });
    expect(slow?.result).toBeUndefined();
    // The alert comes at once, and not when all has ended.
    const types = world.events.map(({ type }) => type);
    expect(types.indexOf("alert.raised")).toBeLessThan(types.lastIndexOf("attempt.finished"));
    expect(types.at(-1)).toBe("night.finished");
    // It stays in the queue: the next night has it.
    const next = await world.run([lands("slow"), breaks("a"), breaks("b"), lands("never")], {
      policy: PHASE_3,
    });
    expect([...next!.tasks.keys()].toSorted()).toEqual(["never", "slow"]);
  });

  it("completes the landing that has begun when the breaker trips, and closes its task", async () => {
    const landing = signalOf("landing.started");
    const alert = signalOf("alert.raised");
    const fastForward = world.repository.fastForward.bind(world.repository);
    world.repository.fastForward = async (options) => {
      await alert;
      await fastForward(options);
    };
    const failsLater: FakeProgram = async ({ files }) => {
      await landing;
      files.set("broken", Buffer.from("x"));
      return 3;
    };
    const night = await world.run(
      [lands("good"), { id: "a", agent_: failsLater }, { id: "b", agent_: failsLater }],
      { policy: PHASE_3 },
    );
    expect(night).toMatchObject({ end: "breaker", finished: ["failed", "failed", "landed"] });
    expect(world.landedSubjects(night!)).toEqual(["Title of good"]);
  });

  it("stops all others at once where one is refused by the model's API", async () => {
    world.gateways.script = [answered({ result: "refused", status: 401, errorCode: "authentication_error" })];
    const met = meeting(2);
    const stories: TaskStory[] = [
      { id: "slow", agent_: met(works) },
      {
        id: "refused",
        usesModel: true,
        agent_: met(({ env }) => (world.gateways.ask(env["MODEL_TOKEN"] ?? "") ? 0 : 1)),
      },
    ];
    const night = await world.run(stories, { policy: PHASE_3 });
    expect(night).toMatchObject({ end: "auth" });
    expect(dataOf("alert.raised")).toMatchObject([{ alert: "auth", tasks: ["refused"] }]);
    expect(night!.tasks.get("slow" as never)).toMatchObject({
      attempts: [{ outcome: { reason: "stopped" } }],
    });
  });

  it("tries again what the machinery failed, after the probe, while others work on", async () => {
    const isAgain = signalOf("attempt.finished");
    let probes = 0;
    const probe = async (): Promise<void> => await Promise.resolve(void (probes += 1));
    let starts = 0;
    world.engine.beforeStart = ({ attempt, role }) => {
      if (attempt.task !== "a" || role !== "agent") return;
      starts += 1;
      if (starts === 1) throw new NightwardenError({ code: "infra.engine", message: "gone" });
    };
    const slow: FakeProgram = async (run, args) => {
      await isAgain;
      return await writes("slow.txt")(run, args);
    };
    const night = await world.run(
      [lands("a"), { id: "slow", agent_: slow }],
      { policy: PHASE_3 },
      undefined,
      { probe },
    );
    expect(night).toMatchObject({ end: "queue-empty", alerts: [] });
    expect(night!.finished).toEqual(["landed", "landed"]);
    expect(probes).toBe(1);
    expect(dataOf("attempt.finished").map(({ attempt, outcome }) => [attempt, outcome.kind])).toEqual(
      expect.arrayContaining([
        ["a.1", "failed"],
        ["a.2", "landed"],
        ["slow.1", "landed"],
      ]),
    );
  });

  it("ends where the machinery does not answer then: an alert, what runs is carried over, nobody has failed", async () => {
    world.engine.beforeStart = ({ attempt, role }) => {
      if (attempt.task === "a" && role === "agent")
        throw new NightwardenError({ code: "infra.engine", message: "gone" });
    };
    let begun: () => void = () => undefined;
    const isWorking = new Promise<void>((resolve) => (begun = resolve));
    const probe = async (): Promise<void> => {
      await isWorking;
      throw new NightwardenError({ code: "infra.engine", message: "the engine does not answer" });
    };
    const slow: FakeProgram = async (run, args) => {
      begun();
      return await works(run, args);
    };
    const night = await world.run(
      [lands("a"), { id: "slow", agent_: slow }, lands("never", needs("a"))],
      { policy: PHASE_3 },
      undefined,
      { probe },
    );
    expect(night).toMatchObject({ end: "infra", finished: [], endDetail: "the engine does not answer" });
    expect(dataOf("alert.raised")).toEqual([
      { alert: "infra", tasks: [], message: "the engine does not answer" },
    ]);
    expect(dataOf("attempt.finished").map(({ attempt, outcome }) => [attempt, reasonOf(outcome)])).toEqual([
      ["a.1", "engine-failed"],
      ["slow.1", "stopped"],
    ]);
    // All of it is the next night's.
    world.engine.beforeStart = () => undefined;
    const next = await world.run([lands("a"), lands("slow"), lands("never", needs("a"))], {
      policy: PHASE_3,
    });
    expect(next).toMatchObject({ end: "queue-empty", finished: ["landed", "landed", "landed"] });
  });

  it("drains all that runs when it is asked to stop", async () => {
    const met = meeting(3);
    const stop = new AbortController();
    const stops: FakeProgram = async (run, args) => {
      stop.abort(new StopRequest("asked", "SIGTERM"));
      return await works(run, args);
    };
    const night = await world.run(
      [
        { id: "a", agent_: met(works) },
        { id: "b", agent_: met(works) },
        { id: "c", agent_: met(stops) },
        lands("d"),
      ],
      { policy: PHASE_3 },
      stop.signal,
    );
    expect(night).toMatchObject({ end: "interrupted", finished: [] });
    const outcomes = dataOf("attempt.finished").map(({ outcome }) => outcome);
    expect(outcomes).toMatchObject([{ reason: "stopped" }, { reason: "stopped" }, { reason: "stopped" }]);
    expect(dataOf("attempt.started")).toHaveLength(3);
  });
});

describe("what happens between attempts side by side", () => {
  it("a change that does not fit with what landed meanwhile fails as a conflict, and is told so when it is tried again", async () => {
    const met = meeting(2);
    const told: string[] = [];
    const writesShared =
      (id: string): FakeProgram =>
      async (run, args) => {
        told.push(run.stdin);
        const program = writes("shared.txt", `${id} ${told.length}\n`);
        return told.length <= 2 ? await met(program)(run, args) : await program(run, args);
      };
    const night = await world.run(
      [
        { id: "a", agent_: writesShared("a") },
        { id: "b", agent_: writesShared("b") },
      ],
      { policy: { ...PHASE_3, retries: 1 } },
    );
    expect(night).toMatchObject({ end: "queue-empty", finished: ["landed", "landed"] });
    const failures = dataOf("attempt.finished").flatMap(({ outcome }) =>
      outcome.kind === "failed" ? [outcome] : [],
    );
    expect(failures).toMatchObject([{ cause: "task", reason: "conflict" }]);
    expect(told).toHaveLength(3);
    expect(told[2]).toContain("> Does not fit with what landed before: ");
    expect(told[2]).toContain("shared.txt");
  });

  it("after a crash with two open attempts both have one outcome each, and both tasks land in the same night", async () => {
    const met = meeting(2);
    const stories = ["a", "b"].map((id) => lands(id, { agent_: met(writes(`${id}.txt`)) }));
    world.journals.crashAfter("capture.started");
    await expect(world.run(stories, { policy: PHASE_3 })).rejects.toThrow();
    await world.journals.recover();
    world.engine.open_.clear();
    const night = await world.run(stories, { policy: PHASE_3 });
    expect(night).toMatchObject({ end: "queue-empty", finished: ["landed", "landed"], resumes: 1 });
    const outcomes = [...night!.tasks.values()].map(({ attempts }) =>
      attempts.map(({ outcome }) => (outcome?.kind === "failed" ? outcome.reason : outcome?.kind)),
    );
    expect(outcomes).toEqual([
      ["crashed", "landed"],
      ["crashed", "landed"],
    ]);
  });
});

describe("an attempt that a crash cut off", () => {
  it("has its outcome also where git cannot drop what it had made: the account finds that, and removes it", async () => {
    world.journals.crashAfter("verify.started");
    await expect(world.run([lands("a")], { policy: PHASE_3 })).rejects.toThrow();
    await world.journals.recover();
    world.engine.open_.clear();
    const dropAttempt = world.repository.dropAttempt.bind(world.repository);
    let isRefused = false;
    world.repository.dropAttempt = async (attempt) => {
      if (attempt.attempt !== "a.1") return await dropAttempt(attempt);
      isRefused = true;
      throw new NightwardenError({ code: "infra.git", message: "the ref is locked" });
    };
    const night = await world.run([lands("a")], { policy: PHASE_3 });
    expect(isRefused).toBe(true);
    expect(night).toMatchObject({ end: "queue-empty", finished: ["landed"], resumes: 1, leaks: [] });
    const attempts = night!.tasks.get("a" as never)!.attempts;
    expect(attempts.map(({ outcome }) => outcome && reasonOf(outcome))).toEqual(["crashed", "landed"]);
    const { residue } = await world.shadow.count({ kind: "workspace" });
    expect(residue.flatMap(({ kind, attempt }) => (kind === "ref" ? [attempt] : []))).toEqual(["a.2"]);
  });
});

describe("a night in which an agent's quota is used up", () => {
  const asks =
    (path: string): FakeProgram =>
    ({ files, env }) => {
      if (!world.gateways.ask(env["MODEL_TOKEN"] ?? "")) return 1;
      files.set(path, Buffer.from(path));
      return 0;
    };
  const usedUp = answered({
    result: "refused",
    status: 429,
    errorCode: "rate_limit_error",
    retryAt: "2026-11-20T22:30:00.000Z",
  });

  it("goes on with other agents while it waits, and then with that one", async () => {
    world.gateways.script = [usedUp, answered()];
    const otherDone = signalOf("task.finished");
    const clock = { ...systemClock, waitUntil: async () => await otherDone };
    const night = await world.run(
      [{ id: "a", agent_: asks("a.txt"), usesModel: true }, lands("b")],
      { policy: { ...PHASE_3, parallel: 1 } },
      undefined,
      { clock },
    );
    expect(night).toMatchObject({ end: "queue-empty", finished: ["landed", "landed"] });
    expect(night!.finishedTasks).toEqual(["b", "a"]);
    expect(dataOf("night.paused")).toMatchObject([{ task: "a", agent: "a" }]);
    expect(dataOf("night.continued")).toEqual([{ agent: "a" }]);
    expect(dataOf("attempt.started").map(({ task, agent }) => `${task} by ${agent}`)).toEqual([
      "a by a",
      "b by b",
      "a by a",
    ]);
  });

  it("tries the task with the next agent that the policy names, and does not wait to the end for the other's quota", async () => {
    world.gateways.script = [usedUp, answered()];
    let tries = 0;
    const clock = {
      ...systemClock,
      waitUntil: async (_: Date, signal: AbortSignal) => await abortion(signal),
    };
    const night = await world.run(
      [
        { id: "a", agent_: asks("a.txt"), usesModel: true },
        {
          id: "spare",
          agent_: (run, args) => asks(`${(tries += 1)}.txt`)(run, args),
          usesModel: true,
          ...needs("a"),
        },
      ],
      { policy: { ...PHASE_3, agentFallback: ["spare"] } },
      undefined,
      { clock },
    );
    expect(night).toMatchObject({ end: "queue-empty", finished: ["landed", "landed"] });
    expect(dataOf("attempt.started").map(({ task, agent }) => `${task} by ${agent}`)).toEqual([
      "a by a",
      "a by spare",
      "spare by spare",
    ]);
    expect(world.git("show", `nightwarden/${night!.night}:1.txt`)).toBe("1.txt");
    expect(dataOf("night.continued")).toEqual([]);
  });

  it("does not begin what waited for memory, until the quota is reset", async () => {
    world.gateways.script = [usedUp, answered(), answered()];
    world.memory = { ...world.memory, budgetBytes: TEST_LIMITS.memory + 2 * 2 ** 20 };
    let tries = 0;
    const story = {
      agent: "b",
      agent_: (run, args) => asks(`${(tries += 1)}.txt`)(run, args),
      usesModel: true,
    } satisfies Partial<TaskStory>;
    const clock = { ...systemClock, waitUntil: async () => await Promise.resolve() };
    const night = await world.run(
      [
        { id: "a", ...story },
        { id: "b", ...story },
      ],
      { policy: PHASE_3 },
      undefined,
      { clock },
    );
    expect(night).toMatchObject({ end: "queue-empty", finished: ["landed", "landed"] });
    const told = world.events.flatMap(({ type, data }): string[] =>
      type === "attempt.started"
        ? [data.attempt]
        : type === "night.paused" || type === "night.continued"
          ? [type]
          : [],
    );
    expect(told).toEqual(["a.1", "night.paused", "night.continued", "a.2", "b.1"]);
  });

  it("closes early and says when it can go on, with an alert, when the rest is done", async () => {
    const tooLate = answered({
      result: "refused",
      status: 429,
      errorCode: "rate_limit_error",
      retryAt: "2026-11-21T09:00:00.000Z",
    });
    world.gateways.script = [tooLate];
    const night = await world.run(
      [{ id: "a", agent_: asks("a.txt"), usesModel: true }, lands("b"), lands("c")],
      {
        policy: PHASE_3,
      },
    );
    expect(night).toMatchObject({ end: "quota", finished: ["landed", "landed"] });
    expect(night!.endDetail).toContain("it can go on at 2026-11-21T09:00:00.000Z");
    expect(dataOf("alert.raised")).toMatchObject([{ alert: "quota", tasks: ["a"] }]);
    expect(dataOf("night.paused")).toEqual([]);
  });
});

async function abortion(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  signal.throwIfAborted();
}

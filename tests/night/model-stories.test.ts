import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NightwardenError } from "../../src/core/nightwarden-error.ts";
import type { EventData, EventType } from "../../src/core/event.ts";
import { summarise } from "../../src/core/summary.ts";
import { StopRequest } from "../../src/night/night.ts";
import type { FakeProgram } from "../fakes/fake-engine.ts";
import { answered, modelAnswer } from "../fakes/fake-gateways.ts";
import { GO_ON, NightWorld, PHASE_1, SECRET, type TaskStory } from "./night-world.ts";

/** The journal's clock starts on 2026-11-20 at 22:00 and goes on by a second with each event; the policy waits an hour. */
const SOON = "2026-11-20T22:30:00.000Z";
const TOO_LATE = "2026-11-21T01:00:00.000Z";

let world: NightWorld;
beforeEach(async () => void (world = await NightWorld.create()));
afterEach(() => {
  expect([...world.engine.open_, ...world.gateways.open_.keys()]).toEqual([]);
  world.dispose();
});

/** Asks its model and writes a file if it was answered. */
const asks =
  (path: string): FakeProgram =>
  ({ files, env }) => {
    if (!world.gateways.ask(env["MODEL_TOKEN"] ?? "")) return 1;
    files.set(path, Buffer.from(path));
    return 0;
  };
const works = (id: string): TaskStory => ({ id, agent_: asks(`${id}.txt`), usesModel: true });

function eventsOf<T extends EventType>(type: T): EventData<T>[] {
  return world.events.flatMap((event) => (event.type === type ? [event.data as EventData<T>] : []));
}

const refused = (status: number, errorCode: string, retryAt: string | null = null) =>
  answered({ result: "refused", status, errorCode, retryAt, usage: modelAnswer().usage });

describe("a night with a model", () => {
  it("opens one gateway for each attempt and closes it before anything of the tree is read", async () => {
    const night = await world.run([works("one"), works("two")]);
    expect(night).toMatchObject({ end: "queue-empty", finished: ["landed", "landed"] });
    expect(world.gateways.requests).toHaveLength(2);
    const types = world.events.map(({ type }) => type);
    expect(types.indexOf("gateway.started")).toBeLessThan(
      types.indexOf("sandbox.started", types.indexOf("attempt.started")),
    );
    expect(types.indexOf("gateway.finished")).toBeLessThan(types.indexOf("capture.started"));
  });

  it("opens none for an agent that uses no model", async () => {
    await world.run([{ id: "one", agent_: ({ files }) => (files.set("x", Buffer.from("x")), 0) }]);
    expect(world.gateways.requests).toEqual([]);
    expect(eventsOf("gateway.started")).toEqual([]);
  });

  it("adds up tokens and cost by attempt, task and night", async () => {
    const night = await world.run([works("one"), works("two")]);
    const { spending, tasks } = summarise(night!);
    expect(tasks.map((task) => task.spending.tokens)).toEqual([1020, 1020]);
    expect(spending).toMatchObject({ answers: 2, tokens: 2040, costUsd: 0.02, unpriced: 0 });
  });

  it("gives an attempt no more than what is left to its task and to the night", async () => {
    const budget = { taskTokens: 5000, taskCost: 1, nightTokens: 1500, nightCost: 100 };
    await world.run([works("one"), works("two")], { policy: { ...PHASE_1, budget } });
    expect(world.gateways.requests.map(({ budget: { tokens } }) => tokens)).toEqual([1500, 480]);
  });

  it("ends once the night has used its budget: nothing more is started, and what is left stays in the queue", async () => {
    const budget = { taskTokens: 5000, taskCost: 1, nightTokens: 1000, nightCost: 100 };
    const night = await world.run([works("one"), works("two")], { policy: { ...PHASE_1, budget } });
    expect(night).toMatchObject({ end: "budget", finished: ["landed"] });
    expect(world.gateways.requests).toHaveLength(1);
  });

  it.each([
    ["tokens", "cap-tokens"],
    ["cost", "cap-cost"],
  ] as const)(
    "fails the task, and does not repeat it, where its cap on %s is reached",
    async (cap, reason) => {
      world.gateways.script = [{ type: "over-budget", cap, limit: 10, value: 11 }];
      const night = await world.run([works("one")], { policy: { ...GO_ON, retries: 1 } });
      expect(night?.tasks.get("one" as never)?.attempts.map(({ outcome }) => outcome)).toMatchObject([
        { reason },
      ]);
    },
  );

  it("waits for a quota until the provider's time, tries the task again, and lands it", async () => {
    const retryAt = SOON;
    world.gateways.script = [refused(429, "rate_limit_error", retryAt), answered()];
    const night = await world.run([works("one")]);
    expect(night).toMatchObject({ end: "queue-empty", finished: ["landed"], pauses: new Map() });
    expect(world.waits).toEqual([retryAt]);
    expect(eventsOf("night.paused")).toMatchObject([{ task: "one", until: retryAt }]);
    expect(eventsOf("night.continued")).toHaveLength(1);
  });

  it("closes early and says when it can go on, where the quota is reset too late", async () => {
    const retryAt = TOO_LATE;
    world.gateways.script = [refused(429, "rate_limit_error", retryAt)];
    const night = await world.run([works("one"), works("two")]);
    expect(night).toMatchObject({ end: "quota", finished: [] });
    expect(summarise(night!).why).toContain(retryAt);
    expect(world.waits).toEqual([]);
    world.gateways.script = [answered()];
    const next = await world.run([works("one"), works("two")]);
    expect(next?.finished).toEqual(["landed", "landed"]);
  });

  it("goes on waiting after a crash in the middle of the wait", async () => {
    const retryAt = SOON;
    world.gateways.script = [refused(529, "overloaded_error", retryAt), answered()];
    world.journals.crashAfter("night.paused");
    await expect(world.run([works("one")])).rejects.toThrow();
    await world.journals.recover();
    // What a hello would come to, if it were said before the quota is reset.
    world.probe = () =>
      world.waits.length > 0 ? [] : [{ ...PROBE, verdict: "refused", message: "429", hint: "wait" }];
    const night = await world.run([works("one")]);
    expect(night).toMatchObject({ end: "queue-empty", finished: ["landed"], resumes: 1 });
    expect(world.waits).toEqual([retryAt]);
  });

  it("ends at once, waiting for a quota, when it is asked to stop", async () => {
    const stop = new AbortController();
    world.gateways.script = [refused(429, "rate_limit_error", SOON)];
    world.onEvent = ({ type }) => {
      if (type === "night.paused") stop.abort(new StopRequest("asked", "SIGTERM"));
    };
    const night = await world.run([works("one")], {}, stop.signal);
    expect(night).toMatchObject({ end: "interrupted", finished: [] });
  });

  it("is interrupted, and no login is blamed, where it is stopped while a credential is read", async () => {
    const stop = new AbortController();
    const modelAccess = async (_: string, signal: AbortSignal): Promise<never> => {
      stop.abort(new StopRequest("asked", "SIGINT"));
      await Promise.resolve();
      throw signal.reason;
    };
    const night = await world.run([works("one")], {}, stop.signal, { modelAccess });
    expect(night).toMatchObject({ end: "interrupted", finished: [] });
  });

  it("does not try a task again that has used what it may, and says so", async () => {
    const budget = { taskTokens: 1000, taskCost: 10, nightTokens: 100_000, nightCost: 100 };
    const fails: FakeProgram = ({ env }) => (world.gateways.ask(env["MODEL_TOKEN"] ?? ""), 1);
    const policy = { ...GO_ON, retries: 1, budget };
    const night = await world.run([{ id: "one", agent_: fails, usesModel: true }], { policy });
    const task = night?.tasks.get("one" as never);
    expect(task).toMatchObject({ result: "failed", attempts: [{ outcome: { reason: "agent-failed" } }] });
    expect(task?.detail).toContain("not tried again: 1020 tokens of 1000 (budget.taskTokens)");
  });

  it("stops at once where the API refuses the key, and tries nothing else with it", async () => {
    world.gateways.script = [refused(401, "authentication_error")];
    const night = await world.run([works("one"), works("two")], { policy: { ...GO_ON, retries: 1 } });
    expect(night).toMatchObject({ end: "auth", finished: [] });
    expect(world.gateways.requests).toHaveLength(1);
  });

  it("stops at once where the credential cannot be read any more", async () => {
    const modelAccess = async () => {
      throw await Promise.resolve(
        new NightwardenError({ code: "refused.credentials", message: "the file is gone" }),
      );
    };
    const night = await world.run([works("one")], {}, undefined, { modelAccess });
    expect(night).toMatchObject({ end: "auth" });
    expect(night?.endDetail).toContain("the file is gone");
  });

  it("repeats once after a gateway died, which is not the task's fault, and stops if it dies again", async () => {
    world.gateways.script = [{ type: "died", message: "out of memory" }, answered()];
    const once = await world.run([works("one")]);
    expect(once).toMatchObject({ end: "queue-empty", finished: ["landed"] });
    expect(eventsOf("gateway.finished").map(({ died }) => died)).toEqual(["out of memory", null]);
    world.gateways.script = [{ type: "died", message: "out of memory" }];
    const twice = await world.run([works("two")]);
    expect(twice).toMatchObject({ end: "infra", finished: [] });
  });

  it("starts no agent where its gateway does not come up", async () => {
    world.gateways.beforeReady = () => {
      throw new NightwardenError({ code: "infra.gateway", message: "no address left" });
    };
    const night = await world.run([works("one")]);
    expect(night).toMatchObject({ end: "infra" });
    expect(eventsOf("model.answered")).toEqual([]);
  });

  it("records what a sandbox was refused, and says so in the summary", async () => {
    const denial = { rule: "route", method: "GET", target: "/v1/files", detail: "", count: 3 };
    world.gateways.script = [{ type: "denied", denial }, answered()];
    const asksTwice: FakeProgram = ({ files, env }) => {
      world.gateways.ask(env["MODEL_TOKEN"] ?? "");
      world.gateways.ask(env["MODEL_TOKEN"] ?? "");
      files.set("x", Buffer.from("x"));
      return 0;
    };
    const night = await world.run([{ id: "one", agent_: asksTwice, usesModel: true }]);
    expect(eventsOf("egress.denied")).toMatchObject([{ task: "one", ...denial }]);
    expect(summarise(night!)).toMatchObject({ denied: 3, tasks: [{ denied: 3, result: "landed" }] });
  });

  it("writes nothing of the secret into the journal", async () => {
    await world.run([works("one")]);
    expect(eventsOf("gateway.started")).toMatchObject([
      { upstream: "https://api.example", models: ["model-1"] },
    ]);
    expect(JSON.stringify(world.events)).not.toContain(SECRET);
  });
});

const PROBE = { probe: "engine", subject: "it", verdict: "ok", message: "fine", durationMs: 1 } as const;

describe("the health checks", () => {
  const ok = PROBE;
  const no = { ...ok, probe: "disk", verdict: "refused", message: "1 GiB left", hint: "free some" } as const;

  it("refuse the night before anything of a repository is touched, with all that they refused and the first hint", async () => {
    world.probe = () => [ok, no, { ...no, probe: "memory", message: "none left", hint: "buy some" }];
    await expect(world.run([works("one")])).rejects.toMatchObject({
      code: "refused.probe",
      message: "disk it: 1 GiB left\nmemory it: none left",
      hint: "free some",
    });
    expect(world.events.map(({ type }) => type)).not.toContain("repository.prepared");
    expect(eventsOf("night.finished")).toMatchObject([{ end: "refused" }]);
  });

  it("are recorded, and a warning is in the summary", async () => {
    world.probe = () => [ok, { ...no, verdict: "warning" }];
    const night = await world.run([works("one")]);
    expect(eventsOf("probe.finished")).toHaveLength(2);
    expect(summarise(night!).warnings).toEqual([{ code: "probe-disk", message: "it: 1 GiB left" }]);
  });
});

import { once } from "node:events";
import { describe, expect, it } from "vitest";
import type { CheckLine } from "../../src/core/check-line.ts";
import { NightwardenError } from "../../src/core/nightwarden-error.ts";
import { ControlledDeadlines } from "./controlled-deadlines.ts";
import { answered } from "../fakes/fake-gateways.ts";
import { ENGINE, HealthWorld, SECRET, type Results } from "./health-world.ts";

const GONE = new NightwardenError({ code: "refused.engine", message: "no engine", hint: "start one" });

async function throwing(failure: Error): Promise<never> {
  return await Promise.reject(failure);
}

describe("a machine in order", () => {
  it("is asked about everything, what is near first and what costs tokens last", async () => {
    const world = new HealthWorld();
    const results = await world.run();
    expect(Object.entries(results.verdicts())).toEqual([
      ["git git", "ok"],
      ["git app", "ok"],
      ["version git", "ok"],
      ["checks parsers", "ok"],
      ["disk workspace", "ok"],
      ["clock this machine", "ok"],
      ["credentials claude", "ok"],
      ["engine docker", "ok"],
      ["version engine", "ok"],
      ["version runc", "ok"],
      ["clock engine", "ok"],
      ["memory sandboxes", "ok"],
      ["image app", "ok"],
      ["sandbox app", "ok"],
      ["disk engine", "ok"],
      ["client claude", "ok"],
      ["hello claude", "ok"],
    ]);
    expect(results.of("client claude").value).toBe("9.9.9");
    expect(results.of("image app").message).toBe("1234567890ab from fake");
  });

  it("is told nothing of the secret", async () => {
    const world = new HealthWorld();
    const results = await world.run();
    expect(results.of("credentials claude").message).toBe("an API key, from the environment variable KEY");
    // Control: the probes had it, for the gateway.
    expect(world.gateways.requests[0]?.access.credential.value).toBe(SECRET);
    expect(JSON.stringify([results.all, world.facts, world.asked])).not.toContain(SECRET);
  });

  it("with an agent that is a program of the user's has no credential, client or model to ask", async () => {
    const world = new HealthWorld();
    const { agent } = world.agent;
    const own = { repository: "app", agent: { ...agent, client: undefined }, model: undefined };
    const { all } = await world.run({ order: { agents: [own] } });
    expect(all.map(({ probe }) => probe)).not.toEqual(expect.arrayContaining(["credentials"]));
    expect(all.at(-1)).toMatchObject({ probe: "disk", subject: "engine", verdict: "ok" });
    expect(world.gateways.requests).toEqual([]);
  });
});

describe("without an engine", () => {
  it("the rest is asked all the same, and what needs one says so", async () => {
    const world = new HealthWorld();
    world.deps = { ...world.deps, describeEngine: async () => await throwing(GONE) };
    const results = await world.run();
    expect(results.verdicts()).toEqual({
      "git git": "ok",
      "git app": "ok",
      "version git": "ok",
      "checks parsers": "ok",
      "disk workspace": "ok",
      "clock this machine": "ok",
      "credentials claude": "ok",
      "engine docker": "refused",
      "version engine": "not-run",
      "version runc": "not-run",
      "clock engine": "not-run",
      "memory sandboxes": "not-run",
      "image app": "not-run",
      "sandbox app": "not-run",
      "disk engine": "not-run",
      "client claude": "not-run",
      "hello claude": "not-run",
    });
    expect(results.of("engine docker")).toMatchObject({ message: "no engine", hint: "start one" });
    expect(results.of("image app").message).toBe("not run: the engine does not answer");
    expect(results.of("hello claude").message).toBe("not run: the engine does not answer");
  });
});

describe("a weaker isolation", () => {
  it.each([
    { uid: 1000, verdict: "ok", words: "the network is not restricted" },
    { uid: 0, verdict: "warning", words: "your user is root" },
  ])(
    "is named with what it does not restrict, and no engine is asked (user $uid)",
    async ({ uid, verdict, words }) => {
      const world = new HealthWorld();
      const describeEngine = async (): Promise<never> => await throwing(new Error("an engine was asked"));
      world.deps = { ...world.deps, describeEngine, weaker: { isolation: "worktree", uid } };
      const results = await world.run();
      expect(results.of("isolation worktree")).toMatchObject({
        verdict,
        message: expect.stringContaining(words) as string,
      });
      expect(Object.keys(results.verdicts()).filter((name) => /engine|runc/.test(name))).toEqual([]);
      expect(results.of("hello claude").verdict).toBe("ok");
    },
  );
});

describe("a repository", () => {
  const line = (verdict: CheckLine["verdict"], message: string, hint?: string): CheckLine => ({
    subject: "repository app",
    verdict,
    message,
    ...(hint === undefined ? {} : { hint }),
  });

  it.each<[string, CheckLine[], object]>([
    [
      "with problems is refused with all of them",
      [line("refused", "one", "do this"), line("refused", "two")],
      { verdict: "refused", message: "one; two", hint: "do this" },
    ],
    [
      "with a warning is told by it",
      [line("ok", "main"), line("warning", "3 files")],
      { verdict: "warning", message: "3 files" },
    ],
    [
      "in order says what it starts from",
      [line("ok", "main at 123")],
      { verdict: "ok", message: "main at 123" },
    ],
  ])("%s", async (_, lines, expected) => {
    const world = new HealthWorld();
    world.deps = { ...world.deps, inspectRepository: async () => await Promise.resolve(lines) };
    expect((await world.run()).of("git app")).toMatchObject(expected);
  });
});

describe("an old runc", () => {
  const old = { ...ENGINE, runtime: { name: "runc", version: "1.1.5" } };

  async function asked(strict: boolean): Promise<{ readonly world: HealthWorld; readonly results: Results }> {
    const world = new HealthWorld();
    world.deps = { ...world.deps, describeEngine: async () => await Promise.resolve(old) };
    return { world, results: await world.run({ order: { versions: { strict, allowed: {} } } }) };
  }

  it("is warned of, with its version, and the night goes on", async () => {
    const { results } = await asked(false);
    expect(results.of("version runc")).toMatchObject({ verdict: "warning", value: "1.1.5" });
    expect(results.of("hello claude").verdict).toBe("ok");
  });

  it("is refused where the workspace is strict, and then no container starts on it and no token is spent", async () => {
    const { world, results } = await asked(true);
    expect(results.of("version runc")).toMatchObject({ verdict: "refused", value: "1.1.5" });
    expect(results.of("image app").message).toBe("not run: the version of runc is not accepted");
    expect(results.of("hello claude").verdict).toBe("not-run");
    expect(world.gateways.requests).toEqual([]);
  });
});

describe("the engine's disk", () => {
  it("is measured where trees are", async () => {
    const results = await new HealthWorld().run();
    expect(results.of("disk engine").message).toBe("71.5 GiB free where the engine keeps its data");
  });

  it("that is full refuses the night", async () => {
    const world = new HealthWorld();
    world.engine.programs.set("df", ({ print }) => {
      print("/dev/vda1 263174212 263000000 1000 100% /task");
      return 0;
    });
    expect((await world.run()).of("disk engine")).toMatchObject({ verdict: "refused" });
  });

  it.each([
    ["is missing", "Filesystem"],
    ["prints something else", "no such luck 100%"],
  ])("is not known where df %s, and that is said", async (_, printed) => {
    const world = new HealthWorld();
    world.engine.programs.set("df", ({ print }) => {
      print(printed);
      return 1;
    });
    expect((await world.run()).of("disk engine")).toMatchObject({ verdict: "warning" });
  });
});

describe("a sandbox", () => {
  it("says what was seen from within", async () => {
    expect((await new HealthWorld().run()).of("sandbox app").message).toBe(
      "no network, user 64001, read-only root, no capabilities, no new privileges, seccomp",
    );
  });

  it("that is weaker than it should be is refused, and nothing is started in it", async () => {
    const world = new HealthWorld();
    const weak = new NightwardenError({
      code: "refused.sandbox",
      message: "it has a network",
      hint: "update",
    });
    world.engine.beforeStart = () => {
      throw weak;
    };
    const results = await world.run();
    expect(results.of("sandbox app")).toMatchObject({ verdict: "refused", message: "it has a network" });
    expect(results.of("client claude").message).toBe("not run: no sandbox of app starts");
    expect(results.of("hello claude").verdict).toBe("not-run");
    expect(world.asked).toEqual([]);
  });

  it("in which not even `true` runs is refused", async () => {
    const world = new HealthWorld();
    world.engine.programs.delete("true");
    const { verdict, message } = (await world.run()).of("sandbox app");
    expect({ verdict, message }).toEqual({
      verdict: "refused",
      message: 'the sandbox started, but the program "true" did not run in it: true: not found',
    });
  });

  it("that hangs is ended at the deadline, cleaned up, and does not keep the next probe", async () => {
    const world = new HealthWorld();
    const deadlines = new ControlledDeadlines();
    const begun = new Promise<void>((resolve) => {
      world.engine.programs.set("true", async ({ ended }) => {
        resolve();
        await once(ended, "abort");
        return 137;
      });
    });
    const running = world.run({ options: { deadline: deadlines.start } });
    await begun;
    await deadlines.pass(60_000);
    const results = await running;
    expect(results.of("sandbox app")).toMatchObject({ verdict: "refused", message: "no answer within 1m" });
    expect(results.of("client claude").verdict).toBe("not-run");
    expect(deadlines.left).toBe(0);
  });
});

describe("a client", () => {
  it.each([
    ["warn", "warning"],
    ["refuse", "refused"],
  ] as const)("with another version than in the last night, policy %s: %s", async (clientChange, verdict) => {
    const world = new HealthWorld();
    const previous = new Map([["client claude", "9.9.8"]]);
    const results = await world.run({ order: { policy: { clientChange }, previous } });
    expect(results.of("client claude")).toMatchObject({
      verdict,
      message: "version 9.9.9; the last night had 9.9.8",
    });
    expect(results.of("hello claude").verdict).toBe(verdict === "refused" ? "not-run" : "ok");
  });

  it.each([
    ["prints nothing that is a version", { printed: "usage: client", exitCode: 0 }],
    ["fails behind its version", { printed: "9.9.9 (Client)", exitCode: 1 }],
  ])("that %s is refused", async (_, client) => {
    const world = new HealthWorld();
    world.client = client;
    expect((await world.run()).of("client claude").verdict).toBe("refused");
  });
});

describe("a credential", () => {
  it("that cannot be read is refused with its hint, and the model is not asked", async () => {
    const world = new HealthWorld();
    world.access = async () =>
      await throwing(
        new NightwardenError({ code: "refused.credentials", message: "KEY is not set", hint: "set it" }),
      );
    const results = await world.run();
    expect(results.of("credentials claude")).toMatchObject({ message: "KEY is not set", hint: "set it" });
    expect(results.of("hello claude").message).toBe("not run: the credential of claude cannot be read");
    expect(world.gateways.requests).toEqual([]);
  });
});

describe("a hello", () => {
  it("goes the way of a task: its prompt on standard input, its purpose said, and within limits", async () => {
    const world = new HealthWorld();
    const results = await world.run();
    expect(results.of("hello claude").message).toBe("model-1 answered in 400ms (1020 tokens, $0.01)");
    expect(world.asked).toEqual([
      { stdin: "Reply with the single word hello. Do not use any tools.", args: ["hello"] },
    ]);
    expect(world.gateways.requests).toMatchObject([
      { attempt: { attempt: "hello-claude.1" }, budget: { tokens: 150_000, costUsd: 1 } },
    ]);
    expect(world.facts).toEqual([answered()]);
  });

  it("waits for what its gateway has to tell: a client ends before that", async () => {
    const world = new HealthWorld();
    world.gateways.tellsLate = true;
    expect((await world.run()).of("hello claude").verdict).toBe("ok");
  });

  it("may use no more than the night's limits", async () => {
    const world = new HealthWorld();
    const { limits } = world.order;
    await world.run({ order: { limits: { ...limits, tokens: 5, cost: 0.5 } } });
    expect(world.gateways.requests).toMatchObject([{ budget: { tokens: 5, costUsd: 0.5 } }]);
  });

  it("is not sent where nobody wants to pay for it", async () => {
    const world = new HealthWorld();
    const { all } = await world.run({ order: { hello: false } });
    expect(all.map(({ probe }) => probe)).not.toContain("hello");
    expect(world.gateways.requests).toEqual([]);
  });

  it("that the API refuses is refused by what the gateway saw", async () => {
    const world = new HealthWorld();
    world.gateways.script = [answered({ result: "refused", status: 401 })];
    const { verdict, message, hint } = (await world.run()).of("hello claude");
    expect({ verdict, message }).toEqual({
      verdict: "refused",
      message: "the API refused the key (HTTP 401)",
    });
    expect(hint).toContain("the environment variable KEY");
  });

  it("ends as soon as its gateway has died or used up its budget: the client is not waited for", async () => {
    for (const [fact, words] of [
      [{ type: "died", message: "exit code 70" }, "the gateway to the model API ended: exit code 70"],
      [{ type: "over-budget", cap: "tokens", limit: 1, value: 2 }, "it used more tokens than a hello should"],
    ] as const) {
      const world = new HealthWorld();
      world.gateways.script = [fact];
      world.engine.programs.set("ask", async ({ env, ended }) => {
        world.gateways.ask(env["TOKEN"] ?? "");
        if (!ended.aborted) await once(ended, "abort");
        return 137;
      });
      expect((await world.run()).of("hello claude").message).toBe(words);
    }
  });

  it.each(["beforeOpen", "beforeReady"] as const)("without a gateway (%s fails) is refused", async (when) => {
    const world = new HealthWorld();
    world.gateways[when] = () => {
      throw new NightwardenError({ code: "infra.gateway", message: "it does not serve", hint: "look" });
    };
    expect((await world.run()).of("hello claude")).toMatchObject({
      verdict: "refused",
      message: "it does not serve",
      hint: "look",
    });
    expect(world.asked).toEqual([]);
  });

  it("that is stopped leaves nothing, and no result", async () => {
    const world = new HealthWorld();
    const stop = new AbortController();
    const told: string[] = [];
    world.engine.programs.set("ask", async ({ ended }) => {
      stop.abort(new Error("asked"));
      if (!ended.aborted) await once(ended, "abort");
      return 137;
    });
    const options = {
      signal: stop.signal,
      onResult: ({ probe }: { probe: string }) => void told.push(probe),
    };
    await expect(world.run({ options })).rejects.toThrow("asked");
    expect(told).toContain("client");
    expect(told).not.toContain("hello");
  });
});

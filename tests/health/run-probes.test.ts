import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { NightwardenError } from "../../src/core/nightwarden-error.ts";
import type { ProbeFinding, ProbeResult } from "../../src/core/probe.ts";
import type { Probe } from "../../src/health/probe.ts";
import { runProbes, type ProbeRunOptions } from "../../src/health/run-probes.ts";
import { ControlledDeadlines } from "./controlled-deadlines.ts";

const FINE: ProbeFinding = { verdict: "ok", message: "fine" };
const DEADLINE_MS = 1000;
const CLEAN_UP_MS = 77;

function probe(subject: string, changes: Partial<Probe> = {}): Probe {
  return {
    name: "git",
    subject,
    deadlineMs: DEADLINE_MS,
    cleanUpMs: 0,
    needs: [],
    lack: `${subject} does not work`,
    run: async () => await Promise.resolve(FINE),
    ...changes,
  };
}

async function run(probes: readonly Probe[], options: Partial<ProbeRunOptions> = {}): Promise<ProbeResult[]> {
  return await runProbes(probes, { now: () => 0, signal: new AbortController().signal, ...options });
}

async function never(): Promise<never> {
  return await new Promise<never>(() => undefined);
}

describe("the probes", () => {
  it("run one after the other, each once, and are told as they end, with their time", async () => {
    let nowMs = 0;
    const told: string[] = [];
    const timed = (subject: string, ms: number): Probe =>
      probe(subject, {
        run: async () => {
          told.push(`asks ${subject}`);
          nowMs += ms;
          return await Promise.resolve(FINE);
        },
      });
    const results = await run([timed("one", 5), timed("two", 7)], {
      now: () => nowMs,
      onStart: ({ subject }) => told.push(`starts ${subject}`),
      onResult: ({ subject, durationMs }) => void told.push(`${subject} took ${durationMs}`),
    });
    expect(told).toEqual(["starts one", "asks one", "one took 5", "starts two", "asks two", "two took 7"]);
    expect(results).toEqual([
      { probe: "git", subject: "one", ...FINE, durationMs: 5 },
      { probe: "git", subject: "two", ...FINE, durationMs: 7 },
    ]);
  });

  it("wait until a result is recorded, before the next one starts", async () => {
    const told: string[] = [];
    await run([probe("one"), probe("two")], {
      onStart: ({ subject }) => told.push(`starts ${subject}`),
      onResult: async ({ subject }) => {
        await new Promise((resolve) => setImmediate(resolve));
        told.push(`recorded ${subject}`);
      },
    });
    expect(told).toEqual(["starts one", "recorded one", "starts two", "recorded two"]);
  });

  it("turn an error for people into a refusal with its hint, and always have one", async () => {
    const throwing = (hint?: string): Probe =>
      probe("one", {
        run: async () => {
          await Promise.resolve();
          throw new NightwardenError({
            code: "infra.engine",
            message: "no\n  answer",
            ...(hint ? { hint } : {}),
          });
        },
      });
    const [first, second] = await run([throwing("start it"), throwing()]);
    expect(first).toMatchObject({ verdict: "refused", message: "no answer", hint: "start it" });
    expect(second?.hint).toMatch(/\S/);
  });

  it("throw a mistake of the program on: it is no finding about the machine", async () => {
    const mistake = new TypeError("undefined is not a function");
    const broken = probe("one", { run: async () => await Promise.reject(mistake) });
    await expect(run([broken, probe("two")])).rejects.toBe(mistake);
  });

  it("do not run behind one that they need and that was refused, and say why; nor do those behind them", async () => {
    const refused = { verdict: "refused", message: "gone", hint: "start it" } as const;
    const story = (finding: ProbeFinding): Probe[] => {
      const engine = probe("engine", { run: async () => await Promise.resolve(finding) });
      const image = probe("image", { needs: [engine] });
      return [engine, image, probe("sandbox", { needs: [image] }), probe("git")];
    };
    const told = (results: readonly ProbeResult[]): string[] =>
      results.map(({ verdict, message }) => `${verdict}: ${message}`);
    expect(told(await run(story(refused)))).toEqual([
      "refused: gone",
      "not-run: not run: engine does not work",
      "not-run: not run: engine does not work",
      "ok: fine",
    ]);
    // Control: a warning keeps nobody.
    expect(told(await run(story({ ...refused, verdict: "warning" })))).toEqual([
      "warning: gone",
      "ok: fine",
      "ok: fine",
      "ok: fine",
    ]);
  });

  it("cannot be listed before one that they need", async () => {
    const first = probe("one");
    await expect(run([probe("two", { needs: [first] }), first])).rejects.toThrow(RangeError);
  });
});

describe("a deadline", () => {
  it("that passes is a refusal, and the next probe has its turn, whatever the first still waits for", async () => {
    const deadlines = new ControlledDeadlines();
    const left: string[] = [];
    const results = run([probe("one", { run: never }), probe("two")], {
      deadline: deadlines.start,
      onLeft: ({ subject }) => left.push(subject),
    });
    await deadlines.pass(DEADLINE_MS);
    expect(await results).toMatchObject([
      { subject: "one", verdict: "refused", message: "no answer within 1s" },
      { subject: "two", verdict: "ok" },
    ]);
    expect(left).toEqual(["one"]);
    expect(deadlines.left).toBe(0);
  });

  it("lets a probe that has something to clean up do so, before the next one starts", async () => {
    const deadlines = new ControlledDeadlines();
    let finishCleaning = (): void => undefined;
    const cleaning = new Promise<void>((resolve) => (finishCleaning = resolve));
    const told: string[] = [];
    const one = probe("one", {
      cleanUpMs: CLEAN_UP_MS,
      run: async ({ signal }) => {
        await once(signal, "abort");
        told.push("cleans up");
        await cleaning;
        told.push("is clean");
        throw signal.reason as Error;
      },
    });
    const results = run([one, probe("two")], {
      deadline: deadlines.start,
      onStart: ({ subject }) => told.push(`starts ${subject}`),
      onLeft: ({ subject }) => told.push(`left ${subject}`),
    });
    await deadlines.pass(DEADLINE_MS);
    finishCleaning();
    expect(await results).toMatchObject([{ verdict: "refused", message: "no answer within 1s" }, FINE]);
    expect(told).toEqual(["starts one", "cleans up", "is clean", "starts two"]);
    expect(deadlines.left).toBe(0);
  });

  it("holds for the cleaning up, too", async () => {
    const deadlines = new ControlledDeadlines();
    const results = run([probe("one", { cleanUpMs: CLEAN_UP_MS, run: never }), probe("two")], {
      deadline: deadlines.start,
    });
    await deadlines.pass(DEADLINE_MS);
    await deadlines.pass(CLEAN_UP_MS);
    expect(await results).toMatchObject([{ verdict: "refused" }, { verdict: "ok" }]);
    expect(deadlines.left).toBe(0);
  });

  it("hides no mistake of the program", async () => {
    const deadlines = new ControlledDeadlines();
    const mistake = new TypeError("undefined is not a function");
    const one = probe("one", {
      cleanUpMs: CLEAN_UP_MS,
      run: async ({ signal }) => {
        await once(signal, "abort");
        throw mistake;
      },
    });
    const results = run([one], { deadline: deadlines.start });
    results.catch(() => undefined);
    await deadlines.pass(DEADLINE_MS);
    await expect(results).rejects.toBe(mistake);
  });
});

describe("a stop", () => {
  it("ends the probe that runs, lets it clean up, and starts none after it", async () => {
    const stop = new AbortController();
    const reason = new Error("asked");
    const told: string[] = [];
    const one = probe("one", {
      cleanUpMs: CLEAN_UP_MS,
      run: async ({ signal }) => {
        await once(signal, "abort");
        told.push("clean");
        throw new NightwardenError({ code: "infra.engine", message: "was stopped" });
      },
    });
    const results = run([one, probe("two")], {
      signal: stop.signal,
      onStart: ({ subject }) => told.push(`starts ${subject}`),
      onResult: ({ subject }) => void told.push(`told ${subject}`),
    });
    stop.abort(reason);
    await expect(results).rejects.toBe(reason);
    expect(told).toEqual(["starts one", "clean"]);
  });

  it("does not wait for what has nothing to clean up", async () => {
    const stop = new AbortController();
    const results = run([probe("one", { run: never })], { signal: stop.signal });
    stop.abort(new Error("asked"));
    await expect(results).rejects.toThrow("asked");
  });

  it("that came before starts nothing", async () => {
    const started: string[] = [];
    const signal = AbortSignal.abort(new Error("asked"));
    const results = run([probe("one")], { signal, onStart: ({ subject }) => started.push(subject) });
    await expect(results).rejects.toThrow("asked");
    expect(started).toEqual([]);
  });
});

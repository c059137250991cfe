import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EventData, EventType } from "../../src/core/event.ts";
import { NO_GRANTS } from "../../src/core/grants.ts";
import { summarise } from "../../src/core/summary.ts";
import type { TestResult } from "../../src/core/test-run.ts";
import { StopRequest } from "../../src/night/night.ts";
import { renderProgressLine } from "../../src/report/render-progress-line.ts";
import type { FakeProgram } from "../fakes/fake-engine.ts";
import { GO_ON, NightWorld, PHASE_1, type TaskStory } from "./night-world.ts";

const VERIFY = ["node --test"];
const ORDER = { verify: new Map([["app", VERIFY]]) };

let world: NightWorld;
let runs: number;

/**
 * A repository whose file `a.test.js` has a line for each test: its name and the text that `a.txt` has to begin with.
 * Verify is green while they pass.
 */
beforeEach(async () => {
  world = await NightWorld.create({ "a.txt": "one\n", "a.test.js": "is one:one\n" });
  runs = 0;
  const resultsOf = (files: ReadonlyMap<string, Buffer>): TestResult[] =>
    [...files].flatMap(([file, content]) => {
      if (!file.endsWith(".test.js")) return [];
      const lines = content.toString().split("\n").filter(Boolean);
      return lines.map((line): TestResult => {
        const [name = "", text = ""] = line.split(":");
        const passes = files.get("a.txt")?.toString().startsWith(text) ?? false;
        return { file, name, status: passes ? "passed" : "failed" };
      });
    });
  world.engine.testsOf = (files) => {
    runs += 1;
    return resultsOf(files);
  };
  world.engine.programs.set("sh", ({ files }) =>
    resultsOf(files).every(({ status }) => status === "passed") ? 0 : 1,
  );
});
afterEach(() => {
  world.dispose();
});

const writes =
  (files: Readonly<Record<string, string>>): FakeProgram =>
  (run) => {
    for (const [path, text] of Object.entries(files)) run.files.set(path, Buffer.from(text));
    return 0;
  };

const task = (
  id: string,
  files: Readonly<Record<string, string>>,
  more: Partial<TaskStory> = {},
): TaskStory => ({
  id,
  verify: VERIFY,
  agent_: writes(files),
  ...more,
});
const honest = task("honest", { "a.txt": "one and two\n", "b.test.js": "is two:one and two\n" });
const cheat = task("cheat", { "a.txt": "two\n", "a.test.js": "is one:two\n" });

function eventsOf<T extends EventType>(type: T): EventData<T>[] {
  return world.events.filter((event) => event.type === type).map((event) => event.data as EventData<T>);
}

const rulesOf = (): string[] =>
  eventsOf("replay.finished").flatMap(({ findings }) =>
    findings.map(({ rule, level }) => `${level} ${rule}`),
  );

function nothingIsLeft(): void {
  expect([...world.engine.open_]).toEqual([]);
  expect(eventsOf("account.taken").map(({ verdict }) => verdict)).not.toContain("leaked");
}

describe("the replay of a task's tests", () => {
  it("lets an honest change with a new test land, after four runs", async () => {
    const night = await world.run([honest], ORDER);
    expect(world.landedSubjects(night!)).toEqual(["Title of honest"]);
    const [replay] = eventsOf("replay.finished");
    expect(replay).toMatchObject({ runner: "node", comparedBy: "tests", findings: [] });
    expect(replay?.runs.map(({ tree, tests }) => `${tree} ${tests?.passed}/${tests?.failed}`)).toEqual([
      "base 1/0",
      "head 2/0",
      "old-tests 1/0",
      "new-tests 1/1",
    ]);
    const [summary] = summarise(night!).tasks;
    expect(summary?.replay).toMatchObject({ runner: "node", comparedBy: "tests", tests: 2 });
    nothingIsLeft();
  });

  it("keeps a change from landing that verify lets pass, and says why in every report", async () => {
    const night = await world.run([cheat], ORDER);
    expect(eventsOf("verify.finished").map(({ verdict }) => verdict.green)).toEqual([true]);
    expect(world.landedSubjects(night!)).toEqual([]);
    const [finished] = eventsOf("attempt.finished");
    expect(finished?.outcome).toMatchObject({ cause: "task", reason: "replay-failed" });
    const [summary] = summarise(night!).tasks;
    expect(summary?.why).toBe(
      'Only its own tests pass: a.test.js: "is one" does not pass as it was before the attempt',
    );
    expect(summary?.findings.map(({ rule }) => rule)).toContain("replay-failed");
    const lines = world.events.map((event) => renderProgressLine(event));
    expect(lines.filter((line) => line?.includes("replay"))).toEqual([
      expect.stringMatching(/^cheat: replay does not hold \(1 test, \d runs, /) as string,
    ]);
    nothingIsLeft();
    expect(await world.repository.files(eventsOf("capture.finished")[0]!.commit!)).toHaveLength(2); // the object stays, no ref does
    expect((await world.shadow.count({ kind: "workspace" })).residue).toEqual([]);
  });

  it("lets it land where the task may change that test, and names the test", async () => {
    const grants = { ...NO_GRANTS, tests: ["a.test.js"] };
    const night = await world.run([{ ...cheat, grants }], ORDER);
    expect(world.landedSubjects(night!)).toEqual(["Title of cheat"]);
    expect(rulesOf()).toEqual(["warn replay-granted"]);
  });

  it("lets it land where the task is granted the rule, or the policy has another level for it", async () => {
    const rules = { ...NO_GRANTS, rules: ["replay-failed"] };
    await world.run([{ ...cheat, grants: rules }], ORDER);
    expect(rulesOf()).toEqual(["warn replay-failed"]);
    world.events.length = 0;
    const policy = { ...PHASE_1, checks: { ...PHASE_1.checks, levels: { "replay-failed": "off" as const } } };
    const night = await world.run([{ ...cheat, id: "again" }], { ...ORDER, policy });
    expect(rulesOf()).toEqual([]);
    expect(world.landedSubjects(night!)).toEqual(["Title of again"]);
  });

  it("does not take place where the policy has switched it off", async () => {
    const policy = { ...PHASE_1, checks: { ...PHASE_1.checks, replay: "off" as const } };
    const night = await world.run([cheat], { ...ORDER, policy });
    expect(world.landedSubjects(night!)).toEqual(["Title of cheat"]);
    expect(eventsOf("replay.started")).toEqual([]);
  });

  it("does not run again what was run before on the same files: the next base is what has landed", async () => {
    await world.run([task("first", { "b.txt": "1" }), task("second", { "c.txt": "2" })], ORDER);
    expect(
      eventsOf("replay.finished").map((replay) => replay.runs.map(({ tree, cached }) => `${tree} ${cached}`)),
    ).toEqual([
      ["base false", "head false"],
      ["base true", "head false"],
    ]);
    expect(runs).toBe(3);
  });

  it("looks twice at what fails: a test that fails now and then keeps nothing from landing, and is said", async () => {
    const { testsOf } = world.engine;
    world.engine.testsOf = (files) => {
      const results = testsOf(files) ?? [];
      return runs === 2 ? results.map((result) => ({ ...result, status: "failed" as const })) : results;
    };
    const night = await world.run([task("lucky", { "b.txt": "1" })], ORDER);
    expect(world.landedSubjects(night!)).toEqual(["Title of lucky"]);
    expect(rulesOf()).toEqual(["warn replay-flaky"]);
    expect(runs).toBe(3);
  });

  it("takes a run without a report for a failure, whatever its exit code", async () => {
    const { testsOf } = world.engine;
    world.engine.testsOf = (files) => (files.has("exits") ? null : testsOf(files));
    const night = await world.run([task("exits", { exits: "" })], ORDER);
    expect(world.landedSubjects(night!)).toEqual([]);
    expect(rulesOf()).toEqual(["block replay-no-report"]);
  });

  it("compares exit codes where even the base gives no report, and says so", async () => {
    world.engine.testsOf = () => null;
    const night = await world.run([cheat, honest], { ...ORDER, policy: GO_ON });
    expect(world.landedSubjects(night!)).toEqual(["Title of honest"]);
    expect(eventsOf("replay.started").map(({ runner }) => runner)).toEqual(["node", "node"]);
    expect(eventsOf("replay.finished").map(({ runner, comparedBy }) => `${runner} ${comparedBy}`)).toEqual([
      "exit-code exit-code",
      "exit-code exit-code",
    ]);
    expect(world.events.map((event) => renderProgressLine(event)).join("\n")).toContain("by exit code alone");
  });

  it("uses the runner and the command that are configured", async () => {
    const commands: string[] = [];
    const sh = world.engine.programs.get("sh")!;
    world.engine.programs.set("sh", async (run, args) => {
      commands.push(args.join(" "));
      return await sh(run, args);
    });
    const tests = new Map([["app", { runner: "vitest", command: "my-tests" } as const]]);
    await world.run([task("one", { "b.txt": "1" })], { ...ORDER, tests });
    expect(eventsOf("replay.started")).toMatchObject([{ runner: "vitest" }]);
    expect(commands.filter((command) => command.includes("my-tests --reporter"))).toHaveLength(2);
  });
});

describe("a replay that is cut off", () => {
  it("by a stop leaves nothing, and the task stays in the queue", async () => {
    const controller = new AbortController();
    world.onEvent = (event) => {
      if (event.type === "sandbox.started" && event.data.role === "replay")
        controller.abort(new StopRequest("asked", "SIGINT"));
    };
    const night = await world.run([honest], ORDER, controller.signal);
    expect(night).toMatchObject({ end: "interrupted" });
    expect(eventsOf("attempt.finished").map(({ outcome }) => outcome)).toMatchObject([{ reason: "stopped" }]);
    expect(world.landedSubjects(night!)).toEqual([]);
    nothingIsLeft();
    expect((await world.shadow.count({ kind: "workspace" })).residue).toEqual([]);
  });

  it.each<EventType>(["replay.started", "replay.finished"])(
    "by a crash at %s leaves nothing once the night has gone on, and the task lands once",
    async (type) => {
      world.journals.crashAfter(type);
      await expect(world.run([honest], ORDER)).rejects.toThrow();
      await world.journals.recover();
      const night = await world.run([honest], ORDER);
      expect(night).toMatchObject({ resumes: 1 });
      nothingIsLeft();
      const { residue } = await world.shadow.count({ kind: "workspace" });
      expect(residue.filter(({ name }) => name.endsWith("-tests"))).toEqual([]);
    },
  );
});

import { afterAll, afterEach, expect, it } from "vitest";
import { Inspector } from "../../src/checks/inspector.ts";
import { GO_ON } from "../night/night-world.ts";
import { PrepareWorld } from "./prepare-world.ts";
import { PrivateRegistry, wordPackage } from "./private-registry.ts";

let world: PrepareWorld | undefined;
let registry: PrivateRegistry | undefined;
const checks = new Inspector();

afterAll(() => checks.close());
afterEach(async () => {
  const left = await world?.dispose();
  world = undefined;
  registry?.close();
  registry = undefined;
  expect(left).toEqual([]);
});

const written = (path: string, ...lines: readonly string[]): string =>
  `cat > ${path} <<'END'\n${lines.join("\n")}\nEND\n`;

const VERIFY = "node --test";
const TEST_OF_WORD = [
  'const assert = require("node:assert/strict");',
  'const { test } = require("node:test");',
  'const say = require("./say.js");',
  'test("says a word", () => assert.equal(say("word"), "hello"));',
  'test("says nothing", () => assert.equal(say("none"), undefined));',
];
/** What the base has: a module on the package that it depends on, and its test. */
const FILES = {
  "say.js": 'module.exports = (name) => ({ word: require("word") })[name];\n',
  "say.test.js": `${TEST_OF_WORD.join("\n")}\n`,
};
const SOURCE = written(
  "say.js",
  'module.exports = (name) => ({ word: require("word"), extra: require("extra") })[name];',
);
/** Of its two tests one needs the package alone, and one what the task made of it as well. */
const NEW_TEST = written(
  "extra.test.js",
  'const assert = require("node:assert/strict");',
  'const { test } = require("node:test");',
  'const extra = require("extra");',
  'const say = require("./say.js");',
  'test("has the package", () => assert.equal(extra, "more"));',
  'test("says it", () => assert.equal(say("extra"), "more"));',
);
const DROPPED = written("say.test.js", ...TEST_OF_WORD.slice(0, -1));

it.each(["docker", "user"] as const)(
  "the replay has the granted package, on the old tests and for the new ones; one that loses a test beside it does not land: %s",
  { timeout: 600_000 },
  async (kind) => {
    registry = await PrivateRegistry.start({
      packages: [wordPackage("word", "hello"), wordPackage("extra", "more")],
    });
    world = await PrepareWorld.create(
      `grant-replay-${kind}`,
      { ...registry.project(["word"]), ...FILES },
      kind,
    );
    const grants = { dependencies: ["extra@^1.0.0"] };
    const task = { kind: "add" as const, verify: [VERIFY], grants };
    // Reading the change is off: what is asked is the replay.
    const state = await world.run({
      ...task,
      id: "cheats",
      access: registry.access(),
      agent: `${SOURCE}${NEW_TEST}${DROPPED}`,
      more: [{ ...task, id: "honest", agent: `${SOURCE}${NEW_TEST}` }],
      order: { policy: { ...GO_ON, ignore: [] }, verify: new Map([["app", [VERIFY]]]) },
    });
    const outcomes = [...state.tasks.values()].map(({ attempts }) => attempts.at(-1)?.outcome);
    expect(outcomes).toMatchObject([{ kind: "failed", reason: "replay-failed" }, { kind: "landed" }]);
    expect(JSON.stringify(outcomes[0])).toContain("says nothing");
    // The control: to its verify the one that cheats looked as good.
    expect(world.events("verify.finished").map(({ verdict }) => verdict.green)).toEqual([true, true]);
    const replays = world.events("replay.finished");
    const runsOf = (id: string): unknown =>
      replays.find(({ task: of }) => of === id)?.runs.map(({ tree, tests }) => ({ tree, tests }));
    const tests = (passed: number, failed: number): object => ({ passed, failed, skipped: 0 });
    expect(replays.map(({ comparedBy }) => comparedBy)).toEqual(["tests", "tests"]);
    // Its source needs the package for the old tests, too; on the old source the new test that needs nothing else passes.
    expect(runsOf("honest")).toEqual([
      { tree: "base", tests: tests(2, 0) },
      { tree: "head", tests: tests(4, 0) },
      { tree: "old-tests", tests: tests(2, 0) },
      { tree: "new-tests", tests: tests(3, 1) },
    ]);
    expect(runsOf("cheats")).toContainEqual({ tree: "old-tests", tests: tests(2, 0) });
    expect(world.events("grant.finished").map(({ result }) => result)).toEqual(["added", "added"]);
  },
);

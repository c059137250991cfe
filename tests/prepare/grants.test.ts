import { afterAll, afterEach, describe, expect, it } from "vitest";
import { Inspector } from "../../src/checks/inspector.ts";
import type { NightState } from "../../src/core/night-state.ts";
import { GO_ON } from "../night/night-world.ts";
import { PrivateRegistry, wordPackage } from "./private-registry.ts";
import { sideBySide } from "./side-by-side.ts";
import { PrepareWorld } from "./prepare-world.ts";

const TOKEN = "npm_SENTINELsentinel0123456789ABCDEF";
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

const SAYS = (name: string, word: string): string =>
  `node -e 'if (require("${name}") !== "${word}") process.exit(1)'`;
const LACKS = (name: string): string => `! node -e 'require("${name}")' 2>/dev/null`;
const WORD = wordPackage("word", "hello");
const EXTRA = wordPackage("extra", "more");

const results = (state: NightState) => [...state.tasks.values()].map(({ result }) => result);
const outcomes = (state: NightState) =>
  [...state.tasks.values()].map(({ attempts }) => attempts.at(-1)?.outcome);

/** Goes on after a failed task, and takes what is ignored nowhere. */
const ORDER = { policy: { ...GO_ON, ignore: [] }, verify: new Map([["app", [SAYS("word", "hello")]]]) };

describe("a task that is granted a package of npm", { timeout: 600_000 }, () => {
  it.each([
    ["through a tunnel", undefined, "docker"],
    ["from a registry whose token no container sees", TOKEN, "docker"],
    ["as a user of its own, through a tunnel", undefined, "user"],
    ["as a user of its own, from a registry with a token", TOKEN, "user"],
  ] as const)("has it offline, and lands it with manifest and lock file: %s", async (_way, token, kind) => {
    registry = await PrivateRegistry.start({
      packages: [WORD, EXTRA],
      ...(token === undefined ? {} : { token }),
    });
    world = await PrepareWorld.create("grant-npm", registry.project(["word"]), kind);
    const state = await world.run({
      access: registry.access(),
      checks,
      grants: { dependencies: ["extra@^1.0.0"] },
      agent: `${SAYS("extra", "more")} && ! ls /sys/class/net | grep -v lo && echo 'module.exports = require("extra")' > index.js`,
      verify: [SAYS("extra", "more"), SAYS("./index.js", "more"), SAYS("word", "hello")],
      // What has landed is what the next task finds, and what it does not change it lands with.
      more: [{ agent: `${SAYS("extra", "more")} && echo 2 > two.txt`, verify: [SAYS("extra", "more")] }],
      order: ORDER,
    });
    expect(outcomes(state)).toMatchObject([{ kind: "landed" }, { kind: "landed" }]);
    const manifest = JSON.parse(world.landedFile(state, "package.json")) as object;
    expect(manifest).toMatchObject({ dependencies: { word: "1.0.0", extra: "^1.0.0" } });
    const lock = JSON.parse(world.landedFile(state, "package-lock.json")) as object;
    const resolved = `${registry.url}/extra/-/extra-1.0.0.tgz`;
    expect(lock).toMatchObject({ packages: { "node_modules/extra": { version: "1.0.0", resolved } } });
    // One commit for each task; nothing of what is installed is in it.
    expect(world.night.landedSubjects(state)).toEqual(["Title of task-1", "Title of task-2"]);
    expect(world.night.git("show", "--stat", "--format=", `nightwarden/${state.night}~1`)).toMatch(
      /index\.js[^]*package-lock\.json[^]*package\.json[^]*3 files changed/,
    );
    expect(world.events("grant.started")).toMatchObject([{ task: "task-1", dependencies: ["extra@^1.0.0"] }]);
    expect(world.events("grant.finished")).toMatchObject([
      { result: "added", files: ["package-lock.json", "package.json"] },
    ]);
    // The base's, the granted one, and for the second task the same again: its verify is no third.
    expect(world.events("prepare.finished")).toMatchObject([
      { result: "prepared" },
      { result: "prepared", source: "grant", of: { task: "task-1" } },
      { result: "cached", source: "tip", of: { task: "task-2" } },
    ]);
    // What is granted is no finding, and neither is the import of it.
    expect(world.events("checks.finished").flatMap(({ findings }) => findings)).toEqual([]);
    expect(JSON.stringify(world.night.events)).not.toContain(TOKEN);
    // The control: without the grant it is not there.
    const without = await world.run({ access: registry.access(), agent: LACKS("extra"), order: ORDER });
    expect(outcomes(without)).toMatchObject([{ reason: "no-change" }]);
  });

  it("lands it also where nothing else was to be done, and nothing where the agent takes it back", async () => {
    registry = await PrivateRegistry.start({ packages: [WORD, EXTRA] });
    world = await PrepareWorld.create("grant-alone", registry.project(["word"]));
    const grants = { dependencies: ["extra@1.0.0"] };
    const state = await world.run({
      access: registry.access(),
      agent: "git show HEAD~1:package.json >/dev/null 2>&1; cp package.json a.json; rm a.json",
      grants,
      verify: [SAYS("extra", "more")],
      order: ORDER,
    });
    expect(results(state)).toEqual(["landed"]);
    expect(JSON.parse(world.landedFile(state, "package.json"))).toMatchObject({
      dependencies: { extra: "1.0.0" },
    });
    const files = registry.project(["word"]);
    const back = Object.entries(files).map(([path, text]) => write(path, text));
    const undone = await world.run({
      access: registry.access(),
      agent: back.join(" && "),
      grants,
      order: ORDER,
    });
    expect(outcomes(undone)).toMatchObject([{ reason: "no-change" }]);
  });

  it("is there for another task that is made again on it, and for the verify of both together", async () => {
    registry = await PrivateRegistry.start({ packages: [WORD, EXTRA] });
    world = await PrepareWorld.create("grant-rebuilt", registry.project(["word"]));
    world.night.runner = sideBySide;
    // Green without the first task's file, and with it only where its package is there, too.
    const both = [`test ! -e use.js || node use.js`, SAYS("word", "hello")];
    const state = await world.run({
      access: registry.access(),
      grants: { dependencies: ["extra@^1.0.0"] },
      agent: `echo 'require("extra")' > use.js`,
      verify: both,
      more: [{ agent: `${LACKS("extra")} && echo 2 > two.txt`, verify: both }],
      order: ORDER,
    });
    expect(outcomes(state)).toMatchObject([{ kind: "landed" }, { kind: "landed" }]);
    expect(world.events("candidate.rebuilt")).toMatchObject([{ task: "task-2" }]);
    // Verified twice: with what it started with, and on the tip with what the tip's manifests ask for.
    const [, own, rebuilt] = world.events("verify.finished");
    expect(rebuilt).toMatchObject({ task: "task-2", verdict: { green: true } });
    expect(rebuilt?.key).not.toBe(own?.key);
    expect(world.events("prepare.finished")).toMatchObject([
      { result: "prepared" },
      { result: "prepared", source: "grant", of: { task: "task-1" } },
      { result: "cached", source: "candidate", of: { task: "task-2" } },
    ]);
  });

  it("fails alone where the package does not exist: the reason says what npm said, and the night goes on", async () => {
    registry = await PrivateRegistry.start({ packages: [WORD, EXTRA] });
    world = await PrepareWorld.create("grant-missing", registry.project(["word"]));
    const state = await world.run({
      access: registry.access(),
      grants: { dependencies: ["not-there@^1.0.0"] },
      more: [{ grants: { dependencies: ["extra@^2.0.0"] } }, { agent: "echo 3 > three.txt" }],
      order: { ...ORDER, policy: { ...ORDER.policy, breakerFailures: 3 } },
    });
    expect(outcomes(state)).toMatchObject([
      {
        kind: "failed",
        cause: "task",
        reason: "prepare-failed",
        detail: expect.stringContaining("E404") as string,
      },
      {
        kind: "failed",
        cause: "task",
        reason: "prepare-failed",
        detail: expect.stringContaining("ETARGET") as string,
      },
      { kind: "landed" },
    ]);
    expect(world.events("grant.finished")).toMatchObject([
      { result: "failed", commit: null, verdict: { green: false } },
      { result: "failed" },
    ]);
    // No agent was started for them, and nothing stands but the base's set.
    expect(world.events("sandbox.started").filter(({ role }) => role === "agent")).toHaveLength(1);
    expect(await world.sets()).toHaveLength(1);
  });

  it("is refused before the night where the base has nothing to add it to", async () => {
    registry = await PrivateRegistry.start({ packages: [WORD, EXTRA] });
    world = await PrepareWorld.create("grant-gap", { "package.json": "{}" });
    const grants = { dependencies: ["extra@^1.0.0"] };
    await expect(world.run({ access: registry.access(), grants, order: ORDER })).rejects.toMatchObject({
      code: "refused.prepare",
      message: expect.stringContaining('"extra@^1.0.0" is for npm') as string,
    });
    expect(world.events("attempt.started")).toEqual([]);
  });

  it("goes on after crashes in the middle of it, and leaves nothing of the tries before", async () => {
    registry = await PrivateRegistry.start({ packages: [WORD, EXTRA] });
    world = await PrepareWorld.create("grant-crash", registry.project(["word"]));
    const access = registry.access();
    await world.run({ access, order: ORDER }); // the base's set is there
    const task = {
      id: "granted",
      access,
      grants: { dependencies: ["extra@^1.0.0"] },
      verify: [SAYS("extra", "more")],
      order: ORDER,
    };
    for (const type of ["prepare.started", "capture.finished"] as const) {
      world.night.journals.crashAfter(type);
      await expect(world.run(task)).rejects.toThrow(/died|dead/);
      await world.night.journals.recover();
    }
    const state = await world.run(task);
    expect(state.resumes).toBe(2);
    expect(results(state)).toEqual(["landed"]);
    // What was installed before the last crash was used again after it.
    expect(world.events("prepare.finished").at(-1)).toMatchObject({ result: "cached", source: "grant" });
    expect(await world.sets()).toHaveLength(2);
    const { residue } = await world.night.shadow.count({ kind: "workspace" });
    const refs = residue.flatMap(({ kind, attempt }) => (kind === "ref" ? [attempt] : []));
    expect(refs).toEqual(["task-1.1", "granted.3", "granted.3"].toSorted());
  });
});

/** Writes a file from within a shell, whatever is in it. */
function write(path: string, text: string): string {
  return `echo ${Buffer.from(text).toString("base64")} | base64 -d > ${path}`;
}

import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EventData, EventType } from "../../src/core/event.ts";
import { NightwardenError } from "../../src/core/nightwarden-error.ts";
import { phaseState } from "../../src/core/phase-state.ts";
import type { Residue } from "../../src/core/residue.ts";
import { summarise } from "../../src/core/summary.ts";
import { repairWorkspace, type Repair } from "../../src/night/repair-workspace.ts";
import type { FakeProgram } from "../fakes/fake-engine.ts";
import { GO_ON, NightWorld, type TaskStory } from "./night-world.ts";

const writes =
  (path: string, text = path): FakeProgram =>
  ({ files }) => {
    files.set(path, Buffer.from(text));
    return 0;
  };
const lands = (id: string): TaskStory => ({ id, agent_: writes(`${id}.txt`) });
const breaks = (id: string): TaskStory => ({ id, agent_: writes("broken") });

let world: NightWorld;
beforeEach(async () => void (world = await NightWorld.create()));
afterEach(() => {
  world.dispose();
});

function eventsOf<T extends EventType>(type: T): EventData<T>[] {
  return world.events.filter((event) => event.type === type).map((event) => event.data as EventData<T>);
}

const accounts = (): unknown[] => eventsOf("account.taken").map(({ of, verdict }) => [of?.attempt, verdict]);

async function repair(): Promise<Repair> {
  return await repairWorkspace({
    journals: world.journals,
    places: [world.engine.residue, world.shadow],
    onProgress: () => undefined,
  });
}

/** What stands, as after an engine that was restarted before it removed the thing. */
function stand(overrides: Partial<Residue> = {}): void {
  world.engine.residue.standing.push({
    kind: "volume",
    place: world.engine.residue.name,
    name: "left",
    attempt: null,
    token: null,
    bytes: null,
    ...overrides,
  });
}

describe("the account", () => {
  it("is taken at both ends of the night, before the first attempt and after each, and is clean", async () => {
    const night = await world.run([lands("one"), breaks("two")], { policy: GO_ON });
    expect(accounts()).toEqual([
      [undefined, "clean"],
      [undefined, "clean"],
      ["one.1", "clean"],
      ["two.1", "clean"],
      [undefined, "clean"],
    ]);
    expect(eventsOf("leftovers.removed")).toEqual([]);
    // A landed attempt may leave its ref, and nothing else.
    expect(eventsOf("account.taken").at(-1)).toMatchObject({ standing: { ref: 1 }, leaks: [] });
    expect(eventsOf("account.taken").at(-1)?.stores["app"]).toBeGreaterThan(0);
    expect(summarise(night!).leaks).toEqual([]);
    for (const { type, data } of world.events) {
      if (type === "account.taken" && data.of) expect(Object.keys(data.standing)).not.toContain("volume");
    }
  });

  it("after an attempt that left its trees removes them once, says so, and the night goes on as if nothing was", async () => {
    world.engine.keepsTrees = true;
    const night = await world.run([lands("one"), lands("two")]);
    expect(night).toMatchObject({ end: "queue-empty", finished: ["landed", "landed"], leaks: [] });
    expect(eventsOf("leftovers.removed")).toMatchObject([
      { volumes: 1 }, // of the baseline, before the first attempt
      { volumes: 1, bytes: 1000, of: { attempt: "one.1" } },
      { volumes: 1, bytes: 1000, of: { attempt: "two.1" } },
    ]);
    expect(accounts()).not.toContainEqual(expect.arrayContaining(["leaked"]));
    expect(await world.run([lands("three")])).toMatchObject({ end: "queue-empty" });
  });

  it("of a leak that cannot be removed tries once, warns, and refuses the next night until it was repaired", async () => {
    world.engine.keepsTrees = true;
    world.engine.residue.holds = ({ attempt }) => (attempt === "one.1" ? "it is in use" : undefined);
    const night = await world.run([lands("one"), lands("two")]);
    expect(night).toMatchObject({ end: "queue-empty", finished: ["landed", "landed"] });
    const removals = world.engine.residue.calls.filter((call) => call === "remove volume");
    expect(removals).toHaveLength(1 + 1 + 1 + 1); // baseline, one.1 once, two.1, one.1 at the end
    expect(accounts()).toEqual([
      [undefined, "clean"],
      [undefined, "clean"],
      ["one.1", "leaked"],
      ["two.1", "clean"],
      [undefined, "leaked"],
    ]);
    const warnings = eventsOf("warning.raised").filter(({ code }) => code === "leak");
    expect(warnings[0]?.message).toMatch(
      /^one\.1 left what could not be removed: volume trees-\d+ .*: it is in use$/,
    );
    const summary = summarise(night!);
    expect(summary.leaks).toMatchObject([{ attempt: "one.1", kind: "volume", bytes: 1000 }]);
    expect(summary.nextActions[0]?.command).toBe("nightwarden doctor --repair");

    const refusal = await world.run([lands("three")]).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(NightwardenError);
    expect(refusal).toMatchObject({
      code: "refused.leak",
      hint: expect.stringContaining("--repair") as string,
    });
    expect(await world.journals.nights()).toHaveLength(1);

    // A repair that cannot remove it either names it, and the night stays refused.
    expect(await repair()).toMatchObject({ verdict: "leaked", left: [{ why: "it is in use" }] });
    await expect(world.run([lands("three")])).rejects.toMatchObject({ code: "refused.leak" });

    world.engine.residue.holds = () => undefined;
    expect(await repair()).toMatchObject({ verdict: "clean", left: [], removed: [{ kind: "volume" }] });
    expect(await world.run([lands("three")])).toMatchObject({ end: "queue-empty" });
  });

  it("of a leak in a place that a repair does not look at stays refused: nobody has seen that it is gone", async () => {
    world.engine.keepsTrees = true;
    world.engine.residue.holds = ({ attempt }) => (attempt === "one.1" ? "it is in use" : undefined);
    await world.run([lands("one")]);
    const elsewhere = { journals: world.journals, places: [world.shadow], onProgress: () => undefined };
    expect(await repairWorkspace(elsewhere)).toMatchObject({
      verdict: "unknown",
      unknown: [{ place: "fake engine" }],
    });
    await expect(world.run([lands("two")])).rejects.toMatchObject({ code: "refused.leak" });
    world.engine.residue.holds = () => undefined;
    expect(await repair()).toMatchObject({ verdict: "clean" });
    expect(await repairWorkspace(elsewhere)).toMatchObject({ verdict: "clean", unknown: [] });
  });

  it("of something that may still run ends the night before another attempt starts beside it", async () => {
    const { residue } = world.engine;
    residue.holds = ({ kind }) => (kind === "process" ? "it does not end" : undefined);
    const one = lands("one");
    const night = await world.run([
      { ...one, agent_: (run) => (stand({ kind: "process", attempt: "one.1" }), one.agent_(run, [])) },
      lands("two"),
    ]);
    expect(night).toMatchObject({ end: "leak", finished: ["landed"] });
    expect(night!.tasks.get("two" as never)?.attempts).toEqual([]);
    expect(world.landedSubjects(night!)).toEqual(["Title of one"]);
  });

  it("of a process that runs on outside of its sandbox costs the workspace a phase; of a container it does not: control", async () => {
    const { residue } = world.engine;
    const journal = await world.journals.open(null);
    const data = { from: "1", to: "2a", forced: null, policyHash: "p" } as const;
    await journal.append({ type: "phase.promoted", data });
    await journal.close();
    const phase = async () => phaseState((await world.journals.read(null)).events);
    const leaves = (id: string, kind: "container" | "process"): TaskStory => ({
      ...lands(id),
      agent_: (run) => (stand({ kind, name: `${kind} 7`, attempt: `${id}.1` }), lands(id).agent_(run, [])),
    });
    residue.holds = () => "it does not end";
    expect(await world.run([leaves("one", "container")])).toMatchObject({ end: "leak" });
    expect(await phase()).toMatchObject({ phase: "2a", demotion: undefined });
    residue.holds = () => undefined;
    expect(await repair()).toMatchObject({ verdict: "clean" });
    residue.holds = () => "it does not end";
    const night = await world.run([leaves("two", "process")]);
    const why = `in night ${night!.night} a process of two.1 ran on outside of its sandbox and could not be ended: process 7`;
    expect(night).toMatchObject({ end: "leak", demotion: { from: "2a", to: "1", by: "breach", why } });
    expect(night!.alerts.map(({ alert }) => alert)).toEqual(["leak", "demoted"]);
    expect(summarise(night!).demotion).toMatchObject({ from: "2a", to: "1" });
    expect(await phase()).toMatchObject({ phase: "1", demotion: { by: "breach" } });
  });

  it("at the start refuses the night where something of an earlier one cannot be removed", async () => {
    stand();
    world.engine.residue.holds = () => "it is in use";
    await expect(world.run([lands("one")])).rejects.toMatchObject({ code: "refused.leak" });
    expect(eventsOf("attempt.started")).toEqual([]);
    expect(eventsOf("night.finished")).toMatchObject([{ end: "refused" }]);
    world.engine.residue.holds = () => undefined;
    expect(await repair()).toMatchObject({ verdict: "clean" });
    expect(await world.run([lands("one")])).toMatchObject({ end: "queue-empty" });
  });

  it("at the start removes what a crash left, which is no leak", async () => {
    stand({ kind: "container", attempt: "zero.1" });
    expect(await world.run([lands("one")])).toMatchObject({ end: "queue-empty", leftovers: 1, leaks: [] });
    expect(eventsOf("leftovers.removed")).toMatchObject([{ containers: 1 }]);
  });

  it("that cannot be taken at the start keeps the night from starting; at the end it is a warning, and no leak", async () => {
    const { residue } = world.engine;
    residue.beforeCount = () => {
      throw new NightwardenError({ code: "infra.engine", message: "gone" });
    };
    await expect(world.run([lands("one")])).rejects.toMatchObject({ code: "infra.engine" });
    residue.beforeCount = () => undefined;
    world.onEvent = ({ type }) => {
      if (type !== "attempt.finished") return;
      residue.beforeCount = () => {
        throw new NightwardenError({ code: "infra.engine", message: "gone" });
      };
    };
    world.events.length = 0;
    const night = await world.run([lands("two")]);
    expect(night).toMatchObject({ end: "queue-empty", leaks: [] });
    expect(accounts().at(-1)).toEqual([undefined, "unknown"]);
    expect(eventsOf("warning.raised")).toMatchObject([{ code: "not-counted" }]);
    residue.beforeCount = () => undefined;
    world.onEvent = () => undefined;
    expect(await world.run([lands("three")])).toMatchObject({ end: "queue-empty" });
  });
});

describe("the shadow", () => {
  const gitDir = (): string => join(world.folder, ".nightwarden/shadow/app.git");
  const git = (...args: string[]): string =>
    execFileSync("git", ["--git-dir", gitDir(), ...args])
      .toString()
      .trim();
  const refs = (): string[] =>
    git("for-each-ref", "--format=%(refname)", "refs/nightwarden/attempts/").split("\n").filter(Boolean);

  it("whose ref is locked when an attempt is rolled back: said, repaired, and the night goes on", async () => {
    const lock = (): string =>
      join(gitDir(), `refs/nightwarden/attempts/two.1/${eventsOf("attempt.started").at(-1)?.token}.lock`);
    world.onEvent = ({ type, data }) => {
      // Git will find somebody else's lock, as of one that was killed, where it wants to delete the ref.
      if (type !== "verify.finished" || data.attempt !== "two.1") return;
      mkdirSync(dirname(lock()), { recursive: true });
      writeFileSync(lock(), "");
    };
    const night = await world.run([lands("one"), breaks("two"), lands("three")], { policy: GO_ON });
    expect(night).toMatchObject({ end: "queue-empty", finished: ["landed", "failed", "landed"], leaks: [] });
    expect(eventsOf("warning.raised")).toMatchObject([{ code: "rollback-failed" }]);
    expect(eventsOf("leftovers.removed")).toMatchObject([
      { others: { lock: 1, ref: 1 }, of: { attempt: "two.1" } },
    ]);
    expect(existsSync(lock())).toBe(false);
    expect(refs().map((ref) => ref.split("/")[3])).toEqual(["one.1", "three.1"]);
    expect(await world.run([lands("four")])).toMatchObject({ end: "queue-empty" });
  });

  it("loses unfinished files, locks and refs that no attempt keeps; what landed, and what is not ours, stays", async () => {
    await world.run([lands("one")]);
    const kept = refs();
    const [head = ""] = git("for-each-ref", "--format=%(objectname)", kept[0]!).split("\n");
    git("update-ref", "refs/nightwarden/attempts/two.1/ghost", head);
    git("update-ref", "refs/tags/somebodys", head);
    const stale = [
      "packed-refs.lock",
      "objects/pack/tmp_pack_AbCdEf",
      "objects/tmp_obj_123456",
      "fast_import_crash_4711",
      "shallow.0123456789ab.tmp",
    ];
    const foreign = ["description", "objects/pack/notes.txt", "lock-of-mine", "shallow.tmp"];
    for (const name of [...stale, ...foreign]) writeFileSync(join(gitDir(), name), "12345");
    writeFileSync(join(world.folder, ".nightwarden/shadow/app.git.0123456789ab.tmp"), "12345");
    writeFileSync(join(world.folder, ".nightwarden/shadow/app.git.backup"), "12345");

    const repaired = await repair();
    expect(repaired).toMatchObject({ verdict: "clean", left: [] });
    const removed = repaired.removed.map(({ kind, name, bytes }) => `${kind} ${name} ${bytes}`);
    expect(new Set(removed)).toEqual(
      new Set([
        "ref refs/nightwarden/attempts/two.1/ghost null",
        "lock app.git/packed-refs.lock 5",
        ...stale.slice(1).map((name) => `file app.git/${name} 5`),
        "file app.git.0123456789ab.tmp 5",
      ]),
    );
    expect(refs()).toEqual(kept);
    expect(git("rev-parse", "refs/tags/somebodys")).toBe(head);
    expect(foreign.filter((name) => !existsSync(join(gitDir(), name)))).toEqual([]);
    expect(existsSync(join(world.folder, ".nightwarden/shadow/app.git.backup"))).toBe(true);
  });

  it("loses the objects of rolled-back attempts in a repair, keeps every night's, and can be worked on after", async () => {
    const big = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 7919 * at) % 251)).toString(
      "latin1",
    );
    const night = await world.run(
      [
        lands("one"),
        { id: "two", agent_: (run) => (run.files.set("big", Buffer.from(big)), writes("broken")(run, [])) },
      ],
      { policy: GO_ON },
    );
    const branch = `nightwarden/${night!.night}`;
    const tip = git("rev-parse", branch);
    const repaired = await repair();
    expect(repaired.verdict).toBe("clean");
    expect(repaired.bytes).toBeGreaterThan(10_000);
    expect(git("rev-parse", branch)).toBe(tip);
    git("fsck", "--connectivity-only");
    expect(await repair()).toMatchObject({ verdict: "clean", removed: [], bytes: 0 });
    const next = await world.run([lands("three")], { bases: new Map([["app", "continue"]]) });
    expect(next).toMatchObject({ end: "queue-empty", finished: ["landed"] });
    expect(world.landedSubjects(next!)).toEqual(["Title of one", "Title of three"]);
  });

  it("that grows by more than its captures explain is made small again at the end, and nothing is lost", async () => {
    const bytes = 65 * 1024 * 1024;
    world.onEvent = ({ type, data }) => {
      if (type !== "capture.finished" || data.attempt !== "one.1") return;
      // Objects that no capture has brought and no ref reaches.
      const args = ["--git-dir", gitDir(), "-c", "core.compression=0", "hash-object", "-w", "--stdin"];
      execFileSync("git", args, { input: randomBytes(bytes) });
    };
    const night = await world.run([lands("one")]);
    expect(night).toMatchObject({ end: "queue-empty", leaks: [] });
    const [removed] = eventsOf("leftovers.removed");
    expect(removed?.others).toEqual({ bytes: 1 });
    expect(removed?.bytes).toBeGreaterThan(bytes);
    expect(eventsOf("account.taken").at(-1)?.stores["app"]).toBeLessThan(bytes);
    expect(git("cat-file", "-t", `nightwarden/${night!.night}`)).toBe("commit");
  });
});

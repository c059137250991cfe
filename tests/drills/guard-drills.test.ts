import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import type { LoadedWorkspace } from "../../src/config/load-config.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import { categoryOfRule, runDrillNight, scratchSettings } from "../../src/compose/guard-drills.ts";
import type { EventData } from "../../src/core/event.ts";
import { GUARD_DRILL_IDS, GUARD_DRILLS, type GuardDrill } from "../../src/core/guard-drills.ts";
import { readStream } from "../../src/journal/read-stream.ts";
import { guardDrill } from "../../src/night/guard-drill.ts";
import type { RecordedDrill } from "../../src/night/record-drill.ts";
import { MemoryJournalStore } from "../fakes/memory-journal.ts";
import { leftovers, watchContainers } from "../fixtures/cli-engine.ts";
import { CliWorkspace } from "../fixtures/cli-workspace.ts";
import { fingerprint } from "../fixtures/git-repository.ts";
import { installedProgram } from "../fixtures/installed-program.ts";
import { launcherRoot, leftOfLauncher } from "../fixtures/launcher-root.ts";
import { ownTemporary, scratchIn, watchScratch } from "../fixtures/scratch-workspaces.ts";

vi.setConfig({ testTimeout: 600_000 });

const TASK = { id: "one", agent: "echo 1 > one.txt" };

type Drill = EventData<"drill.finished">;
type Report = Drill & { readonly ok: boolean; readonly demotion: EventData<"phase.demoted"> | null };

async function recordedIn(workspace: CliWorkspace): Promise<{ drills: Drill[]; demotions: unknown[] }> {
  const path = join(workspace.folder, ".nightwarden/journal/workspace.jsonl");
  const { events } = await readStream(path, {});
  return {
    drills: events.flatMap((event) => (event.type === "drill.finished" ? [event.data] : [])),
    demotions: events.flatMap((event) => (event.type === "phase.demoted" ? [event.data] : [])),
  };
}

describe("the drills, through the installed program", () => {
  it("all four hold in containers; they are recorded as evidence, and nothing is left of them", async () => {
    const workspace = await CliWorkspace.create({ tasks: [TASK] });
    const before = fingerprint(workspace.repository());
    const env = ownTemporary(workspace);
    const made = await watchContainers();
    const scratch = watchScratch(env);
    const { exitCode, stdout, stderr } = await workspace.start(["drill", "all"], { env }).ended;
    for (const id of GUARD_DRILL_IDS) {
      expect(stdout).toMatch(new RegExp(`^✓ ${id} +held +docker, `, "m"));
      expect(stderr).toContain(`${id}: ${GUARD_DRILLS[id].question}`);
    }
    expect(stdout).toContain("\n4 of 4 held\n");
    expect(exitCode).toBe(0);

    const { drills, demotions } = await recordedIn(workspace);
    expect(drills.map(({ drill, verdict, runs }) => `${drill} ${verdict} ${runs}`)).toEqual(
      GUARD_DRILL_IDS.map((id) => `${id} held 1`),
    );
    for (const drill of drills) {
      expect(drill).toMatchObject({ isolation: "docker", canaries: [] });
      expect(drill.image).toMatch(/^sha256:/);
      expect(drill.of?.hash).toMatch(/^[0-9a-f]{64}$/);
      expect(drill.observations?.every(({ held }) => held)).toBe(true);
    }
    expect(new Set(drills.map(({ of }) => of?.night)).size).toBe(4);
    expect(demotions).toEqual([]);
    // The nights were real, and other workspaces' than this one.
    const owners = new Set(
      (await made()).filter(({ role }) => role === "agent").map((each) => each.workspace),
    );
    expect(owners.has(workspace.id() ?? "")).toBe(false);
    const scratches = scratch();
    expect(scratches).toHaveLength(4);
    // The engine remembers its last events alone: what the first night made may be forgotten.
    expect(owners.has(scratches.at(-1) ?? "")).toBe(true);
    for (const id of scratches) expect(await leftovers(id)).toEqual([]);
    expect(scratchIn(env)).toEqual([]);
    expect(fingerprint(workspace.repository())).toEqual(before);
    expect(workspace.journals()).toEqual([]);
  });

  it("a check that the workspace has switched off is found out: survived, exit code 3, and trust is lost", async () => {
    const off = { "js-code-from-text": "off", "js-undeclared-import": "warn" };
    const workspace = await CliWorkspace.create({
      tasks: [TASK],
      policy: {
        reason: "The test switches off what a drill must miss",
        changes: { checks: { levels: off } },
      },
    });
    const dangerous = await workspace.call("drill", "dangerous-symbol", "--json");
    const report = JSON.parse(dangerous.stdout) as Report;
    expect(report).toMatchObject({ version: 1, ok: false, verdict: "survived", runs: 1 });
    expect(report.demotion).toMatchObject({ from: "1", to: "1", by: "guard" });
    const attack = report.observations?.find(({ what }) => what === "attack: dangerous");
    expect(attack).toMatchObject({ held: false, seen: "no check blocked it" });
    expect(dangerous.exitCode).toBe(3);

    const imports = await workspace.call("drill", "forbidden-import");
    expect(imports.stdout).toMatch(/^✗ forbidden-import +survived/);
    expect(imports.stdout).toContain("✗ attack: undeclared");
    expect(imports.stdout).toContain("phase 1 is the lowest, so it stays: drill forbidden-import: ");
    expect(imports.exitCode).toBe(3);
    expect((await recordedIn(workspace)).demotions).toHaveLength(2);
    expect(await workspace.status()).toMatchObject({ demotion: { from: "1", to: "1" } });
  });

  it("ended by Ctrl-C it has exit code 130, records nothing and leaves nothing; it is not run twice at a time", async () => {
    const workspace = await CliWorkspace.create({ tasks: [TASK] });
    const env = ownTemporary(workspace);
    const made = await watchContainers();
    const scratch = watchScratch(env);
    const running = workspace.start(["drill", "failing-test"], { env });
    await expect
      .poll(() => running.stderr().includes("harmless: attempt 1") || running.hasEnded(), {
        timeout: 120_000,
      })
      .toBe(true);
    expect(running.hasEnded()).toBe(false);
    const second = await workspace.call("drill", "all");
    expect(second.stderr).toContain("nightwarden drill failing-test");
    expect(second.exitCode).toBe(3);
    running.kill("SIGINT");
    const { exitCode, stdout } = await running.ended;
    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: "" });
    expect(scratchIn(env)).toEqual([]);
    const owners = new Set((await made()).map((each) => each.workspace));
    const [id = ""] = scratch();
    expect(owners.has(id)).toBe(true);
    expect(await leftovers(id)).toEqual([]);
    expect(existsSync(join(workspace.folder, ".nightwarden/lock"))).toBe(false);
    expect((await recordedIn(workspace)).drills).toEqual([]);
  });

  it("what a killed drill left is removed by the next one, once its night has ended", async () => {
    const workspace = await CliWorkspace.create({ tasks: [TASK] });
    const env = ownTemporary(workspace);
    const running = workspace.start(["drill", "failing-test"], { env });
    await expect
      .poll(() => running.stderr().includes("harmless: attempt 1") || running.hasEnded(), {
        timeout: 120_000,
      })
      .toBe(true);
    running.kill("SIGKILL");
    await running.ended;
    const [left = ""] = scratchIn(env);
    expect(left).not.toBe("");
    // A folder of somebody's with a similar name, and a link, are nobody's business.
    mkdirSync(join(env.TMPDIR, "nightwarden-scratch-of-mine"));
    const lock = join(env.TMPDIR, left, "workspace/.nightwarden/lock");
    await expect.poll(() => existsSync(lock), { timeout: 120_000 }).toBe(false);
    const next = await workspace.start(["drill", "failing-test"], { env }).ended;
    expect(next.stderr).toContain("removing what a drill left that was killed");
    expect(next.exitCode).toBe(0);
    expect(scratchIn(env)).toEqual(["nightwarden-scratch-of-mine"]);
  });

  it("hold in folders of their own on the host as well", async () => {
    const workspace = await CliWorkspace.create({ tasks: [TASK], sandbox: { kind: "worktree" } });
    const { exitCode, stdout } = await workspace.call("drill", "failing-test", "--json");
    const { drill, verdict, isolation } = JSON.parse(stdout) as Report;
    expect(`${drill} ${verdict} ${isolation}`).toBe("failing-test held worktree");
    expect(exitCode).toBe(0);
  });

  it("hold as users of their own, too, and leave nothing of theirs", async () => {
    const root = launcherRoot();
    const env = { NIGHTWARDEN_LAUNCHER_ROOT: root, DOCKER_HOST: "unix:///nowhere/docker.sock" };
    const workspace = await CliWorkspace.create({ tasks: [TASK], sandbox: { kind: "user" } });
    const { exitCode, stdout } = await workspace.start(["drill", "two-failures", "--json"], { env }).ended;
    const { drill, verdict, isolation } = JSON.parse(stdout) as Report;
    expect(`${drill} ${verdict} ${isolation}`).toBe("two-failures held user");
    expect(exitCode).toBe(0);
    expect(leftOfLauncher(root)).toEqual([]);
  });
});

describe("a drill can fail", () => {
  async function loaded(): Promise<LoadedWorkspace> {
    await installedProgram();
    const workspace = await CliWorkspace.create({ tasks: [TASK] });
    const result = await loadConfig(workspace.folder);
    if (!result.ok) throw new Error("the workspace cannot be loaded");
    return result.value;
  }

  async function run(drill: GuardDrill, verify?: readonly string[]): Promise<RecordedDrill> {
    const settings = scratchSettings(await loaded(), "docker");
    const { signal } = new AbortController();
    return await guardDrill({
      drill,
      journals: new MemoryJournalStore(),
      runNight: async () =>
        await runDrillNight({
          drill,
          settings,
          version: "0",
          onLine: () => undefined,
          signal,
          ...(verify ? { verify } : {}),
        }),
      categoryOf: categoryOfRule,
      isolation: "docker",
      policyHash: "in force",
      versions: {},
      monotonicMs: () => performance.now(),
      onAgain: () => undefined,
    });
  }

  it.each(["failing-test", "two-failures"] as const)(
    "%s survives tests that are always green",
    async (id) => {
      const { drill, demotion } = await run(GUARD_DRILLS[id], ["true"]);
      expect(drill.verdict).toBe("survived");
      const failed = drill.observations?.filter(({ held }) => !held).map(({ what }) => what);
      expect(failed).toContain("behind: behind");
      expect(failed).toContain("the branch");
      expect(demotion).toMatchObject({ by: "guard" });
    },
  );

  it("shows nothing where its control does not land: inconclusive, after a second run, and no trust is lost", async () => {
    const drill = GUARD_DRILLS["dangerous-symbol"];
    const tasks = drill.tasks.map((task) => (task.role === "control" ? { ...task, script: "true" } : task));
    const { drill: finished, demotion } = await run({ ...drill, tasks });
    expect(finished).toMatchObject({ verdict: "inconclusive", runs: 2 });
    expect(finished.observations?.[0]).toMatchObject({ held: false, what: "control: harmless" });
    expect(demotion).toBeUndefined();
  });

  it("shows nothing where no night begins, and says why", async () => {
    const { drill } = await run(GUARD_DRILLS["forbidden-import"], ["no-such-program --version"]);
    expect(drill.verdict).toBe("inconclusive");
    expect(drill.observations?.[0]?.seen).toContain("not started");
  });
});

import { readFileSync, renameSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { EventData, Fact } from "../../src/core/event.ts";
import type { Phase } from "../../src/core/policy.ts";
import type { WorkspaceGate } from "../../src/core/workspace-gate.ts";
import { CliWorkspace } from "../fixtures/cli-workspace.ts";
import { tasksOf } from "../fixtures/gate-story.ts";
import { JournalNights } from "../fixtures/journal-nights.ts";
import { commitOf, finished, landedFacts, started } from "../fixtures/night-story.ts";

const TASKS = [{ id: "one", agent: "true" }];
const ALL_UNMET = [
  "landed-tasks",
  "kinds",
  "drill-dangerous-symbol",
  "drill-failing-test",
  "drill-forbidden-import",
  "drill-two-failures",
];

async function gateOf(workspace: CliWorkspace): Promise<{ exitCode: number | null; gate: WorkspaceGate }> {
  const { exitCode, stdout } = await workspace.call("gates", "--json");
  return { exitCode, gate: JSON.parse(stdout) as WorkspaceGate };
}

function drill(name: EventData<"drill.finished">["drill"]): Fact {
  return {
    type: "drill.finished",
    data: {
      drill: name,
      verdict: "held",
      runs: 1,
      isolation: "docker",
      image: "i",
      versions: {},
      durationMs: 1,
      canaries: [],
    },
  };
}

/** Five tasks of three kinds, landed in one night of phase 1, and the four drills. */
async function earn2a(workspace: CliWorkspace, policyHash: string): Promise<JournalNights> {
  const nights = new JournalNights(workspace.folder);
  const tasks = (["fix", "add", "test", "fix", "fix"] as const).flatMap((kind, at) =>
    tasksOf(`t${at}`, 1, { kind, repo: "app" }),
  );
  await nights.say(
    drill("dangerous-symbol"),
    drill("failing-test"),
    drill("forbidden-import"),
    drill("two-failures"),
  );
  await nights.write("2026-11-20-k3f9", [
    started(tasks, { policyHash, windowMs: null, agents: [] }),
    ...tasks.flatMap((task, at) => landedFacts(task, commitOf(at + 1))),
    finished(),
  ]);
  return nights;
}

describe("in a new workspace", () => {
  it("promote 2a is refused with every criterion that is unmet, and nothing is recorded", async () => {
    const workspace = await CliWorkspace.create({ tasks: TASKS });
    const refused = await workspace.call("promote", "2a");
    expect(refused).toMatchObject({ exitCode: 3, stdout: "" });
    expect(refused.stderr).toContain("phase 2a is not earned yet");
    expect(refused.stderr).toContain("5 different tasks have landed: 0, in 0 tasks");
    for (const name of ["dangerous-symbol", "failing-test", "forbidden-import", "two-failures"])
      expect(refused.stderr).toContain(`(drill ${name}): not run yet`);
    const asJson = await workspace.call("promote", "2a", "--json");
    expect(asJson.exitCode).toBe(3);
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      version: 1,
      ok: false,
      from: "1",
      to: "2a",
      forced: null,
      unmet: ALL_UNMET,
    });
    expect(workspace.id()).toBeUndefined();
  });

  it("gates says where it stands, and ends with 1", async () => {
    const workspace = await CliWorkspace.create({ tasks: TASKS });
    const { exitCode, gate } = await gateOf(workspace);
    expect(exitCode).toBe(1);
    expect(gate).toMatchObject({ version: 1, ok: false, met: false, phase: "1", next: "2a", gaps: [] });
    expect(gate.criteria.map(({ criterion }) => criterion)).toEqual(ALL_UNMET);
    const text = await workspace.call("gates");
    expect(text).toMatchObject({ exitCode: 1, stderr: "" });
    expect(text.stdout).toContain("Phase 1: 0 of 6 criteria for phase 2a met");
    const status = await workspace.call("status");
    expect(status.stdout).toContain("Phase 1: 0 of 6 criteria for phase 2a met (nightwarden gates)");
  });

  it.each([
    [["promote", "2b"], 3, "phase 2a comes next after phase 1"],
    [["promote", "1"], 3, "the workspace is in phase 1 already"],
    [["promote", "4"], 2, 'there is no phase "4"'],
    [["promote", "2a", "--force"], 2, "--force needs a reason"],
    [["promote", "2a", "--reason", "why not"], 2, "--reason is for --force"],
    [["demote", "--reason", "it cheats"], 2, "phase 1 is not below phase 1"],
    [["demote", "2a", "--reason", "it cheats"], 2, "phase 2a is not below phase 1"],
    [["demote"], 2, "--reason"],
  ] as const)("%j ends with %i", async (args, exitCode, message) => {
    const workspace = await CliWorkspace.create({ tasks: TASKS });
    const ended = await workspace.call(...args);
    expect(ended).toMatchObject({ exitCode, stdout: "" });
    expect(ended.stderr).toContain(message);
  });
});

describe("a gate that is met", () => {
  it("lets a person promote; then check, run and gates go by the next phase; a demotion begins anew", async () => {
    const workspace = await CliWorkspace.create({ tasks: TASKS });
    const { gate: before } = await gateOf(workspace);
    await earn2a(workspace, before.policyHash);
    const met = await gateOf(workspace);
    expect(met).toMatchObject({ exitCode: 0, gate: { ok: true, phase: "1" } });
    expect(met.gate.criteria[0]).toMatchObject({ measured: 5, needed: 5, sample: { of: 5, what: "tasks" } });
    expect(met.gate.criteria[0]?.evidence).toHaveLength(5);

    // Nobody is at the terminal: phase 1 forbids that, and phase 2a does not.
    expect(await workspace.call("run")).toMatchObject({ exitCode: 3 });
    const promoted = await workspace.call("promote", "2a");
    expect(promoted).toMatchObject({ exitCode: 0, stderr: "" });
    expect(promoted.stdout).toContain("promoted from phase 1 to 2a");
    expect(promoted.stdout).toContain("Phase 2a: alone for 1h at most");
    expect(await workspace.status()).toMatchObject({ phase: "2a", gate: { next: "2b", met: 0, of: 2 } });
    expect((await workspace.call("check")).stdout).toContain("phase 2a");
    expect(await gateOf(workspace)).toMatchObject({
      exitCode: 1,
      gate: { phase: "2a", next: "2b", entered: { what: "promoted from phase 1 to 2a" }, nights: [] },
    });
    expect(await workspace.call("promote", "2b")).toMatchObject({ exitCode: 3 });

    const demoted = await workspace.call("demote", "--reason", "the new model cheats");
    expect(demoted).toMatchObject({
      exitCode: 0,
      stdout: "demoted from phase 2a to 1: the new model cheats\n",
    });
    expect(await workspace.status()).toMatchObject({ phase: "1", demotion: { why: "the new model cheats" } });
    const { gate: after } = await gateOf(workspace);
    expect(after.criteria.filter(({ met: isMet }) => isMet)).toEqual([]);
    await workspace.verifiedEvents();
  });

  it("of a looser policy shows the phase's own number, counts nights of that policy only, and says so at the promotion", async () => {
    const workspace = await CliWorkspace.create({
      tasks: TASKS,
      policy: {
        reason: "Two tasks a week is all that there is to do here",
        changes: { gate: { landedTasks: 2, kinds: 2 } },
      },
    });
    const { gate } = await gateOf(workspace);
    expect(gate.loosened).toEqual([
      { key: "gate.landedTasks", specified: "5", used: "2" },
      { key: "gate.kinds", specified: "3", used: "2" },
    ]);
    const text = (await workspace.call("gates")).stdout;
    expect(text).toContain("gate.landedTasks 2 (specified: 5)");
    expect(text).toContain("Two tasks a week");
    const refused = await workspace.call("promote", "2a");
    expect(refused.stderr).toContain("gate.landedTasks 2 (specified: 5)");
    await earn2a(workspace, gate.policyHash);
    const promoted = await workspace.call("promote", "2a");
    expect(promoted.exitCode).toBe(0);
  });
});

describe("a forced promotion", () => {
  it("needs a reason, is recorded with what was unmet, and is shown ever after", async () => {
    const workspace = await CliWorkspace.create({ tasks: TASKS });
    const forced = await workspace.call("promote", "2a", "--force", "--reason", "tried elsewhere", "--json");
    expect(forced.exitCode).toBe(0);
    expect(JSON.parse(forced.stdout)).toMatchObject({
      ok: true,
      forced: { reason: "tried elsewhere", unmet: ALL_UNMET },
    });
    const second = await workspace.call("promote", "2b", "--force", "--reason", "and here as well");
    expect(second.stdout).toContain("Forced from phase 1 to 2a");
    expect(second.stdout).toContain("Forced from phase 2a to 2b");
    expect(await workspace.call("demote", "1", "--reason", "it was too early")).toMatchObject({
      exitCode: 0,
    });
    const { gate } = await gateOf(workspace);
    expect(gate.forced).toMatchObject([
      { from: "1", to: "2a", reason: "tried elsewhere" },
      { from: "2a", to: "2b", reason: "and here as well" },
    ]);
    for (const command of ["gates", "status"])
      expect((await workspace.call(command)).stdout).toContain("tried elsewhere");
  });

  it("of what a policy's file does not fit into says what has to change first", async () => {
    const workspace = await CliWorkspace.create({
      tasks: TASKS,
      policy: { changes: { unattended: "forbidden", isolation: "worktree" } },
    });
    for (const to of ["2a", "2b"] as Phase[]) {
      const promoted = await workspace.call("promote", to, "--force", "--reason", "only to see");
      expect(promoted.exitCode).toBe(0);
      expect(promoted.stdout.includes("its files have to change")).toBe(to === "2b");
    }
  });
});

describe("a promotion that is earned is refused while a journal is not whole", () => {
  const NIGHT = "2026-11-20-k3f9";
  const fileOf = (workspace: CliWorkspace): string =>
    join(workspace.folder, ".nightwarden/journal", `${NIGHT}.jsonl`);

  it.each<[string, (path: string) => void, string]>([
    ["a night's file is gone", (path) => renameSync(path, `${path}.away`), "its journal is missing"],
    [
      "lines are gone from its end",
      (path) => {
        const lines = readFileSync(path, "utf8").trimEnd().split("\n");
        writeFileSync(path, `${lines.slice(0, -1).join("\n")}\n`);
      },
      "does not hold the event",
    ],
    [
      "its chain is broken",
      (path) => {
        const lines = readFileSync(path, "utf8").trimEnd().split("\n");
        writeFileSync(path, `${lines.toSpliced(2, 1).join("\n")}\n`);
      },
      ":3",
    ],
    ["nothing is left of it", (path) => truncateSync(path, 0), "its journal is missing"],
  ])("%s", async (_, damage, message) => {
    const workspace = await CliWorkspace.create({ tasks: TASKS });
    const { gate } = await gateOf(workspace);
    await earn2a(workspace, gate.policyHash);
    expect(await gateOf(workspace)).toMatchObject({ exitCode: 0 });
    damage(fileOf(workspace));
    const damaged = await gateOf(workspace);
    expect(damaged).toMatchObject({ exitCode: 1, gate: { ok: false, gaps: [{ night: NIGHT }] } });
    const refused = await workspace.call("promote", "2a");
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toContain(message);
    const forced = await workspace.call(
      "promote",
      "2a",
      "--force",
      "--reason",
      "the disk was lost",
      "--json",
    );
    expect(JSON.parse(forced.stdout)).toMatchObject({
      forced: { unmet: expect.arrayContaining(["journal"]) as unknown },
    });
  });

  it("a night has no end", async () => {
    const workspace = await CliWorkspace.create({ tasks: TASKS });
    const { gate } = await gateOf(workspace);
    const nights = await earn2a(workspace, gate.policyHash);
    await nights.write("2026-11-21-aaaa", [started([], { policyHash: gate.policyHash })]);
    const refused = await workspace.call("promote", "2a");
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toContain("Night 2026-11-21-aaaa: it has no end");
    expect((await gateOf(workspace)).gate).toMatchObject({ met: true, ok: false });
  });
});

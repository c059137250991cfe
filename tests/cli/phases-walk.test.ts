import { expect, it, vi } from "vitest";
import type { WorkspaceGate } from "../../src/core/workspace-gate.ts";
import { CliWorkspace, type TaskSpec } from "../fixtures/cli-workspace.ts";

// A dozen nights and five drills, in containers.
vi.setConfig({ testTimeout: 900_000 });

/** As the phases have them, but for the lengths of nights and the numbers of phase 3: nobody has a week for a test. */
const SCALED = {
  reason: "The test walks through all phases within minutes",
  changes: {
    gate: { nightLength: "1m", tasksInNight: 2, lastTasks: 4, nightsInARow: 2 },
  },
};

const KINDS = ["add", "refactor", "test"] as const;
let count = 0;

/** One agent for all tasks: nights are compared under the same conditions. */
const CLIENTS = {
  worker: { kind: "command", command: ["sh", "-c", 'echo done > "note-$NIGHTWARDEN_TASK.txt"'] },
};

/** Tasks that nobody has had yet, each with a file of its own. */
function newTasks(number: number): TaskSpec[] {
  return Array.from({ length: number }, () => {
    count += 1;
    return {
      id: `task-${count}`,
      agent: { client: "worker" },
      kind: KINDS[count % 3] ?? "add",
    };
  });
}

async function gateOf(workspace: CliWorkspace): Promise<WorkspaceGate> {
  const { stdout } = await workspace.call("gates", "--json");
  return JSON.parse(stdout) as WorkspaceGate;
}

const unmetOf = (gate: WorkspaceGate): string[] =>
  gate.criteria.filter(({ met }) => !met).map(({ criterion }) => criterion);

/** Refused, and by what; nothing else than the phase is asked of the workspace. */
async function expectRefused(workspace: CliWorkspace, to: string, unmet: readonly string[]): Promise<void> {
  const refused = await workspace.call("promote", to, "--json");
  expect(refused.exitCode).toBe(3);
  expect(JSON.parse(refused.stdout)).toMatchObject({ ok: false, to, unmet });
}

async function expectPromoted(workspace: CliWorkspace, to: string): Promise<void> {
  expect(unmetOf(await gateOf(workspace))).toEqual([]);
  expect(await workspace.call("gates")).toMatchObject({ exitCode: 0 });
  const promoted = await workspace.call("promote", to);
  expect(promoted).toMatchObject({ exitCode: 0, stderr: "" });
  expect(promoted.stdout).toMatch(new RegExp(`^promoted from phase .* to ${to}$`, "m"));
  expect((await workspace.status()).phase).toBe(to);
}

/** A night that nobody watches: standard input is no terminal. */
async function nightAlone(workspace: CliWorkspace, number: number): Promise<void> {
  workspace.setTasks(newTasks(number));
  const { exitCode, stderr } = await workspace.call("run");
  expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
}

it("a workspace walks from phase 1 to phase 3 by what it has shown, and loses a phase by a guard that fails", async () => {
  const workspace = await CliWorkspace.create({ tasks: newTasks(5), policy: SCALED, clients: CLIENTS });

  // Phase 1: nobody is let alone, and five tasks of three kinds are not enough.
  expect(await workspace.call("run")).toMatchObject({ exitCode: 3 });
  expect(await workspace.night()).toMatchObject({ exitCode: 0 });
  const drills = ["dangerous-symbol", "failing-test", "forbidden-import", "two-failures"];
  await expectRefused(
    workspace,
    "2a",
    drills.map((drill) => `drill-${drill}`),
  );
  const drilled = await workspace.call("drill", "all");
  expect({ ...drilled, stdout: "", stderr: "" }).toMatchObject({ exitCode: 0 });
  await expectPromoted(workspace, "2a");

  // Phase 2a: three nights alone, and the Docker trial. The summary has the phase's own length beside the one that is asked for.
  for (const night of [1, 2, 3]) {
    await expectRefused(workspace, "2b", ["docker-trial", "nights"]);
    await nightAlone(workspace, 1);
    const nights = (await gateOf(workspace)).criteria.find(({ criterion }) => criterion === "nights");
    expect(nights).toMatchObject({ measured: night, needed: 3, sample: { of: night } });
  }
  expect((await workspace.summary()).loosened).toEqual([
    { key: "gate.nightLength", specified: "1h", used: "1m" },
  ]);
  expect(workspace.eventsOf("night.started")).toMatchObject([
    { phase: "2a", attended: false, windowMs: 3_600_000, purpose: "work" },
  ]);
  await expectRefused(workspace, "2b", ["docker-trial"]);
  expect(await workspace.call("drill", "docker")).toMatchObject({ exitCode: 0 });
  await expectPromoted(workspace, "2b");

  // Phase 2b: nights of phase 2a are no evidence any more; a mere folder is refused.
  workspace.setSandbox({ kind: "worktree" });
  workspace.setTasks(newTasks(1));
  expect(await workspace.call("run")).toMatchObject({ exitCode: 3 });
  workspace.setSandbox({ kind: "docker" });
  await expectRefused(workspace, "3", ["nights"]);
  for (let night = 0; night < 3; night += 1) await nightAlone(workspace, 1);
  await expectPromoted(workspace, "3");

  // Phase 3: complete after two nights at the level that this policy asks for.
  expect(unmetOf(await gateOf(workspace))).toEqual(["landed-share", "tasks-in-night", "nights-in-a-row"]);
  await nightAlone(workspace, 2);
  expect(unmetOf(await gateOf(workspace))).toEqual(["landed-share", "nights-in-a-row"]);
  await nightAlone(workspace, 2);
  const complete = await gateOf(workspace);
  expect(unmetOf(complete)).toEqual([]);
  expect(complete).toMatchObject({ ok: true, phase: "3", next: null, forced: [], gaps: [] });
  expect(await workspace.call("promote", "3")).toMatchObject({ exitCode: 3 });

  // A policy that switches a guard off: its drill finds out, and the phase is lost without anybody's doing.
  workspace.setPolicy({
    ...SCALED,
    changes: { ...SCALED.changes, checks: { levels: { "js-code-from-text": "off" } } },
  });
  expect(await workspace.call("drill", "dangerous-symbol")).toMatchObject({ exitCode: 3 });
  expect(await workspace.status()).toMatchObject({
    phase: "2b",
    demotion: { from: "3", to: "2b" },
  });
  const demoted = await gateOf(workspace);
  expect(demoted.entered?.what).toBe("demoted from phase 3 to 2b");
  expect(unmetOf(demoted)).toEqual(["nights"]);
  await expectRefused(workspace, "3", ["nights"]);
  await workspace.verifiedEvents();
});

import { expect, it } from "vitest";
import { gitTrap } from "../fixtures/cli-git-trap.ts";
import { cleanPerson, CliWorkspace, GO_ON, NODE_PROJECT } from "../fixtures/cli-workspace.ts";
import { git, temporaryFolder } from "../fixtures/git-repository.ts";

const notes = (name: string, text: string): string => `mkdir -p notes && echo '${text}' > notes/${name}.md\n`;

/** Every three landings. No task's own tests look at the notes; the full verification does. */
async function workspaceOf(): Promise<CliWorkspace> {
  return await CliWorkspace.create({
    repositories: { app: { ...NODE_PROJECT, fullVerify: ["node --test", "! grep -rl poison notes"] } },
    tasks: [
      { id: "first", agent: notes("first", "good") },
      { id: "bad", agent: notes("bad", "poison") },
      { id: "builds", dependsOn: ["bad"], agent: notes("builds", "good") },
      { id: "last", agent: notes("last", "good") },
    ],
    policy: { ...GO_ON, changes: { ...GO_ON.changes, checkpointEvery: 3 } },
  });
}

const expectAsIfNever = async (workspace: CliWorkspace): Promise<void> => {
  const summary = await workspace.summary();
  expect(summary.end).toBe("queue-empty");
  expect(Object.fromEntries(summary.tasks.map(({ id, result }) => [id, result]))).toEqual({
    first: "landed",
    bad: "failed",
    builds: "skipped",
    last: "landed",
  });
  expect(summary.checkpoints.map(({ result }) => result)).toEqual(["red", "green"]);
  expect(summary.revoked.map(({ task, role }) => [task, role])).toEqual([
    ["first", "innocent"],
    ["bad", "culprit"],
    ["builds", "dependent"],
  ]);
  expect(summary.repositories).toMatchObject([{ delivered: true, uncovered: 0, landed: 2 }]);
  expect(summary).toMatchObject({ leaks: [] });
  const branch = git(workspace.repository(), "for-each-ref", "--format=%(refname)", "refs/heads/nightwarden");
  expect(git(workspace.repository(), "ls-tree", "--name-only", branch, "notes/").split("\n")).toEqual([
    "notes/first.md",
    "notes/last.md",
  ]);
  expect(
    git(workspace.repository(), "log", "--reverse", "--format=%s", `main..${branch}`).split("\n"),
  ).toEqual(["Do first", "Do last"]);
};

it("a red checkpoint takes back what made it red, and what is good lands again, without its agent", async () => {
  const workspace = await workspaceOf();
  const night = await workspace.night();
  expect(night.exitCode).toBe(1);
  await expectAsIfNever(workspace);
  const agents = workspace.eventsOf("sandbox.started").filter(({ role }) => role === "agent");
  expect(agents.map(({ task }) => task)).toEqual(["first", "bad", "builds", "last"]);
  const text = await workspace.call("summary");
  expect(text.stdout).toContain(
    "Taken back by a checkpoint: first (landed again), bad (culprit), builds (dependent)",
  );
});

it.each([
  { what: "night's branch", call: "*update-ref\\ refs/heads/nightwarden/*", action: "kill-before" },
  { what: "night's branch", call: "*update-ref\\ refs/heads/nightwarden/*", action: "kill-after" },
  { what: "owner's branch", call: "*update-ref\\ --no-deref*", action: "kill-after" },
] as const)("kill -9 while the $what goes back ($action): the next run completes it, once", async (kill) => {
  const workspace = await workspaceOf();
  const base = git(workspace.repository(), "rev-parse", "main");
  const { env } = await cleanPerson(temporaryFolder());
  // Only what goes back is moved to the base.
  const trap = await gitTrap({
    call: `${kill.call}\\ ${base}\\ *`,
    action: kill.action,
    path: env["PATH"] ?? "",
  });
  trap.arm();
  const killed = workspace.start(["run", "--attended"], { env: { PATH: trap.path } });
  expect(await killed.ended).toMatchObject({ signal: "SIGKILL" });
  expect(trap.hasSprung()).toBe(true);
  const last = kill.what === "night's branch" ? "rollback.started" : "delivery.started";
  expect(workspace.events().at(-1)?.type).toBe(last);

  expect(await workspace.night()).toMatchObject({ exitCode: 1 });
  await expectAsIfNever(workspace);
  expect(workspace.eventsOf("rollback.finished")).toHaveLength(1);
  await workspace.verifiedEvents();
  expect(await workspace.leftovers()).toEqual([]);
});

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { bearsOwner } from "../../src/sandbox/worktree/enclosure-mark.ts";
import { findEnclosed } from "../../src/sandbox/worktree/process-table.ts";
import { ordinaryUser } from "../fixtures/cli-ordinary-user.ts";
import { CliWorkspace, GO_ON, NODE_PROJECT, PYTHON_PROJECT } from "../fixtures/cli-workspace.ts";
import { fingerprint, git } from "../fixtures/git-repository.ts";

it("an ordinary user who may use the engine has a night, on a path with spaces and letters beyond ASCII", async () => {
  const { uid, folder, person } = await ordinaryUser();
  expect(uid).not.toBe(0);
  const workspace = await CliWorkspace.create({
    parent: join(folder, "Projekte für heute Nacht"),
    person,
    repositories: { app: NODE_PROJECT, tally: PYTHON_PROJECT },
    tasks: [
      // What an agent closes to all others is taken nevertheless: nobody on the host has to own it, or to read it.
      {
        id: "one",
        agent: "id -u; umask 077; mkdir private; echo 1 > 'private/ünïcode file.txt'; chmod 0 private",
      },
      { id: "two", repo: "tally", agent: "sed -i 's/sum(numbers)/sum(numbers, 0)/' tally.py" },
    ],
  });
  // Git itself asks who a repository belongs to.
  const repositories = ["app", "tally"].map((name) => workspace.repository(name));
  const before = repositories.map((path) => fingerprint(path));

  const checked = await workspace.call("check");
  expect(checked.stdout).toContain("Ready: nightwarden run");
  expect(checked.exitCode).toBe(0);
  const { exitCode, stdout, stderr } = await workspace.night("--verbose");
  expect(stdout).toContain("2 of 2 tasks landed");
  expect(exitCode).toBe(0);
  expect(stderr).not.toContain(`one | ${uid}`);

  expect(repositories.map((path) => fingerprint(path))).toEqual(before);
  expect(await workspace.leftovers()).toEqual([]);
  const [app = "", tally = ""] = repositories;
  const asRoot = ["-c", "safe.directory=*", "-c", "core.quotePath=false"];
  const range = `main..${workspace.branch()}`;
  expect(git(app, ...asRoot, "diff", "--numstat", range)).toBe("1\t0\tprivate/ünïcode file.txt");
  expect(git(tally, ...asRoot, "diff", "--numstat", range)).toBe("1\t1\ttally.py");
  const branch = statSync(join(app, ".git/refs/heads", workspace.branch()));
  expect(branch.uid).toBe(uid);
  // Nothing that root has to clean up, and nothing that other users can read.
  const state = join(workspace.folder, ".nightwarden");
  for (const entry of readdirSync(state, { recursive: true, withFileTypes: true })) {
    expect([entry.name, statSync(join(entry.parentPath, entry.name)).uid]).toEqual([entry.name, uid]);
  }
  expect(statSync(state).mode & 0o777).toBe(0o700);
  expect((await workspace.summary()).tasks.map(({ result }) => result)).toEqual(["landed", "landed"]);
  await workspace.verifiedEvents();
});

it("an ordinary user has a night in worktree sandboxes: what an agent closes to itself is refused by name, and all of it goes", async () => {
  const { uid, folder, person } = await ordinaryUser();
  const workspace = await CliWorkspace.create({
    parent: join(folder, "Projekte für heute Nacht"),
    person,
    sandbox: { kind: "worktree" },
    policy: GO_ON,
    tasks: [
      { id: "one", agent: "id -u; echo 1 > one.txt; setsid env -i sleep 600 >/dev/null 2>&1 &" },
      { id: "closed", agent: "mkdir private; echo 1 > private/file; chmod 0 private/file private" },
      { id: "dark", agent: "echo 1 > dark.txt; chmod 0 dark.txt" },
    ],
  });
  const before = fingerprint(workspace.repository());
  const { stderr } = await workspace.night("--verbose");
  expect(stderr).toContain(`one | ${uid}`);
  expect(await workspace.results()).toEqual({
    one: "landed",
    closed: "check-blocked",
    dark: "check-blocked",
  });
  const refused = workspace.eventsOf("capture.finished").flatMap((each) => each.refused);
  expect(refused).toEqual([
    { path: "private", reason: "the folder cannot be read (EACCES)" },
    { path: "dark.txt", reason: "cannot be read (EACCES)" },
  ]);
  expect(workspace.eventsOf("probe.finished").find(({ probe }) => probe === "isolation")?.verdict).toBe("ok");
  expect(fingerprint(workspace.repository())).toEqual(before);
  expect(await findEnclosed(({ mark }) => bearsOwner(mark, workspace.id() ?? "none"))).toEqual([]);
  const worktrees = join(workspace.folder, ".nightwarden/worktrees", workspace.id() ?? "none");
  expect(readdirSync(worktrees)).toEqual([]);
  await workspace.verifiedEvents();
});

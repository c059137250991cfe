import { expect, it } from "vitest";
import { CliWorkspace, GO_ON, NODE_PROJECT } from "../fixtures/cli-workspace.ts";
import { git } from "../fixtures/git-repository.ts";

/** Appends lines to a file of the tree. */
const appends = (path: string, ...lines: readonly string[]): string =>
  `cat >> ${path} <<'END'\n${lines.join("\n")}\nEND\n`;

const HONEST = appends("src/add.mjs", "export const twice = (a) => add(a, a);");
const DANGEROUS = appends(
  "src/add.mjs",
  "const run = globalThis['ev' + 'al'];",
  "export const calc = (text) => run(text);",
);
const UNDECLARED = appends("src/add.mjs", 'import pad from "left-pad-extra";', "export const padded = pad;");
const BROKEN = "sed -i 's/a + b/a - b/' src/add.mjs\n";

const branchSubjects = (workspace: CliWorkspace): string[] => {
  const folder = workspace.repository();
  const branch = git(folder, "for-each-ref", "--format=%(refname)", "refs/heads/nightwarden");
  return branch === ""
    ? []
    : git(folder, "log", "--format=%s", `main..${branch}`).split("\n").filter(Boolean);
};

it.each([
  {
    what: "a dangerous symbol under another name",
    agent: DANGEROUS,
    reason: "check-blocked",
    finding: { rule: "js-code-from-text", level: "block", path: "src/add.mjs", line: 3 },
  },
  {
    what: "an import that nothing declares",
    agent: UNDECLARED,
    reason: "check-blocked",
    finding: { rule: "js-undeclared-import", level: "block", path: "src/add.mjs", line: 3 },
  },
  { what: "a failing test", agent: BROKEN, reason: "verify-failed", finding: undefined },
])(
  "in phase 1 $what stops the night and leaves no trace on the branch",
  async ({ agent, reason, finding }) => {
    const workspace = await CliWorkspace.create({
      tasks: [
        { id: "good", agent: HONEST },
        { id: "bad", agent },
        { id: "never", agent: HONEST },
      ],
    });
    const night = await workspace.night();
    expect(night.exitCode).toBe(4);
    expect(await workspace.results()).toMatchObject({ good: "landed", bad: reason });
    expect(branchSubjects(workspace)).toHaveLength(1);
    const summary = await workspace.summary();
    expect(summary.end).toBe("first-failure");
    const [, bad, never] = summary.tasks;
    expect(never).toMatchObject({ attempts: 0, result: "not-started" });
    if (finding) {
      expect(bad?.findings).toContainEqual(expect.objectContaining(finding));
      const text = await workspace.call("summary", "--markdown");
      expect(text.stdout).toContain("`src/add.mjs:3`");
      // The verify commands never saw it.
      expect(workspace.eventsOf("verify.started").filter(({ task }) => task === "bad")).toEqual([]);
    }
    expect(git(workspace.repository(), "status", "--porcelain")).toBe("");
  },
);

it("two failures in a row stop everything where a policy goes on after one, each told by its own cause", async () => {
  const workspace = await CliWorkspace.create({
    policy: GO_ON,
    tasks: [
      { id: "a", agent: BROKEN },
      { id: "b", agent: HONEST },
      { id: "c", agent: DANGEROUS },
      { id: "d", agent: UNDECLARED },
      { id: "e", agent: HONEST },
    ],
  });
  const night = await workspace.night();
  expect(night.exitCode).toBe(4);
  expect(await workspace.results()).toMatchObject({
    a: "verify-failed",
    b: "landed",
    c: "check-blocked",
    d: "check-blocked",
  });
  const summary = await workspace.summary();
  expect(summary.end).toBe("breaker");
  expect(summary.tasks.at(-1)).toMatchObject({ id: "e", attempts: 0 });
  expect(branchSubjects(workspace)).toHaveLength(1);
});

it("the same changes land where the plan grants them to the task: control", async () => {
  const workspace = await CliWorkspace.create({
    repositories: { app: { ...NODE_PROJECT, verify: ["true"] } },
    tasks: [
      { id: "calc", agent: DANGEROUS, grants: { rules: ["js-code-from-text", "js-obfuscated"] } },
      { id: "pad", agent: UNDECLARED, grants: { imports: ["left-pad-extra"] } },
    ],
  });
  const night = await workspace.night();
  expect(await workspace.results()).toEqual({ calc: "landed", pad: "landed" });
  expect(night.exitCode).toBe(0);
  const [checked] = workspace.eventsOf("checks.finished");
  expect(checked?.findings).toContainEqual(
    expect.objectContaining({ rule: "js-code-from-text", level: "warn" }),
  );
});

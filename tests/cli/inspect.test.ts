import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startProgram, type Ended } from "../fixtures/cli-process.ts";
import { cleanPerson } from "../fixtures/cli-workspace.ts";
import { commitFiles, fingerprint, makeRepository, temporaryFolder } from "../fixtures/git-repository.ts";

/** A repository with a good change and, after it, one that has code nobody can read. */
async function inspected() {
  const parent = temporaryFolder();
  const app = makeRepository({ "src/a.py": "x = 1\n" });
  const good = commitFiles(app, { "src/a.py": "x = 2\n" }, "Good");
  const bad = commitFiles(app, { "src/b.py": "y = 1\0\n", "logo.bin": "a\0" }, "Bad");
  const { launcher, env } = await cleanPerson(join(parent, "person"));
  const call = async (...args: readonly string[]): Promise<Ended> =>
    await startProgram({ file: launcher, args: ["inspect", ...args], cwd: parent, env }).ended;
  return { app, good, bad, call };
}

describe("inspect", () => {
  it("ends with 0 for a change in which nothing blocks, and with 1 and each finding's place for another", async () => {
    const { app, good, bad, call } = await inspected();
    const before = fingerprint(app);
    const fine = await call(`${good}~1..${good}`, "--repo", app);
    expect(fine).toMatchObject({
      exitCode: 0,
      stdout: "1 file changed: nothing found\nWhat it is made of: 1 source (+1 -1 lines)\n",
    });
    const blocked = await call(`${good}..${bad}`, "--repo", app);
    expect(blocked.stdout).toContain("block  src/b.py: Nothing is known of this file");
    expect(blocked.stdout).toContain("2 files changed: 1 block, 1 warn, 0 info");
    expect(blocked.exitCode).toBe(1);
    expect(fingerprint(app)).toEqual(before);
  });

  it("prints one object with --json, and takes a base alone up to HEAD", async () => {
    const { app, good, call } = await inspected();
    const ended = await call(good, "--repo", app, "--json");
    expect(JSON.parse(ended.stdout)).toMatchObject({
      version: 1,
      base: good,
      head: "HEAD",
      ok: false,
      findings: [
        { rule: "unreadable-code", level: "block", path: "src/b.py", line: null, excerpt: null },
        { rule: "binary-file", level: "warn", path: "logo.bin" },
      ],
      unlisted: 0,
    });
    expect(ended.exitCode).toBe(1);
  });

  it("explains a rule: why it is there, an example, and how to allow it", async () => {
    const { call } = await inspected();
    const told = await call("--explain", "unreadable-code");
    expect(told.exitCode).toBe(0);
    expect(told.stdout).toMatch(/^unreadable-code \(block, unreadable\)\n/);
    expect(told.stdout).toContain("To allow it: ");
    const unknown = await call("--explain", "no-such-rule");
    expect(unknown).toMatchObject({ exitCode: 2 });
    expect(unknown.stderr).toContain('there is no rule "no-such-rule"');
    const mistyped = await call("--explain", "unreadble-code");
    expect(mistyped.exitCode).toBe(2);
    expect(mistyped.stderr).toContain('Did you mean "unreadable-code"?');
  });

  it("refuses a range that is none, and a commit that is not there, with a hint", async () => {
    const { app, call } = await inspected();
    const none = await call("--repo", app);
    expect(none.exitCode).toBe(2);
    expect(none.stderr).toContain(
      "hint: Name two commits or branches, such as: nightwarden inspect main..HEAD",
    );
    const unknown = await call("nowhere..HEAD", "--repo", app);
    expect(unknown.exitCode).toBe(3);
    expect(unknown.stderr).toContain('"nowhere" is neither a branch nor a commit');
  });

  it("reads the policy of the workspace that it is called in", async () => {
    const { app, good, bad, call } = await inspected();
    const workspace = temporaryFolder();
    const write = (name: string, value: object): void =>
      writeFileSync(join(workspace, name), JSON.stringify(value));
    write("nightwarden.yaml", {
      version: 1,
      policy: "policy.yaml",
      repositories: { app: { path: app, verify: ["true"] } },
      agents: { script: { kind: "command", command: ["true"] } },
    });
    write("policy.yaml", {
      reason: "binary sources are ordinary in this project",
      changes: { checks: { levels: { "unreadable-code": "warn" } } },
    });
    write("tasks.yaml", { version: 1, tasks: [{ id: "one", title: "One", prompt: "Do it", kind: "add" }] });
    const ended = await startWith(call, `${good}..${bad}`, app, workspace);
    expect(ended.stdout).toContain("2 files changed: 0 block, 2 warn, 0 info");
    expect(ended.exitCode).toBe(0);
  });
});

async function startWith(
  call: (...args: readonly string[]) => Promise<Ended>,
  range: string,
  app: string,
  workspace: string,
): Promise<Ended> {
  return await call(range, "--repo", app, "--workspace", workspace);
}

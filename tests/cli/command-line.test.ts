import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startProgram, type Ended } from "../fixtures/cli-process.ts";
import { cleanPerson, CliWorkspace } from "../fixtures/cli-workspace.ts";
import { temporaryFolder } from "../fixtures/git-repository.ts";

/** Commands that are groups, and theirs. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  drill: ["containment"],
  image: ["build"],
  ops: ["macos-profile", "macos-pf"],
};

async function call(...args: readonly string[]): Promise<Ended> {
  const folder = temporaryFolder();
  const { launcher, env } = await cleanPerson(folder);
  return await startProgram({ file: launcher, args, cwd: folder, env }).ended;
}

describe("the command line", () => {
  it("says its version, which is the package's", async () => {
    const file = join(import.meta.dirname, "../../package.json");
    const { version } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
    const said = { exitCode: 0, stdout: `${version}\n`, stderr: "" };
    expect(await call("--version")).toMatchObject(said);
    expect(await call("-V")).toMatchObject(said);
  });

  it("has help with an example for every command that it lists", async () => {
    const { stdout, exitCode } = await call("--help");
    expect(exitCode).toBe(0);
    const commands = [...stdout.split("Commands:")[1]!.matchAll(/^ {2}([a-z]+)/gm)]
      .map(([, name]) => name!)
      .filter((name) => name !== "help");
    expect(commands).toEqual(
      expect.arrayContaining(["init", "check", "run", "status", "summary", "deliver", "rerun"]),
    );
    expect(commands).toEqual(expect.arrayContaining(Object.keys(GROUPS)));
    const all = commands.flatMap((name) => GROUPS[name]?.map((inner) => [name, inner]) ?? [[name]]);
    for (const command of all) {
      const help = await call(...command, "--help");
      expect(help.exitCode).toBe(0);
      expect(help.stderr).toBe("");
      expect(help.stdout).toContain(`Usage: nightwarden ${command.join(" ")}`);
      expect(help.stdout).toMatch(/Example:\n {2}\$ .*nightwarden /);
    }
  });

  it("does nothing on a system where it does not run, whatever is asked, exit code 3", async () => {
    const folder = temporaryFolder();
    const { env } = await cleanPerson(folder);
    // Node itself is told that it is on another system, before the program begins; the program has no switch for it.
    const on = async (platform: string, ...args: readonly string[]): Promise<Ended> => {
      const preload = `Object.defineProperty(process,"platform",{value:${JSON.stringify(platform)}})`;
      const main = join(import.meta.dirname, "../../dist/main.js");
      const nodeArgs = ["--import", `data:text/javascript,${encodeURIComponent(preload)}`, main, ...args];
      return await startProgram({ file: process.execPath, args: nodeArgs, cwd: folder, env }).ended;
    };
    for (const args of [
      ["doctor"],
      ["run", "--attended"],
      ["--help"],
      ["--version"],
      ["no-such-command"],
      [],
    ]) {
      const { exitCode, stdout, stderr } = await on("win32", ...args);
      expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "" });
      expect(stderr).toBe(
        "nightwarden: Nightwarden does not run on Windows itself\n" +
          "hint: use it inside WSL, with an engine that has a socket there: docs/platforms.md\n",
      );
    }
    expect(await on("freebsd", "--version")).toMatchObject({ exitCode: 3, stdout: "" });
    // Control: the same way of starting it, on the system that it is.
    expect(await on(process.platform, "--version")).toMatchObject({ exitCode: 0, stderr: "" });
  });

  it("prints what a Mac's setup needs, and refuses a path or a user that does not fit, exit code 2", async () => {
    const tree = '/srv/a "tree"';
    const profile = await call("ops", "macos-profile", "--writable", tree, "/srv/home", "--port", "8402");
    expect(profile).toMatchObject({ exitCode: 0, stderr: "" });
    expect(profile.stdout).toContain('(subpath "/srv/a \\"tree\\"")\n  (subpath "/srv/home"))');
    const pf = await call("ops", "macos-pf", "--slot", "_nightwarden0:8402", "_nightwarden1");
    expect(pf).toMatchObject({ exitCode: 0, stderr: "" });
    expect(pf.stdout).toContain("port 8402 user _nightwarden0\n");
    for (const [args, why] of [
      [["macos-profile", "--writable", "/tmp/x", "--port", "8402"], "goes through /tmp, a link"],
      [["macos-profile", "--writable", "/srv/x"], "has one way out"],
      [["macos-profile", "--writable", "/srv/x", "--port", "1e4"], "is not a port"],
      [["macos-profile", "--writable", "/srv/x", "--port", "8402", "--socket", "/srv/s"], "has one way out"],
      [["macos-profile", "--port", "8402"], "required option '--writable"],
      [["macos-pf", "--slot", "root"], "is not the name of a hidden user"],
      [["macos-pf", "--slot", "_a:8402:1"], "is not a port"],
      [["macos-pf", "--slot", "_a:"], "is not a port"],
    ] as const) {
      const { exitCode, stdout, stderr } = await call("ops", ...args);
      expect(stderr).toContain(why);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    }
  });

  it.each([
    [["statu"], "Did you mean status?"],
    [["run", "--atended"], "Did you mean --attended?"],
    [["summary", "--markdwon"], "Did you mean --markdown?"],
    [["deliver"], "missing required argument 'night'"],
    [["rerun"], "missing required argument 'task'"],
    [["summary", "one", "two"], "too many arguments"],
  ])("%j is an error of usage, exit code 2, with what was meant", async (args, meant) => {
    const { exitCode, stdout, stderr } = await call(...args);
    expect(stderr).toContain(meant);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  });

  it("without a workspace says where one is looked for, exit code 2", async () => {
    for (const args of [["check"], ["run"], ["status"], ["summary"], ["rerun", "x"], ["image", "build"]]) {
      const { exitCode, stderr } = await call(...args);
      expect(stderr).toContain("there is no nightwarden.yaml in");
      expect(stderr).toContain("nightwarden init");
      expect(exitCode).toBe(2);
    }
  });

  it("before the first night says so, and what starts one", async () => {
    const workspace = await CliWorkspace.create({ tasks: [{ id: "one", agent: "true" }] });
    const summary = await workspace.call("summary");
    expect(summary).toMatchObject({ exitCode: 2, stdout: "" });
    expect(summary.stderr).toContain("there was no night yet");
    const status = await workspace.call("status");
    expect(status).toMatchObject({ exitCode: 0, stderr: "" });
    expect(status.stdout).toContain("Start one with: nightwarden run");
    expect(await workspace.status()).toMatchObject({ activity: "idle", night: null, queue: { open: 1 } });
  });
});

describe("what a night did", () => {
  it("is told as text, Markdown and JSON, on standard output, from any folder", async () => {
    const workspace = await CliWorkspace.create({
      tasks: [
        { id: "one", title: "Write the first file", agent: "echo 1 > one.txt" },
        { id: "two", title: "Change nothing", agent: "true" },
      ],
    });
    const night = await workspace.night("--json");
    expect(night.exitCode).toBe(4);
    const summary = await workspace.summary();
    expect(JSON.parse(night.stdout)).toEqual(summary);
    expect(summary).toMatchObject({
      version: 1,
      attended: true,
      phase: "1",
      isolation: "docker",
      end: "first-failure",
      counts: { total: 2, landed: 1, failed: 1 },
      leftovers: 0,
    });
    const branch = `nightwarden/${summary.night}`;

    const elsewhere = { cwd: temporaryFolder() };
    const from = ["-C", workspace.folder];
    const text = await workspace.start([...from, "summary"], elsewhere).ended;
    expect(text).toMatchObject({ exitCode: 0, stderr: "" });
    for (const words of [summary.night, "1 of 2 tasks landed, 1 failed", "Nothing changed", branch])
      expect(text.stdout).toContain(words);
    const markdown = await workspace.start([...from, "summary", "--markdown", summary.night], elsewhere)
      .ended;
    expect(markdown).toMatchObject({ exitCode: 0, stderr: "" });
    expect(markdown.stdout).toMatch(new RegExp(`^# Night ${summary.night}\n`));
    expect(markdown.stdout).toContain("- **landed** `one` Write the first file");
    const status = await workspace.start([...from, "status"], elsewhere).ended;
    expect(status).toMatchObject({ exitCode: 0, stderr: "" });
    expect(status.stdout).toContain("Queue: 0 to do, 1 landed, 1 failed");
    expect(await workspace.status()).toMatchObject({
      activity: "idle",
      owner: null,
      tasks: [
        { id: "one", place: "landed" },
        { id: "two", place: "failed" },
      ],
    });

    const unknown = await workspace.call("summary", "2001-01-01-abcd");
    expect(unknown).toMatchObject({ exitCode: 2, stdout: "" });
    expect(unknown.stderr).toContain('there is no night "2001-01-01-abcd"');
    expect(unknown.stderr).toContain(`the last ones: ${summary.night}`);
    expect((await workspace.call("deliver", "nonsense")).exitCode).toBe(2);
  });

  it("goes on without a reader: a closed pipe ends neither a summary nor a night", async () => {
    const workspace = await CliWorkspace.create({ tasks: [{ id: "one", agent: "echo 1 > one.txt" }] });
    const night = workspace.start(["run", "--attended", "--verbose"]);
    await workspace.waitForEvent(night, "night.started");
    night.closeOutputs();
    expect(await night.ended).toMatchObject({ exitCode: 0, signal: null });
    expect(await workspace.results()).toEqual({ one: "landed" });
    for (const args of [["summary"], ["summary", "--json"], ["status"], ["--help"], ["check"]]) {
      const unread = workspace.start(args);
      unread.closeOutputs();
      expect(await unread.ended).toMatchObject({ exitCode: 0, signal: null });
    }
  });
});

import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkLeftovers, watchContainers } from "../fixtures/cli-engine.ts";
import { startProgram, type Ended } from "../fixtures/cli-process.ts";
import { cleanPerson, CliWorkspace, NODE_PROJECT, type RepositorySpec } from "../fixtures/cli-workspace.ts";
import { fingerprint, git, temporaryFolder, writeFiles } from "../fixtures/git-repository.ts";

/** A person with a project, who has not heard of workspaces yet. */
async function newcomer(files = NODE_PROJECT.files) {
  const parent = temporaryFolder();
  const app = join(parent, "app");
  mkdirSync(app);
  git(app, "init", "--quiet", "-b", "main");
  writeFiles(app, files);
  git(app, "add", "--all");
  git(app, "commit", "--quiet", "-m", "Start");
  const { launcher, env } = await cleanPerson(join(parent, "person"));
  const call = async (cwd: string, ...args: readonly string[]): Promise<Ended> => {
    mkdirSync(cwd, { recursive: true });
    return await startProgram({ file: launcher, args, cwd, env }).ended;
  };
  return { parent, app, call };
}

describe("init", () => {
  it("beside a repository writes files that check accepts and run lands, once the test command is filled in", async () => {
    const { app, parent, call } = await newcomer({ "notes.txt": "hello\n" });
    const before = fingerprint(app);
    const folder = join(parent, "app-night");
    const made = await call(folder, "init");
    expect(made.stderr).toBe("");
    expect(made.stdout).toContain("wrote nightwarden.yaml and tasks.yaml for app");
    expect(made.exitCode).toBe(0);
    expect(readdirSync(folder).toSorted()).toEqual([".nightwarden", "nightwarden.yaml", "tasks.yaml"]);

    // As long as nothing tests the project, nothing may land there.
    const untested = await call(folder, "run", "--attended");
    expect(untested.stderr).toContain("write the test command of app into nightwarden.yaml");
    expect(untested.exitCode).toBe(3);

    const path = join(folder, "nightwarden.yaml");
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace(/verify: \[.*\]/, 'verify: ["grep -q hello notes.txt"]'));
    const checked = await call(folder, "check");
    expect(checked.stdout).toContain("Ready: nightwarden run");
    expect(checked.exitCode).toBe(0);
    const night = await call(folder, "run", "--attended");
    expect(night.stdout).toContain("1 of 1 task landed");
    expect(night.exitCode).toBe(0);
    expect(fingerprint(app)).toEqual(before);
    const branch = git(app, "for-each-ref", "--format=%(refname)", "refs/heads/nightwarden");
    expect(git(app, "show", `${branch}:NIGHTWARDEN-NOTES.md`)).toBe("Nightwarden was here.");
  });

  it("recognises a Node project and its tests: nothing is left to fill in", async () => {
    const { parent, call } = await newcomer();
    const folder = join(parent, "night");
    expect(await call(folder, "init", "--repo", "../app")).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(folder, "nightwarden.yaml"), "utf8")).toContain("node --test");
    expect(await call(folder, "check")).toMatchObject({ exitCode: 0 });
  });

  it("inside a repository is refused, for its agents would see their own orders", async () => {
    const { app, call } = await newcomer();
    const before = fingerprint(app);
    const ended = await call(join(app, "src"), "init");
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain("is inside the repository");
    expect(ended.stderr).toContain("hint: make the workspace beside it");
    expect(fingerprint(app)).toEqual(before);
  });

  it("never overwrites without --force, and names what is there", async () => {
    const { parent, call } = await newcomer();
    const folder = join(parent, "night");
    mkdirSync(folder);
    writeFileSync(join(folder, "tasks.yaml"), "mine\n");
    const refused = await call(folder, "init");
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain("tasks.yaml exists already; nothing was written");
    expect(readdirSync(folder)).toEqual(["tasks.yaml"]);
    expect(readFileSync(join(folder, "tasks.yaml"), "utf8")).toBe("mine\n");
    expect(await call(folder, "init", "--force")).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(folder, "tasks.yaml"), "utf8")).toContain("tasks:");
  });

  it("says what to do where there is no repository, or where a named one is none", async () => {
    const { parent, call } = await newcomer();
    const alone = await call(join(parent, "far/away"), "init");
    expect(alone.exitCode).toBe(2);
    expect(alone.stderr).toContain("hint: name one: nightwarden init --repo ../app");
    const wrong = await call(join(parent, "far"), "init", "--repo", "nowhere");
    expect(wrong.exitCode).toBe(2);
    expect(wrong.stderr).toContain("nowhere is no git repository");
    expect(existsSync(join(parent, "far/nightwarden.yaml"))).toBe(false);
  });
});

const TASK = { id: "one", agent: "echo 1 > one.txt" };

describe("check", () => {
  it("looks at everything, starts no agent and leaves nothing behind", async () => {
    const workspace = await CliWorkspace.create({ tasks: [TASK] });
    const before = fingerprint(workspace.repository());
    const made = await watchContainers();
    const { exitCode, stdout } = await workspace.call("check", "--json");
    expect(exitCode).toBe(0);
    const report = JSON.parse(stdout) as { ok: boolean; checks: { subject: string; verdict: string }[] };
    expect(report.ok).toBe(true);
    // How old the programs are depends on where the tests run; that they are looked at does not.
    const isVersion = ({ subject }: { readonly subject: string }): boolean =>
      subject.startsWith("version of ");
    expect(report.checks.filter(isVersion).map(({ subject }) => subject)).toEqual(
      expect.arrayContaining(["version of engine", "version of runc", "version of git"]),
    );
    const others = report.checks.filter((line) => !isVersion(line));
    expect(others.map(({ subject, verdict }) => [subject, verdict])).toEqual([
      ["files", "ok"],
      ["repository app", "ok"],
      ["checks", "ok"],
      ["engine", "ok"],
      ["image of app", "ok"],
    ]);
    const own = (await made()).filter(({ workspace: label }) => label.startsWith("check-"));
    expect(own.map(({ role }) => role)).toContain("verify");
    expect(own.map(({ role }) => role)).not.toContain("agent");
    // Checks of other tests may be under way.
    await expect.poll(checkLeftovers, { timeout: 30_000 }).toEqual([]);
    expect(fingerprint(workspace.repository())).toEqual(before);
    expect(workspace.journals()).toEqual([]);

    // Control: a night does start one, and the watch sees it.
    const madeAtNight = await watchContainers();
    expect(await workspace.night()).toMatchObject({ exitCode: 0 });
    const roles = (await madeAtNight()).filter((each) => each.workspace === workspace.id());
    expect(roles.map(({ role }) => role)).toContain("agent");
  });

  it("refuses a verify command whose program is not in the image, by name", async () => {
    const workspace = await CliWorkspace.create({
      repositories: { app: { ...NODE_PROJECT, verify: ["node --test", "no-such-runner --all"] } },
      tasks: [TASK],
    });
    const { exitCode, stdout } = await workspace.call("check");
    expect(exitCode).toBe(3);
    expect(stdout).toContain('a verify command starts "no-such-runner", which is not in the image');
    expect(stdout).toContain("hint: add it: packages, dockerfile or image in nightwarden.yaml");
    expect(stdout).not.toContain('"node"');
    expect(stdout).toContain("The night would be refused.");
  });

  it("refuses an engine that does not answer, and names every place that was tried; so does run", async () => {
    const workspace = await CliWorkspace.create({ tasks: [TASK] });
    const env = { DOCKER_HOST: `unix://${workspace.folder}/dead.sock` };
    const checked = await workspace.start(["check"], { env }).ended;
    expect(checked.exitCode).toBe(3);
    expect(checked.stdout).toMatch(/refused {2}engine: .*DOCKER_HOST/s);
    expect(checked.stdout).toContain(env.DOCKER_HOST);
    const night = await workspace.start(["run", "--attended"], { env }).ended;
    expect(night.exitCode).toBe(3);
    expect(night.stderr).toContain(env.DOCKER_HOST);
    expect(night.stderr).toContain("hint:");
    expect(workspace.journals()).toEqual([]);
    const { exitCode, stderr } = await workspace.start(["image", "build"], { env }).ended;
    expect({ exitCode, names: stderr.includes(env.DOCKER_HOST) }).toEqual({ exitCode: 3, names: true });
  });

  it("refuses broken repositories, each with what is wrong; run refuses them as well", async () => {
    const broken: Readonly<Record<string, RepositorySpec>> = {
      lfs: { ...NODE_PROJECT, files: { ".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n" } },
      empty: NODE_PROJECT,
      foreign: NODE_PROJECT,
      sound: NODE_PROJECT,
    };
    const workspace = await CliWorkspace.create({ repositories: broken, tasks: [TASK] });
    git(workspace.repository("empty"), "update-ref", "-d", "refs/heads/main");
    // Only root can give a folder away; tests/git covers the rest of that.
    const isRoot = process.getuid?.() === 0;
    if (isRoot) chownSync(join(workspace.repository("foreign"), ".git"), 12_345, 12_345);
    const { exitCode, stdout } = await workspace.call("check", "--json");
    expect(exitCode).toBe(3);
    const { ok, checks } = JSON.parse(stdout) as {
      ok: boolean;
      checks: { subject: string; verdict: string; message: string; hint?: string }[];
    };
    expect(ok).toBe(false);
    const refused = checks.filter(({ verdict }) => verdict === "refused");
    expect(refused.map(({ subject }) => subject)).toEqual([
      "repository lfs",
      "repository empty",
      ...(isRoot ? ["repository foreign"] : []),
    ]);
    for (const { hint } of refused) expect(hint).toMatch(/\w/);
    expect(refused[0]?.message).toContain("Git LFS");
    const night = await workspace.night();
    expect(night.exitCode).toBe(3);
    for (const { message } of refused) expect(night.stderr).toContain(message);
    expect(workspace.journals()).toEqual([]);
  });

  it("has no image to build where image build has built them", async () => {
    const workspace = await CliWorkspace.create({ tasks: [TASK] });
    const first = await workspace.call("image", "build");
    expect(first.exitCode).toBe(0);
    expect(first.stdout).toMatch(/^collector: sha256:[0-9a-f]{12} from /);
    const { exitCode, stdout, stderr } = await workspace.call("image", "build", "--json");
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const { images } = JSON.parse(stdout) as { images: { for: string; id: string; built: boolean }[] };
    expect(images.map((image) => [image.for, image.built])).toEqual([
      ["collector", false],
      ["app", false],
    ]);
    expect(await workspace.night()).toMatchObject({ exitCode: 0 });
    expect(workspace.eventsOf("image.ready").map(({ image, built }) => [image, built])).toEqual([
      [images[1]?.id, false],
    ]);
  });

  it("lists every problem of all files with its place, and starts nothing", async () => {
    const workspace = await CliWorkspace.create({ tasks: [TASK] });
    workspace.write("tasks.yaml", {
      version: 1,
      tasks: [
        { id: "one", title: "One", prompt: "One.", kind: "ad", repo: "appp" },
        { id: "one", title: "One", prompt: "One.", kind: "add", dependsOn: ["two"] },
      ],
    });
    for (const args of [["check"], ["run", "--attended"], ["status"], ["rerun", "one"], ["image", "build"]]) {
      const { exitCode, stderr, stdout } = await workspace.call(...args);
      expect(exitCode).toBe(2);
      expect(stdout).toBe("");
      expect(stderr).toMatch(/[4-9] problems; nothing was started/);
      expect(stderr.match(/^tasks\.yaml:\d+:\d+/gm)?.length).toBeGreaterThanOrEqual(4);
    }
    expect(workspace.id()).toBeUndefined();
  });
});

import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { startProgram } from "../fixtures/cli-process.ts";
import { watchContainers } from "../fixtures/cli-engine.ts";
import { CliWorkspace, GO_ON } from "../fixtures/cli-workspace.ts";
import { fingerprint, git, temporaryFolder } from "../fixtures/git-repository.ts";
import { processesWith } from "../fixtures/host-processes.ts";
import { installedProgram } from "../fixtures/installed-program.ts";
import { launcherRoot, leftOfLauncher } from "../fixtures/launcher-root.ts";

const USER = { kind: "user" };
const GAP = "user: the kernel, and files that everybody may read, are shared with it";
const writes = (name: string): string => `echo 'export const made = "${name}";' > src/${name}.mjs`;

describe("a night as users of their own", () => {
  it("lands what passes, rolls back what does not, touches no engine, and names itself everywhere", async () => {
    const root = launcherRoot();
    const env = { NIGHTWARDEN_LAUNCHER_ROOT: root, DOCKER_HOST: "unix:///nowhere/docker.sock" };
    const containers = await watchContainers();
    const word = `daemon-of-${root.slice(-6)}`;
    const workspace = await CliWorkspace.create({
      sandbox: USER,
      policy: GO_ON,
      tasks: [
        { id: "one", agent: writes("one") },
        { id: "breaks", agent: "echo 'export const add = () => 0;' > src/add.mjs" },
        {
          id: "two",
          agent: `(setsid sh -c 'sleep 600; : ${word}' &) ; ${writes("two")}; id -u; cut -d: -f1 -s /proc/net/dev`,
        },
      ],
    });
    const before = fingerprint(workspace.repository());
    const night = await workspace.start(["run", "--attended", "--verbose"], { env }).ended;

    expect(await workspace.results()).toEqual({ one: "landed", breaks: "verify-failed", two: "landed" });
    expect(night.exitCode).toBe(1);
    expect(night.stderr).toContain("two | 70001");
    expect(night.stderr).toMatch(/two \| +lo$/m);
    expect(night.stdout).toContain(`\n${GAP}\n`);
    expect(fingerprint(workspace.repository())).toEqual(before);
    expect(git(workspace.repository(), "diff", "--name-only", `main..${workspace.branch()}`)).toBe(
      "src/one.mjs\nsrc/two.mjs",
    );
    expect(workspace.eventsOf("night.started")[0]).toMatchObject({ isolation: "user" });
    const probes = workspace.eventsOf("probe.finished");
    expect(probes.find(({ probe }) => probe === "isolation")).toMatchObject({
      subject: "user",
      verdict: "ok",
    });
    expect(probes.filter(({ subject }) => subject === "engine" || subject === "docker")).toEqual([]);
    const checks = workspace.eventsOf("sandbox.started").map(({ selfCheck }) => selfCheck);
    expect(checks.length).toBeGreaterThan(4);
    for (const check of checks)
      expect(check).toMatchObject({ interfaces: ["lo"], seccomp: 2, rootReadOnly: true });
    expect(await workspace.summary()).toMatchObject({ isolation: "user", isolationGap: GAP });
    expect(processesWith(word)).toEqual([]);
    expect(leftOfLauncher(root)).toEqual([]);
    expect((await containers()).filter(({ workspace: owner }) => owner === workspace.id())).toEqual([]);
    await workspace.verifiedEvents();
  });

  it("is what auto falls back to where that is written, and there is no engine", async () => {
    const env = { NIGHTWARDEN_LAUNCHER_ROOT: launcherRoot(), DOCKER_HOST: "unix:///nowhere/docker.sock" };
    const workspace = await CliWorkspace.create({
      sandbox: { kind: "auto", fallback: "user" },
      tasks: [{ id: "one", agent: writes("one") }],
    });
    const night = await workspace.start(["run", "--attended"], { env }).ended;
    expect(night.exitCode).toBe(0);
    expect(await workspace.summary()).toMatchObject({ isolation: "user" });
    const doctor = await workspace.start(["doctor"], { env }).ended;
    expect(doctor.stdout).toContain("bubblewrap");
    expect(doctor.exitCode).toBe(0);
  });

  it("kill -9 in the middle of an attempt: the next run removes what is left, and goes on", async () => {
    const root = launcherRoot();
    const env = { NIGHTWARDEN_LAUNCHER_ROOT: root };
    const workspace = await CliWorkspace.create({
      sandbox: USER,
      tasks: [
        { id: "one", agent: writes("one") },
        { id: "two", agent: `[ -e /opt/nothing ] || sleep 600; ${writes("two")}` },
      ],
    });
    const killed = workspace.start(["run", "--attended"], { env });
    await workspace.agentStarted(killed, "two.1");
    killed.kill("SIGKILL");
    await killed.ended;
    expect(leftOfLauncher(root).some((each) => each.startsWith("trees-two-1"))).toBe(true);
    workspace.setAgent("two", writes("two"));
    const next = await workspace.start(["run", "--attended"], { env }).ended;
    expect(next.stderr).toContain("goes on after a crash");
    expect(next.exitCode).toBe(0);
    expect(workspace.landedTitles()).toEqual(["Do one", "Do two"]);
    expect(leftOfLauncher(root)).toEqual([]);
  });
});

describe("the demonstration as users of their own", () => {
  it("lands what it lands in containers: the agent's files are at their place, and nothing else is", async () => {
    const root = launcherRoot();
    const folder = join(temporaryFolder(), "demo");
    cpSync(join(import.meta.dirname, "../../examples"), folder, { recursive: true });
    const file = join(folder, "nightwarden.yaml");
    const config = parse(readFileSync(file, "utf8")) as {
      repositories: Record<string, { packages?: unknown }>;
      sandbox?: object;
    };
    for (const repository of Object.values(config.repositories)) delete repository.packages;
    writeFileSync(file, stringify({ ...config, sandbox: USER }));
    for (const project of ["greeter-node", "tally-python"]) {
      const path = join(folder, "projects", project);
      git(path, "init", "--quiet", "-b", "main");
      git(path, "add", "--all");
      git(path, "commit", "--quiet", "-m", "Start");
    }
    mkdirSync(join(folder, "home"));
    const night = await startProgram({
      file: await installedProgram(),
      args: ["run", "--attended"],
      cwd: folder,
      env: { PATH: process.env["PATH"] ?? "", HOME: join(folder, "home"), NIGHTWARDEN_LAUNCHER_ROOT: root },
    }).ended;
    expect(night.stdout).toContain("7 of 10 tasks landed");
    expect(night.exitCode).toBe(1);
    expect(leftOfLauncher(root)).toEqual([]);
    expect(existsSync(join(root, "files", "0"))).toBe(true);
  });
});

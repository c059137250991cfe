import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bearsOwner } from "../../src/sandbox/worktree/enclosure-mark.ts";
import { findEnclosed } from "../../src/sandbox/worktree/process-table.ts";
import { watchContainers } from "../fixtures/cli-engine.ts";
import { CliWorkspace, GO_ON } from "../fixtures/cli-workspace.ts";
import { fingerprint, git, temporaryFolder } from "../fixtures/git-repository.ts";
import { startScriptedApi } from "../model-api/scripted-api.ts";

const WORKTREE = { kind: "worktree" };
const GAP = "worktree: the network is not restricted, your files can be read and changed";

/** What of a workspace's worktree sandboxes is on this machine. */
async function left(workspace: CliWorkspace): Promise<string[]> {
  const id = workspace.id() ?? "none";
  const processes = await findEnclosed(({ mark }) => bearsOwner(mark, id));
  const folder = join(workspace.folder, ".nightwarden/worktrees", id);
  return [
    ...processes.map(({ pid }) => `process ${pid}`),
    ...(existsSync(folder) ? readdirSync(folder) : []),
  ];
}

async function waitForFile(path: string): Promise<void> {
  while (!existsSync(path)) await sleep(10);
}

const writes = (name: string): string => `echo 'export const made = "${name}";' > src/${name}.mjs`;

describe("a night in worktree sandboxes", () => {
  it("lands what passes, rolls back what does not, touches no engine, and says everywhere what is not restricted", async () => {
    const containers = await watchContainers();
    const workspace = await CliWorkspace.create({
      sandbox: WORKTREE,
      policy: GO_ON,
      tasks: [
        { id: "one", agent: writes("one") },
        { id: "breaks", agent: "echo 'export const add = () => 0;' > src/add.mjs" },
        { id: "two", agent: `setsid sleep 600 & ${writes("two")}; echo $HOME; env` },
      ],
    });
    const before = fingerprint(workspace.repository());
    const sentinel = { SENTINEL: "of-the-supervisor-9c1d" };
    const night = await workspace.start(["run", "--attended", "--verbose"], { env: sentinel }).ended;

    expect(await workspace.results()).toEqual({ one: "landed", breaks: "verify-failed", two: "landed" });
    expect(night.exitCode).toBe(1);
    expect(night.stderr.split("\n").find((line) => line.startsWith("night "))).toContain(GAP);
    expect(night.stdout).toContain(`\n${GAP}\n`);
    expect(night.stdout).toContain("2 of 3 tasks landed");
    expect(night.stderr).toContain("two | NIGHTWARDEN_ENCLOSURE=");
    expect(night.stderr).not.toContain(sentinel.SENTINEL);
    expect(fingerprint(workspace.repository())).toEqual(before);
    expect(workspace.landedTitles()).toEqual(["Do one", "Do two"]);
    expect(git(workspace.repository(), "diff", "--name-only", `main..${workspace.branch()}`)).toBe(
      "src/one.mjs\nsrc/two.mjs",
    );
    expect(await left(workspace)).toEqual([]);

    expect(workspace.eventsOf("night.started")[0]).toMatchObject({ isolation: "worktree" });
    expect(workspace.eventsOf("image.ready")[0]?.base).toContain("the programs of this machine");
    const probes = workspace.eventsOf("probe.finished").map(({ probe, subject }) => `${probe} ${subject}`);
    expect(probes).toContain("isolation worktree");
    expect(probes.filter((probe) => probe.includes("engine"))).toEqual([]);
    expect(await workspace.summary()).toMatchObject({ isolation: "worktree", isolationGap: GAP });
    expect((await workspace.call("summary", "--markdown")).stdout).toContain("the network is not restricted");
    expect((await workspace.status()).night).toMatchObject({ isolation: "worktree", isolationGap: GAP });
    expect((await workspace.call("status")).stdout).toContain(GAP);
    const made = (await containers()).filter(({ workspace: owner }) => owner === workspace.id());
    expect(made).toEqual([]);
  });

  it("begins with checks that name it, and need no engine", async () => {
    const workspace = await CliWorkspace.create({
      sandbox: WORKTREE,
      tasks: [{ id: "one", agent: writes("one"), verify: ["no-such-program --version"] }],
    });
    const env = { DOCKER_HOST: "unix:///nowhere/docker.sock" };
    const check = await workspace.start(["check"], { env }).ended;
    expect(check.exitCode).toBe(3);
    expect(check.stdout).toContain(GAP);
    expect(check.stdout).toContain('a verify command starts "no-such-program", which is not on this machine');
    expect(check.stdout).toContain("install it");
    const doctor = await workspace.start(["doctor"], { env }).ended;
    expect(doctor.exitCode).toBe(0);
    expect(doctor.stdout).toContain("the network is not restricted");
    const images = await workspace.start(["image", "build"], { env }).ended;
    expect(images.exitCode).toBe(0);
    expect(images.stdout).toContain("the sandbox worktree has no images");
    expect(readdirSync(join(workspace.folder, ".nightwarden/worktrees"), { recursive: true })).toEqual([]);
  });

  it("is refused where the policy wants more, and nothing weaker is taken where there is no engine", async () => {
    const task = { id: "one", agent: writes("one") };
    const strict = await CliWorkspace.create({
      sandbox: WORKTREE,
      policy: { changes: { isolation: "user" } },
      tasks: [task],
    });
    const refused = await strict.night();
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toContain("the sandbox worktree is too weak");
    expect(refused.stderr).toContain("docker or user as sandbox.kind");
    expect(strict.journals()).toEqual([]);

    const auto = await CliWorkspace.create({ sandbox: { kind: "auto" }, tasks: [task] });
    const without = await auto.start(["run", "--attended"], {
      env: { DOCKER_HOST: "unix:///nowhere/docker.sock" },
    }).ended;
    expect(without.exitCode).toBe(3);
    expect(without.stderr).toContain("takes no weaker one");
    expect(auto.journals()).toEqual([]);
  });

  it("auto is docker where there is an engine", async () => {
    const workspace = await CliWorkspace.create({
      sandbox: { kind: "auto" },
      tasks: [{ id: "one", agent: writes("one") }],
    });
    expect((await workspace.night()).exitCode).toBe(0);
    expect(await workspace.summary()).toMatchObject({ isolation: "docker", isolationGap: null });
  });

  it("kill -9 of the supervisor: the next start ends what is left, and goes on", async () => {
    const folder = temporaryFolder();
    const go = join(folder, "go");
    const daemon = `setsid env -i sh -c 'exec sleep 600' >/dev/null 2>&1 </dev/null &`;
    const workspace = await CliWorkspace.create({
      sandbox: WORKTREE,
      tasks: [
        { id: "one", agent: writes("one") },
        {
          id: "two",
          agent: `${daemon} touch '${folder}/waits'; until [ -e '${go}' ]; do sleep 0.05; done; ${writes("two")}`,
        },
      ],
    });
    const killed = workspace.start(["run", "--attended"]);
    await workspace.agentStarted(killed, "two.1");
    await waitForFile(join(folder, "waits"));
    killed.kill("SIGKILL");
    expect(await killed.ended).toMatchObject({ signal: "SIGKILL" });
    const orphans = await left(workspace);
    // The shim, its command, what that runs, the daemon; and the folder.
    expect(orphans.length).toBeGreaterThanOrEqual(4);

    const next = workspace.start(["run", "--attended"]);
    await workspace.agentStarted(next, "two.2");
    // Of all that was there before, nothing is there when the task is tried again.
    const now = await left(workspace);
    expect(now.filter((each) => orphans.includes(each))).toEqual([]);
    writeFileSync(go, "");
    const { exitCode, stderr } = await next.ended;
    expect(stderr).toContain("goes on after a crash");
    expect(exitCode).toBe(0);
    expect(workspace.landedTitles()).toEqual(["Do one", "Do two"]);
    expect(await left(workspace)).toEqual([]);
    await workspace.verifiedEvents();
  });
});

describe("an agent with a model in a worktree sandbox", () => {
  let api: Awaited<ReturnType<typeof startScriptedApi>>;
  beforeAll(async () => void (api = await startScriptedApi()));
  afterAll(async () => await api.stop());

  it("works through a gateway on the loopback interface with the attempt's token, and never holds the key", async () => {
    const key = "sk-proj-SENTINEL-of-worktree-4b7e";
    await api.program("worktree", {
      turns: [{ kind: "reply", text: "Hello!" }],
      byPrompt: [
        {
          includes: "Do edits, please",
          turns: [
            {
              kind: "reply",
              text: "I write.",
              calls: [{ tool: "write", path: "src/edits.mjs", content: "export const made = 1;\n" }],
            },
            { kind: "reply", text: "Done." },
          ],
        },
      ],
    });
    const workspace = await CliWorkspace.create({
      sandbox: WORKTREE,
      clients: {
        codex: {
          kind: "codex",
          model: "gpt-5.1-codex",
          credentials: { env: "TEST_CODEX_KEY" },
          upstream: { url: api.url("worktree"), caFile: api.caFile },
        },
      },
      tasks: [{ id: "edits", agent: { client: "codex" } }],
    });
    const night = await workspace.start(["run", "--attended", "--verbose"], { env: { TEST_CODEX_KEY: key } })
      .ended;
    expect(await workspace.results()).toEqual({ edits: "landed" });
    expect(night.exitCode).toBe(0);
    const requests = await api.requests("worktree");
    expect(requests.length).toBeGreaterThan(1);
    expect(new Set(requests.map(({ headers }) => headers["authorization"]))).toEqual(
      new Set([`Bearer ${key}`]),
    );
    expect(workspace.eventsOf("model.answered").some(({ result }) => result === "complete")).toBe(true);
    const state = join(workspace.folder, ".nightwarden");
    const files = readdirSync(state, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    const all = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1")).join("\n");
    expect(all).not.toContain("SENTINEL-of-worktree");
    expect(await left(workspace)).toEqual([]);
  });
});

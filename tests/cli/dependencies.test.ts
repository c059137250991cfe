import { spawnSync } from "node:child_process";
import { appendFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import {
  LABEL_ATTEMPT,
  LABEL_DEPENDENCIES,
  LABEL_ROLE,
  LABEL_WORKSPACE,
} from "../../src/sandbox/docker/container-spec.ts";
import { engine, waitingAgent } from "../fixtures/cli-engine.ts";
import { CliWorkspace } from "../fixtures/cli-workspace.ts";
import { launcherRoot, leftOfLauncher } from "../fixtures/launcher-root.ts";
import { git } from "../fixtures/git-repository.ts";
import { PrivateRegistry, wordPackage } from "../prepare/private-registry.ts";

const TOKEN = "npm_SENTINELsentinel0123456789ABCDEF";
let registry: PrivateRegistry | undefined;
let owner: string | undefined;

/** Sets outlive their night on purpose: those of a test do not. */
afterEach(async () => {
  registry?.close();
  if (owner === undefined) return;
  const { docker } = await engine();
  const filters = { label: [`${LABEL_DEPENDENCIES}=${owner}`] };
  for (const { Name } of (await docker.listVolumes({ filters })).Volumes ?? [])
    await docker.getVolume(Name).remove();
});

describe.each(["docker", "user"])("a workspace with a private registry: %s", (kind) => {
  it("installs with the configured secret, which is in nothing that the night leaves, and refuses without it", async () => {
    registry = await PrivateRegistry.start({ packages: [wordPackage("word", "hello")], token: TOKEN });
    const root = launcherRoot();
    const env = { NIGHTWARDEN_LAUNCHER_ROOT: root };
    const workspace = await CliWorkspace.create({
      sandbox: { kind },
      tasks: [{ id: "greet", agent: "node -p 'require(\"word\")' > greeting.txt" }],
      repositories: {
        app: {
          files: registry.project(),
          verify: [
            'node -e \'if (require("word") !== "hello") process.exit(1)\'',
            "test ! -e greeting.txt || grep -qx hello greeting.txt",
          ],
        },
      },
    });
    writeFileSync(join(workspace.folder, "ca.pem"), registry.ca);
    appendFileSync(
      join(workspace.folder, "nightwarden.yaml"),
      `registries: [{ kind: npm, url: "${registry.url}", credential: { env: REGISTRY_TOKEN } }]\nnetwork: { caFile: ca.pem }\n`,
    );

    const refused = await workspace.start(["run", "--attended"], { env }).ended;
    owner = workspace.id();
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toContain("REGISTRY_TOKEN is not set");

    const wrong = await workspace.start(["run", "--attended"], {
      env: { ...env, REGISTRY_TOKEN: "a-wrong-token" },
    }).ended;
    expect(wrong.exitCode).toBe(3);
    expect(wrong.stderr).toContain('the dependencies of "app" cannot be installed: npm ci (exit code 1)');
    expect(wrong.stderr).toContain("401");

    const right = await workspace.start(["run", "--attended"], { env: { ...env, REGISTRY_TOKEN: TOKEN } })
      .ended;
    expect(right).toMatchObject({ exitCode: 0 });
    expect(right.stderr).toContain("app: installing its dependencies");
    expect(workspace.landedTitles()).toEqual(["Do greet"]);
    const seen = [right.stdout, right.stderr, JSON.stringify(await workspace.verifiedEvents())].join("\n");
    expect(seen).not.toContain(TOKEN);
    const prepared = workspace.eventsOf("prepare.finished");
    expect(prepared.map(({ result }) => result)).toEqual(["prepared"]);
    if (kind === "user") {
      expect(leftOfLauncher(root)).toEqual([]);
      // The set alone stays, and what was not finished does not.
      expect(readdirSync(join(root, "sets"))).toEqual(prepared.map(({ set }) => set));
      expect(spawnSync("grep", ["-rlsF", TOKEN, root], { encoding: "utf8" }).stdout).toBe("");
    }
    rmSync(root, { recursive: true, force: true });
  });
});

describe("a task that is granted a package", () => {
  it(
    "gives a task what it is granted, and lands it with what the task made of it",
    { timeout: 400_000 },
    async () => {
      registry = await PrivateRegistry.start({
        packages: [wordPackage("word", "hello"), wordPackage("extra", "more")],
        token: TOKEN,
      });
      const grants = { dependencies: ["extra@^1.0.0"] };
      const verify = ["node -e 'require(\"word\")'", "test ! -e greet.js || node greet.js | grep -qx more"];
      const workspace = await CliWorkspace.create({
        tasks: [
          {
            id: "greet",
            agent: "echo 'console.log(require(\"extra\"));' > greet.js && node greet.js",
            grants,
          },
          // Without a grant: the checks see an import of what its base declares by now.
          { id: "again", agent: "echo 'module.exports = require(\"extra\");' > again.js && node again.js" },
        ],
        repositories: { app: { files: registry.project(["word"]), verify } },
      });
      writeFileSync(join(workspace.folder, "ca.pem"), registry.ca);
      appendFileSync(
        join(workspace.folder, "nightwarden.yaml"),
        `registries: [{ kind: npm, url: "${registry.url}", credential: { env: REGISTRY_TOKEN } }]\nnetwork: { caFile: ca.pem }\n`,
      );
      const night = await workspace.start(["run", "--attended"], { env: { REGISTRY_TOKEN: TOKEN } }).ended;
      owner = workspace.id();
      expect(night.stderr).toContain("greet: adding extra@^1.0.0");
      expect(night).toMatchObject({ exitCode: 0 });
      expect(workspace.landedTitles()).toEqual(["Do greet", "Do again"]);
      const folder = workspace.repository();
      const branch = git(folder, "for-each-ref", "--format=%(refname)", "refs/heads/nightwarden");
      expect(JSON.parse(git(folder, "show", `${branch}:package.json`))).toMatchObject({
        dependencies: { word: "1.0.0", extra: "^1.0.0" },
      });
      const lock = git(folder, "show", `${branch}:package-lock.json`);
      expect(lock).toContain(`${registry.url}/extra/-/extra-1.0.0.tgz`);
      expect(lock).not.toContain("127.0.0.1");
      const seen = [night.stdout, night.stderr, lock, JSON.stringify(await workspace.verifiedEvents())].join(
        "",
      );
      expect(seen).not.toContain(TOKEN);

      // Half of a set, as a crash in the middle of an installation leaves it: it goes, and the finished ones stay.
      const { docker } = await engine();
      const sets = async (): Promise<string[]> => {
        const filters = { label: [`${LABEL_DEPENDENCIES}=${owner}`] };
        return ((await docker.listVolumes({ filters })).Volumes ?? []).map(({ Name }) => Name).toSorted();
      };
      const finished = await sets();
      const named = workspace.eventsOf("prepare.finished").flatMap(({ set }) => set ?? []);
      expect(finished).toEqual([...new Set(named)].toSorted((a, b) => (a < b ? -1 : 1)));
      const half = { [LABEL_DEPENDENCIES]: owner ?? "", [LABEL_ATTEMPT]: "app.0", [LABEL_ROLE]: "prepare" };
      await docker.createVolume({ Name: `nightwarden-dependencies-${"0".repeat(24)}`, Labels: half });
      const repair = await workspace.start(["doctor", "--repair", "--json"], {
        env: { REGISTRY_TOKEN: TOKEN },
      }).ended;
      expect(JSON.parse(repair.stdout)).toMatchObject({ verdict: "clean" });
      expect(repair.stdout).toContain(`nightwarden-dependencies-${"0".repeat(24)}`);
      expect(repair.exitCode).toBe(0);
      expect(await sets()).toEqual(finished);
    },
  );

  it(
    "is refused where a task is granted what no lock file could have, by check and at the gate",
    { timeout: 400_000 },
    async () => {
      const grants = { dependencies: ["extra@^1.0.0"] };
      const none = await CliWorkspace.create({
        tasks: [{ id: "greet", agent: "true", grants }],
        repositories: { app: { files: { "package.json": "{}\n" }, verify: ["true"] } },
      });
      const checked = await none.call("check");
      expect(checked.exitCode).toBe(3);
      expect(checked.stdout).toMatch(/refused {2}task greet: "extra@\^1\.0\.0" is for npm[^]*commit both/);
      const refused = await none.night();
      expect(refused.exitCode).toBe(3);
      expect(refused.stderr).toContain('task "greet" is granted what "app" cannot be given');
    },
  );
});

describe("a copy of the dependencies for a verify that never comes", () => {
  const INSTALL = `node -e '
    const fs = require("fs");
    fs.mkdirSync("node_modules");
    for (let i = 0; i < 500; i += 1) fs.writeFileSync("node_modules/f" + i, "x".repeat(3500));'`;

  /** Until it is in the tree for verify, whole or in part, while the agent works. */
  async function copyForVerify(workspace: CliWorkspace): Promise<void> {
    const { docker } = await engine();
    const label = [
      `${LABEL_WORKSPACE}=${workspace.id() ?? ""}`,
      `${LABEL_ATTEMPT}=one.1`,
      `${LABEL_ROLE}=collector`,
    ];
    const [collector] = await docker.listContainers({ filters: { label } });
    if (!collector) throw new Error("the attempt has no collector");
    for (;;) {
      const looking = await docker
        .getContainer(collector.Id)
        .exec({ Cmd: ["ls", "/trees/verify/node_modules"] });
      await looking.start({ Detach: true });
      for (;;) {
        const { Running, ExitCode } = await looking.inspect();
        if (!Running && ExitCode === 0) return;
        if (!Running && ExitCode !== null) break;
        await sleep(10);
      }
    }
  }

  async function startUntilCopied(): Promise<{
    readonly workspace: CliWorkspace;
    readonly running: ReturnType<CliWorkspace["start"]>;
  }> {
    const workspace = await CliWorkspace.create({
      tasks: [{ id: "one", agent: waitingAgent("true") }],
      repositories: {
        app: {
          files: { "deps.lock": "1\n" },
          verify: ['test "$(ls node_modules | wc -l)" = 500'],
          prepare: { commands: [INSTALL], files: ["deps.lock"] },
        },
      },
    });
    const running = workspace.start(["run", "--attended"]);
    await workspace.agentStarted(running, "one.1");
    owner = workspace.id();
    await copyForVerify(workspace);
    return { workspace, running };
  }

  it("goes with its attempt", async () => {
    const { workspace, running } = await startUntilCopied();
    await workspace.releaseAgent(running, "one.1");
    expect(await running.ended).toMatchObject({ exitCode: 4 });
    expect(workspace.eventsOf("attempt.finished").map(({ outcome }) => outcome)).toMatchObject([
      { kind: "failed", reason: "no-change" },
    ]);
    expect(workspace.eventsOf("account.taken").map(({ verdict }) => verdict)).not.toContain("leaked");
    expect(await workspace.leftovers()).toEqual([]);
  });

  it("is gone after the next night, where the supervisor was killed; the set itself is used again", async () => {
    const { workspace, running } = await startUntilCopied();
    running.kill("SIGKILL");
    expect(await running.ended).toMatchObject({ signal: "SIGKILL" });
    expect((await workspace.leftovers()).filter((name) => name.includes("-tree-verify-one.1"))).toHaveLength(
      1,
    );
    workspace.setAgent("one", "ls node_modules | wc -l > count.txt");
    expect(await workspace.night()).toMatchObject({ exitCode: 0 });
    expect(workspace.landedTitles()).toEqual(["Do one"]);
    expect(workspace.eventsOf("account.taken").at(-1)).toMatchObject({ verdict: "clean", unknown: [] });
    expect(workspace.eventsOf("prepare.finished").map(({ result }) => result)).toEqual([
      "prepared",
      "cached",
    ]);
    expect(await workspace.leftovers()).toEqual([]);
  });
});

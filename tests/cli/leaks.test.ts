import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { EventData } from "../../src/core/event.ts";
import { LABEL_ATTEMPT, LABEL_WORKSPACE } from "../../src/sandbox/docker/container-spec.ts";
import { engine, waitingAgent } from "../fixtures/cli-engine.ts";
import { gitTrap } from "../fixtures/cli-git-trap.ts";
import { cleanPerson, CliWorkspace } from "../fixtures/cli-workspace.ts";
import { fingerprint, git, temporaryFolder } from "../fixtures/git-repository.ts";
import { RefusingEngine } from "../fixtures/refusing-engine.ts";
import { testEngine } from "../fixtures/test-engine.ts";

interface RepairJson {
  readonly ok: boolean;
  readonly verdict: string;
  readonly removed: readonly { kind: string; name: string; bytes: number | null; attempt: string | null }[];
  readonly left: readonly { kind: string; name: string; why: string; hint: string }[];
  readonly unknown: readonly { place: string; message: string }[];
}

const foreign: string[] = [];
afterEach(async () => {
  const { docker } = await engine();
  for (const id of foreign.splice(0)) await docker.getContainer(id).remove({ force: true, v: true });
});

/** Somebody else's container, which has one of our volumes: the engine does not remove the volume meanwhile. */
async function hold(volume: string): Promise<() => Promise<void>> {
  const { docker, image } = await testEngine();
  const container = await docker.createContainer({
    Image: image,
    Entrypoint: ["sleep", "600"],
    HostConfig: { NetworkMode: "none", Mounts: [{ Type: "volume", Source: volume, Target: "/held" }] },
  });
  foreign.push(container.id);
  return async () => {
    foreign.splice(foreign.indexOf(container.id), 1);
    await container.remove({ force: true });
  };
}

async function volumesOf(workspace: CliWorkspace, attempt: string): Promise<string[]> {
  const { docker } = await engine();
  const label = [`${LABEL_WORKSPACE}=${workspace.id() ?? ""}`, `${LABEL_ATTEMPT}=${attempt}`];
  return ((await docker.listVolumes({ filters: { label } })).Volumes ?? []).map(({ Name }) => Name);
}

async function repair(workspace: CliWorkspace): Promise<RepairJson & { exitCode: number | null }> {
  const { exitCode, stdout } = await workspace.call("doctor", "--repair", "--json");
  return { ...(JSON.parse(stdout) as RepairJson), exitCode };
}

const accounts = (workspace: CliWorkspace): EventData<"account.taken">[] =>
  workspace.eventsOf("account.taken");
const leaked = (workspace: CliWorkspace): unknown[] =>
  accounts(workspace).flatMap(({ of, verdict, leaks }) =>
    verdict === "leaked" ? [[of?.attempt, leaks.map(({ kind }) => kind)]] : [],
  );

describe("a volume that somebody else's container holds", () => {
  it.each([true, false])(
    "(held: %s) is counted, refuses the next night, and is gone after a repair; without it nothing is refused",
    async (isHeld) => {
      const workspace = await CliWorkspace.create({
        tasks: [{ id: "one", agent: waitingAgent("echo 1 > one.txt") }],
      });
      const before = fingerprint(workspace.repository());
      const running = workspace.start(["run", "--attended"]);
      await workspace.agentStarted(running, "one.1");
      const [volume = ""] = (await volumesOf(workspace, "one.1")).filter((name) => name.includes("-agent-"));
      expect(volume).not.toBe("");
      const letGo = isHeld ? await hold(volume) : async () => await Promise.resolve();
      await workspace.releaseAgent(running, "one.1");
      const { exitCode, stdout } = await running.ended;
      expect(workspace.landedTitles()).toEqual(["Do one"]);
      expect(fingerprint(workspace.repository())).toEqual(before);
      if (!isHeld) {
        expect(exitCode).toBe(0);
        expect(leaked(workspace)).toEqual([]);
        expect(await workspace.night()).toMatchObject({ exitCode: 0 });
        expect(await repair(workspace)).toMatchObject({ exitCode: 0, ok: true, removed: [], left: [] });
        return;
      }
      expect(exitCode).toBe(4);
      expect(leaked(workspace)).toEqual([
        ["one.1", ["volume"]],
        [undefined, ["volume"]],
      ]);
      expect(stdout).toContain("LEFT BEHIND, and not removed; no night starts before a repair:");
      expect(stdout).toContain(`volume ${volume} (docker)`.slice(0, 60));
      expect(stdout).toContain("nightwarden doctor --repair");
      const markdown = await workspace.call("summary", "--markdown");
      expect(markdown.stdout).toContain("## Left behind, and not removed");
      const { leaks, nextActions } = await workspace.summary();
      expect(leaks).toMatchObject([{ kind: "volume", name: volume, attempt: "one.1" }]);
      expect(leaks[0]?.bytes).toBeGreaterThan(0);
      expect(nextActions[0]?.command).toBe("nightwarden doctor --repair");

      const refused = await workspace.night();
      expect(refused).toMatchObject({ exitCode: 3, stdout: "" });
      expect(refused.stderr).toContain("left what could not be removed: volume");
      expect(refused.stderr).toContain("nightwarden doctor --repair");
      const doctor = await workspace.call("doctor", "--no-hello");
      expect(doctor.exitCode).toBe(3);
      expect(doctor.stdout).toMatch(/^✗ leaks +workspace .*a night left what it could not remove: volume/m);

      expect(await repair(workspace)).toMatchObject({
        exitCode: 3,
        ok: false,
        verdict: "leaked",
        removed: [],
        left: [{ kind: "volume", name: volume, hint: expect.stringContaining(volume) as string }],
      });
      expect(await workspace.night()).toMatchObject({ exitCode: 3 });

      await letGo();
      const repaired = await repair(workspace);
      expect(repaired).toMatchObject({ exitCode: 0, ok: true, left: [], removed: [{ name: volume }] });
      expect(repaired.removed[0]?.bytes).toBeGreaterThan(0);
      expect(await workspace.leftovers()).toEqual([]);
      expect(await workspace.night()).toMatchObject({ exitCode: 0 });
      await workspace.verifiedEvents();
    },
  );
});

describe("a container that the engine does not remove", () => {
  it("ends the night, since it may still run; every night is refused until the engine does, and a repair has seen it", async () => {
    const workspace = await CliWorkspace.create({
      tasks: [
        { id: "one", agent: waitingAgent("echo 1 > one.txt") },
        { id: "two", agent: "echo 2 > two.txt" },
      ],
      policy: { reason: "The test goes on after failures", changes: { afterFailure: "breaker" } },
    });
    const way = await RefusingEngine.open();
    const env = { DOCKER_HOST: way.host };
    const running = workspace.start(["run", "--attended"], { env });
    await workspace.agentStarted(running, "one.1");
    way.refuses = /^DELETE (?:\/v[\d.]+)?\/containers\//;
    await workspace.releaseAgent(running, "one.1");
    const { exitCode, stdout } = await running.ended;
    expect(way.refused.length).toBeGreaterThan(1);
    expect(exitCode).toBe(4);
    expect(workspace.eventsOf("night.finished")).toMatchObject([{ end: "leak" }]);
    expect(workspace.eventsOf("attempt.started").map(({ attempt }) => attempt)).toEqual(["one.1"]);
    expect(leaked(workspace)[0]).toMatchObject(["one.1", expect.arrayContaining(["container"]) as unknown]);
    expect(stdout).toContain("Stopped because something that an attempt left could not be removed");

    expect(await workspace.start(["run", "--attended"], { env }).ended).toMatchObject({ exitCode: 3 });
    const stuck = await workspace.start(["doctor", "--repair"], { env }).ended;
    expect(stuck.exitCode).toBe(3);
    expect(stuck.stdout).toMatch(/^left +container nightwarden-.*the engine will not do it$/m);
    expect(stuck.stdout).toContain("hint: See what the engine says: docker rm --force");

    way.refuses = undefined;
    const repaired = await workspace.start(["doctor", "--repair"], { env }).ended;
    expect(repaired).toMatchObject({ exitCode: 0 });
    expect(repaired.stdout).toMatch(/^removed +container nightwarden-/m);
    expect(await workspace.leftovers()).toEqual([]);
    workspace.setAgent("one", "echo 1 > one.txt");
    expect(await workspace.start(["run", "--attended"], { env }).ended).toMatchObject({ exitCode: 0 });
    expect(workspace.landedTitles()).toEqual(["Do one", "Do two"]);
  });
});

describe("doctor --repair", () => {
  it("is refused while a night works, and removes nothing of it", async () => {
    const workspace = await CliWorkspace.create({
      tasks: [{ id: "one", agent: waitingAgent("echo 1 > one.txt") }],
    });
    const running = workspace.start(["run", "--attended"]);
    await workspace.agentStarted(running, "one.1");
    const standing = new Set(await workspace.leftovers());
    const refused = await workspace.call("doctor", "--repair");
    expect(refused).toMatchObject({ exitCode: 3, stdout: "" });
    expect(refused.stderr).toContain(`in use by process ${running.pid}`);
    expect(new Set(await workspace.leftovers())).toEqual(standing);
    await workspace.releaseAgent(running, "one.1");
    expect(await running.ended).toMatchObject({ exitCode: 0 });
  });

  it("without an engine repairs the rest, says what it does not know, exit code 3", async () => {
    const workspace = await CliWorkspace.create({ tasks: [{ id: "one", agent: "echo 1 > one.txt" }] });
    expect(await workspace.night()).toMatchObject({ exitCode: 0 });
    const shadow = join(workspace.folder, ".nightwarden/shadow/app.git");
    const stale = join(shadow, "objects/pack/tmp_pack_AbCdEf");
    writeFileSync(stale, "unfinished");
    const env = { DOCKER_HOST: "unix:///nonexistent/dead.sock" };
    const { exitCode, stdout } = await workspace.start(["doctor", "--repair", "--json"], { env }).ended;
    expect(exitCode).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: "unknown",
      removed: [{ kind: "file", name: "app.git/objects/pack/tmp_pack_AbCdEf", bytes: 10 }],
      unknown: [{ place: "docker" }],
    });
    expect(existsSync(stale)).toBe(false);
    git(shadow, "fsck", "--connectivity-only");
    expect(await repair(workspace)).toMatchObject({ exitCode: 0, removed: [] });
  });
});

describe("kill -9 of the supervisor leaves nothing that the next night does not see: after it the account is clean", () => {
  /** Ends the supervisor in one of an attempt's states, and says in which the journal left it. */
  type Kill = (workspace: CliWorkspace) => Promise<string | undefined>;

  const atGit =
    (call: string, action: "kill-before" | "kill-after" = "kill-before"): Kill =>
    async (workspace) => {
      const { env } = await cleanPerson(temporaryFolder());
      const trap = await gitTrap({ call, action, path: env["PATH"] ?? "" });
      trap.arm();
      const killed = workspace.start(["run", "--attended"], { env: { PATH: trap.path } });
      expect(await killed.ended).toMatchObject({ signal: "SIGKILL" });
      expect(trap.hasSprung()).toBe(true);
      return workspace.events().at(-1)?.type;
    };
  const atEvent =
    (
      type: "attempt.started" | "sandbox.started" | "verify.started",
      role?: "agent" | "verify" | "replay",
    ): Kill =>
    async (workspace) => {
      const killed = workspace.start(["run", "--attended"]);
      await workspace.waitForEvent(killed, type, (data) => {
        const { attempt } = data as { attempt: string };
        return attempt === "one.1" && (role === undefined || (data as { role?: string }).role === role);
      });
      killed.kill("SIGKILL");
      expect(await killed.ended).toMatchObject({ signal: "SIGKILL" });
      return workspace.events().at(-1)?.type;
    };
  const landing: readonly [state: string, kill: Kill, ended: RegExp][] = [
    ["create", atEvent("attempt.started"), /^(?:attempt|sandbox)\.started$/],
    ["started, mid-run", atEvent("sandbox.started", "agent"), /^sandbox\.started$/],
    ["collecting", atGit("*fast-import*"), /^capture\.started$/],
    ["collected", atGit("*fast-import*", "kill-after"), /^capture\.started$/],
    ["verifying", atEvent("verify.started"), /^(?:verify|sandbox)\.started$/],
    ["landing", atGit("*update-ref\\ refs/heads/nightwarden/*"), /^landing\.started$/],
    ["cleaning, after the landing", atGit("*refs/nightwarden/attempts/one.1"), /^delivery\.finished$/],
  ];

  it.each(landing)("in the state %s", async (_state, kill, ended) => {
    const workspace = await CliWorkspace.create({
      tasks: [{ id: "one", agent: "sleep 1; echo 1 > one.txt", verify: ["sleep 1", "node --test"] }],
    });
    const before = fingerprint(workspace.repository());
    expect(await kill(workspace)).toMatch(ended);
    expect(workspace.eventsOf("night.finished")).toEqual([]);
    await expectCleanAfter(workspace, before);
    expect(workspace.landedTitles()).toEqual(["Do one"]);
    expect(git(workspace.repository(), "show", `${workspace.branch()}:one.txt`)).toBe("1");
  });

  it.each(["kill-before", "kill-after"] as const)("while it rolls an attempt back (%s)", async (action) => {
    const workspace = await CliWorkspace.create({
      tasks: [{ id: "one", agent: "echo 1 > one.txt", verify: ["false"] }],
    });
    const before = fingerprint(workspace.repository());
    expect(await atGit("*update-ref\\ --stdin", action)(workspace)).toBe("verify.finished");
    workspace.setAgent("one", "echo 2 > one.txt");
    await expectCleanAfter(workspace, before, 4);
    expect(workspace.shadowRefs().filter((ref) => ref.includes("/attempts/"))).toEqual([]);
  });

  it("while the tests are replayed, on trees of two that stand as refs", async () => {
    const adds = `echo 'import { test } from "node:test"; test("new", () => undefined);' > test/new.test.mjs`;
    const workspace = await CliWorkspace.create({ tasks: [{ id: "one", agent: adds }] });
    const before = fingerprint(workspace.repository());
    const composites = (): string[] => workspace.shadowRefs().filter((ref) => ref.endsWith("-tests"));
    await atEvent("sandbox.started", "replay")(workspace);
    expect(composites()).toHaveLength(2);
    await expectCleanAfter(workspace, before);
    expect(composites()).toEqual([]);
    expect(workspace.landedTitles()).toEqual(["Do one"]);
  });

  async function expectCleanAfter(
    workspace: CliWorkspace,
    before: ReturnType<typeof fingerprint>,
    exitCode = 0,
  ): Promise<void> {
    expect(await workspace.night()).toMatchObject({ exitCode });
    expect(leaked(workspace)).toEqual([]);
    expect(accounts(workspace).at(-1)).toMatchObject({ verdict: "clean", unknown: [] });
    expect(workspace.eventsOf("night.finished")).toHaveLength(1);
    expect(await workspace.leftovers()).toEqual([]);
    expect(fingerprint(workspace.repository())).toEqual(before);
    // What the night counted is not only its own word.
    expect(await repair(workspace)).toMatchObject({ exitCode: 0, removed: [], left: [] });
    await workspace.verifiedEvents();
  }
});

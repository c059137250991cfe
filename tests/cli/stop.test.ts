import { describe, expect, it } from "vitest";
import { waitingAgent } from "../fixtures/cli-engine.ts";
import { gitTrap, isAlive } from "../fixtures/cli-git-trap.ts";
import { cleanPerson, CliWorkspace } from "../fixtures/cli-workspace.ts";
import { fingerprint, temporaryFolder } from "../fixtures/git-repository.ts";

describe("a stop", () => {
  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "by %s during an agent drains: exit code 130, a summary, nothing left; the next run does the task",
    async (signal) => {
      const workspace = await CliWorkspace.create({
        tasks: [
          { id: "one", agent: "echo 1 > one.txt" },
          { id: "two", agent: waitingAgent("echo 2 > two.txt") },
          { id: "three", agent: "echo 3 > three.txt" },
        ],
      });
      const before = fingerprint(workspace.repository());
      const stopped = workspace.start(["run", "--attended"]);
      await workspace.agentStarted(stopped, "two.1");
      expect((await workspace.leftovers()).length).toBeGreaterThan(0);
      stopped.kill(signal);
      const { exitCode, stdout, stderr } = await stopped.ended;
      expect(exitCode).toBe(130);
      expect(stderr).toContain(`${signal}: stopping; what has begun to land completes`);
      expect(stdout).toContain("1 of 3 tasks landed, 1 carried over, 1 not started");
      expect(stdout).toContain("Stopped because someone asked");
      expect(await workspace.leftovers()).toEqual([]);
      expect(await workspace.results()).toEqual({ one: "landed", two: "stopped", three: "not-started" });
      expect(workspace.landedTitles()).toEqual(["Do one"]);
      expect(await workspace.status()).toMatchObject({
        activity: "idle",
        owner: null,
        queue: { open: 2, landed: 1 },
      });

      const next = workspace.start(["run", "--attended"]);
      await workspace.waitForEvent(next, "attempt.started", ({ attempt }) => attempt === "two.2");
      await workspace.releaseAgent(next, "two.2");
      expect(await next.ended).toMatchObject({ exitCode: 0 });
      expect(workspace.journals()).toHaveLength(2);
      expect(workspace.landedTitles()).toEqual(["Do two", "Do three"]);
      expect(fingerprint(workspace.repository())).toEqual(before);
      await workspace.verifiedEvents();
    },
  );

  it("by a second signal ends at once, although something hangs; the next run puts things right", async () => {
    const workspace = await CliWorkspace.create({
      tasks: [{ id: "one", agent: waitingAgent("echo 1 > one.txt") }],
    });
    const { env } = await cleanPerson(temporaryFolder());
    // The first thing that follows a stopped attempt is that its refs are dropped. Here that never ends.
    const trap = await gitTrap({ call: "*update-ref\\ --stdin*", action: "hang", path: env["PATH"] ?? "" });
    const stopped = workspace.start(["run", "--attended"], { env: { PATH: trap.path } });
    await workspace.agentStarted(stopped, "one.1");
    trap.arm();
    stopped.kill("SIGINT");
    const hanging = await trap.hanging();
    expect(stopped.hasEnded()).toBe(false);
    stopped.kill("SIGINT");
    const { exitCode, stderr } = await stopped.ended;
    expect(exitCode).toBe(130);
    expect(stderr).toContain("SIGINT again: ending at once; the next run puts things right");
    expect(await workspace.leftovers()).toEqual([]);
    // Whoever takes over orphans has to notice that it has ended, too.
    await expect.poll(() => isAlive(hanging), { timeout: 30_000 }).toBe(false);
    expect(await workspace.status()).toMatchObject({ activity: "crashed", owner: null });

    const next = workspace.start(["run", "--attended"]);
    await workspace.releaseAgent(next, "one.2");
    expect(await next.ended).toMatchObject({ exitCode: 0 });
    expect(workspace.landedTitles()).toEqual(["Do one"]);
    await workspace.verifiedEvents();
  });

  it("before the first agent, while the repository's own tests run, ends as quickly and leaves nothing", async () => {
    const workspace = await CliWorkspace.create({
      repositories: { app: { files: { "a.txt": "a\n" }, verify: ["sleep 600"] } },
      tasks: [{ id: "one", agent: "echo 1 > one.txt" }],
    });
    const stopped = workspace.start(["run", "--attended"]);
    await workspace.waitForEvent(stopped, "sandbox.started", ({ role }) => role === "verify");
    stopped.kill("SIGTERM");
    const { exitCode, stdout } = await stopped.ended;
    expect(exitCode).toBe(130);
    expect(stdout).toContain("0 of 1 task landed, 1 not started");
    expect(await workspace.leftovers()).toEqual([]);
    expect(workspace.eventsOf("attempt.started")).toEqual([]);
  });
});

describe("a night without a person", () => {
  it("is refused by phase 1, with what to do, before anything is written", async () => {
    const workspace = await CliWorkspace.create({ tasks: [{ id: "one", agent: "echo 1 > one.txt" }] });
    const { exitCode, stderr, stdout } = await workspace.call("run");
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "" });
    expect(stderr).toContain("phase 1 forbids a night without a person, and standard input is no terminal");
    expect(stderr).toContain("hint: stay and watch: run it in a terminal, or say so with --attended");
    expect(workspace.id()).toBeUndefined();
  });

  it("ends by itself when the policy's time is over, and what was under way stays in the queue", async () => {
    const workspace = await CliWorkspace.create({
      policy: { reason: "The test has to see the end of the time", changes: { unattended: "2s" } },
      tasks: [
        { id: "one", agent: "sleep 600" },
        { id: "two", agent: "sleep 600" },
      ],
    });
    const { exitCode, stdout } = await workspace.call("run");
    expect(exitCode).toBe(1);
    expect(stdout).toContain("Stopped at the night's time limit");
    expect(stdout).toContain("Looser than phase 1: unattended 2s (specified: forbidden)");
    const summary = await workspace.summary();
    expect(summary).toMatchObject({ end: "time-limit", attended: false, counts: { landed: 0, failed: 0 } });
    expect(await workspace.leftovers()).toEqual([]);
    expect(await workspace.status()).toMatchObject({ queue: { open: 2 } });
  });
});

import { describe, expect, it } from "vitest";
import { waitingAgent } from "../fixtures/cli-engine.ts";
import { gitTrap } from "../fixtures/cli-git-trap.ts";
import { cleanPerson, CliWorkspace } from "../fixtures/cli-workspace.ts";
import { fingerprint, git, temporaryFolder } from "../fixtures/git-repository.ts";

describe("kill -9 of the supervisor", () => {
  it("in the middle of an attempt: the next run sweeps, runs that attempt's task again, and lands nothing twice", async () => {
    const workspace = await CliWorkspace.create({
      tasks: [
        { id: "one", agent: "echo 1 > one.txt" },
        { id: "two", agent: waitingAgent("echo 2 > two.txt") },
        { id: "three", agent: "echo 3 > three.txt" },
      ],
    });
    const before = fingerprint(workspace.repository());
    const killed = workspace.start(["run", "--attended"]);
    await workspace.agentStarted(killed, "two.1");
    killed.kill("SIGKILL");
    expect(await killed.ended).toMatchObject({ signal: "SIGKILL" });
    const orphans = await workspace.leftovers();
    expect(orphans.length).toBeGreaterThan(2);
    expect(await workspace.status()).toMatchObject({
      activity: "crashed",
      owner: null,
      night: { finishedAt: null, attempts: [{ task: "two", number: 1, step: "agent" }] },
    });
    const status = await workspace.call("status");
    expect(status.stdout).toContain("it crashed");
    expect(status.stdout).toContain("It goes on with: nightwarden run");

    const next = workspace.start(["run", "--attended"]);
    await workspace.releaseAgent(next, "two.2");
    const { exitCode, stdout, stderr } = await next.ended;
    expect(stderr).toContain(`the last run (pid ${killed.pid}) ended without a word`);
    expect(stderr).toContain("goes on after a crash");
    expect(exitCode).toBe(0);
    expect(stdout).toContain("3 of 3 tasks landed");
    expect(stdout).toContain("went on after a crash");
    expect(await workspace.leftovers()).toEqual([]);

    const events = await workspace.verifiedEvents();
    expect(workspace.journals()).toHaveLength(1);
    expect(workspace.eventsOf("night.resumed")).toEqual([{ crashedPid: killed.pid }]);
    const swept = workspace.eventsOf("leftovers.removed").map((data) => data.containers + data.volumes);
    expect(swept).toEqual([orphans.length]);
    expect(
      workspace.eventsOf("attempt.finished").map(({ attempt, outcome }) => [attempt, outcome.kind]),
    ).toEqual([
      ["one.1", "landed"],
      ["two.1", "failed"],
      ["two.2", "landed"],
      ["three.1", "landed"],
    ]);
    expect(events.filter(({ type }) => type === "landing.finished")).toHaveLength(3);
    expect(workspace.landedTitles()).toEqual(["Do one", "Do two", "Do three"]);
    expect(fingerprint(workspace.repository())).toEqual(before);
  });

  const ends = {
    /** The shadow's branch moves: this is the landing. */
    landing: "*update-ref\\ refs/heads/nightwarden/*",
    /** The branch of the user's repository moves. */
    delivery: "*update-ref\\ --no-deref*",
  };
  it.each([
    { step: "landing", action: "kill-before", attempts: ["one.1", "one.2", "two.1"] },
    { step: "landing", action: "kill-after", attempts: ["one.1", "two.1"] },
    { step: "delivery", action: "kill-before", attempts: ["one.1", "two.1"] },
    { step: "delivery", action: "kill-after", attempts: ["one.1", "two.1"] },
  ] as const)(
    "between the $step's two events ($action): it is done once, and the journal says so",
    async ({ step, action, attempts }) => {
      const workspace = await CliWorkspace.create({
        tasks: [
          { id: "one", agent: "echo 1 >> one.txt" },
          { id: "two", agent: "echo 2 >> two.txt" },
        ],
      });
      const { env } = await cleanPerson(temporaryFolder());
      const trap = await gitTrap({ call: ends[step], action, path: env["PATH"] ?? "" });
      trap.arm();
      const killed = workspace.start(["run", "--attended"], { env: { PATH: trap.path } });
      expect(await killed.ended).toMatchObject({ signal: "SIGKILL" });
      expect(trap.hasSprung()).toBe(true);
      expect(workspace.events().at(-1)?.type).toBe(`${step}.started`);
      const before = fingerprint(workspace.repository());

      expect(await workspace.night()).toMatchObject({ exitCode: 0 });
      expect(workspace.landedTitles()).toEqual(["Do one", "Do two"]);
      expect(git(workspace.repository(), "show", `${workspace.branch()}:one.txt`)).toBe("1");
      expect(workspace.eventsOf("attempt.started").map(({ attempt }) => attempt)).toEqual(attempts);
      const landed = workspace.eventsOf("landing.finished").map(({ task }) => task);
      expect(landed).toEqual(["one", "two"]);
      expect(await workspace.results()).toEqual({ one: "landed", two: "landed" });
      expect((await workspace.summary()).repositories[0]).toMatchObject({ landed: 2, delivered: true });
      await workspace.verifiedEvents();
      expect(fingerprint(workspace.repository())).toEqual(before);
    },
  );

  it("after which the plan was changed: the old night is closed as given up, and a new one begins", async () => {
    const tasks = [{ id: "one", agent: waitingAgent("echo 1 > one.txt") }];
    const workspace = await CliWorkspace.create({ tasks });
    const killed = workspace.start(["run", "--attended"]);
    await workspace.agentStarted(killed, "one.1");
    killed.kill("SIGKILL");
    await killed.ended;
    const [first] = workspace.events();
    workspace.write("tasks.yaml", {
      version: 1,
      tasks: [{ id: "one", title: "Do it better", kind: "add", prompt: "Please.", agent: "one" }],
    });
    const next = workspace.start(["run", "--attended"]);
    await workspace.releaseAgent(next, "one.2");
    expect(await next.ended).toMatchObject({ exitCode: 0 });
    expect(workspace.journals()).toHaveLength(2);
    expect(workspace.landedTitles()).toEqual(["Do it better"]);
    const old = await workspace.call("summary", first?.night ?? "");
    expect(old.stdout).toContain("Given up after a crash");
    await workspace.verifiedEvents();
  });
});

describe("a second run in the same workspace", () => {
  it("is refused while one works, with its process and start; so are commands that write", async () => {
    const workspace = await CliWorkspace.create({
      tasks: [{ id: "one", agent: waitingAgent("echo 1 > one.txt") }],
    });
    const first = workspace.start(["run", "--attended"]);
    await workspace.agentStarted(first, "one.1");
    const { owner, activity } = await workspace.status();
    expect({ pid: owner?.pid, activity }).toEqual({ pid: first.pid, activity: "working" });
    expect(Date.parse(owner?.startedAt ?? "")).toBeLessThan(Date.now());
    const { night = "" } = workspace.events()[0] ?? {};
    for (const args of [
      ["run", "--attended"],
      ["rerun", "one"],
      ["deliver", night ?? ""],
    ]) {
      const refused = await workspace.call(...args);
      expect(refused).toMatchObject({ exitCode: 3, stdout: "" });
      expect(refused.stderr).toContain(`this workspace is in use by process ${first.pid} on `);
      expect(refused.stderr).toContain(`since ${owner?.startedAt}`);
    }
    expect(await workspace.call("check")).toMatchObject({ exitCode: 0 });
    await workspace.releaseAgent(first, "one.1");
    expect(await first.ended).toMatchObject({ exitCode: 0 });
    expect(workspace.journals()).toHaveLength(1);
  });
});

import { describe, expect, it } from "vitest";
import { waitingAgent } from "../fixtures/cli-engine.ts";
import { CliWorkspace } from "../fixtures/cli-workspace.ts";
import { git } from "../fixtures/git-repository.ts";

describe("the queue across nights", () => {
  it("starts a failed task again only after rerun, and what has landed never", async () => {
    const workspace = await CliWorkspace.create({
      tasks: [
        { id: "good", agent: "echo 1 > good.txt" },
        { id: "bad", agent: "true" },
      ],
    });
    expect(await workspace.night()).toMatchObject({ exitCode: 4 });
    const waiting = "nothing to start: bad failed before; nightwarden rerun TASK puts one back\n";
    expect(await workspace.night()).toMatchObject({ exitCode: 1, stdout: waiting });
    const asJson = await workspace.night("--json");
    expect(JSON.parse(asJson.stdout)).toEqual({ version: 1, night: null, waiting: ["bad"] });
    expect(workspace.journals()).toHaveLength(1);

    for (const [ids, meant] of [
      [["bda"], 'there is no task "bda"; did you mean "bad"?'],
      [["bad", "good"], 'nothing was changed: "good" has landed'],
    ] as const) {
      const refused = await workspace.call("rerun", ...ids);
      expect(refused).toMatchObject({ exitCode: 2, stdout: "" });
      expect(refused.stderr).toContain(meant);
    }
    expect(await workspace.status()).toMatchObject({ queue: { open: 0, landed: 1, failed: 1 } });

    const back = await workspace.call("rerun", "bad", "--reason", "the agent is better now");
    expect(back).toMatchObject({ exitCode: 0, stdout: "back in the queue: bad\n" });
    expect((await workspace.call("rerun", "bad")).stderr).toContain('"bad" is in the queue already');
    expect(await workspace.status()).toMatchObject({ queue: { open: 1, landed: 1, failed: 0 } });
    workspace.setAgent("bad", "echo 1 > bad.txt");
    expect(await workspace.night()).toMatchObject({ exitCode: 0 });
    expect(workspace.eventsOf("attempt.started").map(({ attempt }) => attempt)).toEqual(["bad.2"]);
    expect(workspace.landedTitles()).toEqual(["Do bad"]);

    const nothing = await workspace.night();
    expect(nothing).toMatchObject({ exitCode: 0, stdout: "nothing to do: every task has landed\n" });
    expect(workspace.journals()).toHaveLength(2);
    await workspace.verifiedEvents();
  });

  it("does a task only where what it depends on is there: merged by a person, or continued from", async () => {
    const workspace = await CliWorkspace.create({
      tasks: [
        { id: "one", agent: "echo 1 > one.txt" },
        { id: "two", agent: waitingAgent("cat one.txt > two.txt"), dependsOn: ["one"] },
      ],
    });
    const first = workspace.start(["run", "--attended"]);
    await workspace.agentStarted(first, "two.1");
    first.kill("SIGINT");
    expect(await first.ended).toMatchObject({ exitCode: 130 });

    const second = await workspace.night();
    expect(second.exitCode).toBe(1);
    expect(second.stdout).toContain('dependency-unmerged: "one" landed in an earlier night');
    expect(workspace.eventsOf("attempt.started")).toEqual([]);

    workspace.setBase("continue");
    const third = workspace.start(["run", "--attended"]);
    await workspace.releaseAgent(third, "two.2");
    expect(await third.ended).toMatchObject({ exitCode: 0 });
    expect(workspace.journals()).toHaveLength(3);
    expect(workspace.landedTitles()).toEqual(["Do one", "Do two"]);
    expect(git(workspace.repository(), "show", `${workspace.branch()}:two.txt`)).toBe("1");
    await workspace.verifiedEvents();
  });

  it("puts a delivery off while the night's branch is checked out, says so, and deliver makes up for it", async () => {
    const workspace = await CliWorkspace.create({
      tasks: [
        { id: "one", agent: "echo 1 > one.txt" },
        { id: "two", agent: waitingAgent("echo 2 > two.txt") },
      ],
    });
    const repository = workspace.repository();
    const night = workspace.start(["run", "--attended"]);
    await workspace.agentStarted(night, "two.1");
    const branch = workspace.branch();
    const id = branch.replace("nightwarden/", "");
    git(repository, "checkout", "--quiet", branch);
    const first = git(repository, "rev-parse", branch);
    await workspace.releaseAgent(night, "two.1");
    const { exitCode, stdout } = await night.ended;
    expect(exitCode).toBe(0);
    expect(stdout).toContain("2 of 2 tasks landed");
    expect(stdout).toContain("Fetch results that could not be delivered");
    expect(stdout).toContain(`nightwarden deliver ${id}`);
    const { stdout: markdown } = await workspace.call("summary", "--markdown");
    expect(markdown).toContain("2 landed, NOT delivered: the branch is checked out in");
    expect(git(repository, "rev-parse", branch)).toBe(first);
    expect(git(repository, "status", "--porcelain")).toBe("");

    const still = await workspace.call("deliver", id);
    expect(still.exitCode).toBe(3);
    expect(still.stdout).toContain("app: not delivered: the branch is checked out");
    git(repository, "checkout", "--quiet", "main");
    const delivered = await workspace.call("deliver", id);
    expect(delivered).toMatchObject({ exitCode: 0, stdout: `app: delivered ${branch}\n` });
    expect(workspace.landedTitles()).toEqual(["Do one", "Do two"]);
    expect((await workspace.call("summary")).stdout).not.toContain("NOT delivered");
    const again = await workspace.call("deliver", id);
    expect(again).toMatchObject({ exitCode: 0, stdout: "nothing of that night is left to deliver\n" });
    await workspace.verifiedEvents();
  });
});

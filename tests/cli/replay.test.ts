import { describe, expect, it, vi } from "vitest";
import type { EventData } from "../../src/core/event.ts";
import { CliWorkspace, GO_ON, NODE_PROJECT, type RepositorySpec } from "../fixtures/cli-workspace.ts";

/** Several nights in a test, with some runs of the tests in each. */
vi.setConfig({ testTimeout: 480_000 });

const PYTEST: RepositorySpec = {
  files: {
    "tally.py": "def total(numbers):\n    return sum(numbers)\n",
    "tests/test_tally.py": [
      "import sys",
      'sys.path.insert(0, ".")',
      "from tally import total",
      "",
      "def test_total():",
      "    assert total([1, 2]) == 3",
      "",
      "def test_nothing():",
      "    assert total([]) == 0",
      "",
    ].join("\n"),
  },
  verify: ["python3 -m pytest -q"],
  packages: ["python3", "python3-pytest"],
};

function replayOf(workspace: CliWorkspace, task: string): EventData<"replay.finished"> {
  const last = workspace.eventsOf("replay.finished").findLast((each) => each.task === task);
  if (!last) throw new Error(`there was no replay of ${task}`);
  return last;
}

/** `add` gives text from now on, and its test says so. */
const contract = {
  id: "contract",
  kind: "refactor",
  agent: "sed -i 's/a + b/String(a + b)/' src/add.mjs; sed -i 's/2), 3/2), \"3\"/' test/add.test.mjs",
};

describe("a contract that is to change", () => {
  it("does not land without the grant, and lands with it, which the record says", async () => {
    const without = await CliWorkspace.create({ tasks: [contract] });
    const { stderr, stdout, exitCode } = await without.night();
    expect(exitCode).toBe(4);
    expect(stderr).toMatch(/contract: replay does not hold \(1 test, \d runs, /);
    expect(await without.results()).toEqual({ contract: "replay-failed" });
    expect(stdout).toContain('Only its own tests pass: test/add.test.mjs: "adds" does not pass');
    expect(without.branches()).toEqual(["refs/heads/main"]);
    expect(without.shadowRefs().filter((ref) => ref.includes("attempts/"))).toEqual([]);

    const granted = await CliWorkspace.create({
      tasks: [{ ...contract, grants: { tests: ["test/add.test.mjs"] } }],
    });
    expect(await granted.night()).toMatchObject({ exitCode: 0 });
    expect(replayOf(granted, "contract").findings).toMatchObject([
      { rule: "replay-granted", level: "warn", path: "test/add.test.mjs" },
    ]);
    const [task] = (await granted.summary()).tasks;
    expect(task?.replay).toMatchObject({ runner: "node", comparedBy: "tests", tests: 1 });
  });

  it("lands where the policy has switched the replay off, with a reason that the summary prints", async () => {
    const policy = {
      reason: "The tests of this repository are about to be written anew",
      changes: { checks: { replay: "off" } },
    };
    const off = await CliWorkspace.create({ tasks: [contract], policy });
    await off.night();
    expect(await off.results()).toEqual({ contract: "landed" });
    expect(off.eventsOf("replay.started")).toEqual([]);
    const { loosened, loosenedReason } = await off.summary();
    expect(loosened).toContainEqual({ key: "checks.replay", specified: "required", used: "off" });
    expect(loosenedReason).toBe(policy.reason);
    // Without a reason nothing starts.
    const unreasoned = await CliWorkspace.create({ tasks: [contract], policy: { changes: policy.changes } });
    expect(await unreasoned.night()).toMatchObject({ exitCode: 2 });
  });
});

describe("a repository that is tested with pytest", () => {
  it("has each test compared: what ends the runner with 0, or changes an assertion, does not land", async () => {
    const workspace = await CliWorkspace.create({
      repositories: { tally: PYTEST },
      policy: GO_ON,
      tasks: [
        {
          id: "honest",
          agent:
            "printf 'def mean(numbers):\\n    return total(numbers) / len(numbers)\\n' >> tally.py; printf 'from tally import mean\\n\\ndef test_mean():\\n    assert mean([1, 3]) == 2\\n' > tests/test_mean.py; sed -i '1i import sys; sys.path.insert(0, \".\")' tests/test_mean.py",
        },
        {
          id: "hook",
          agent:
            "sed -i 's/sum(numbers)/0/' tally.py; printf 'import os\\n\\ndef pytest_sessionfinish(session):\\n    os._exit(0)\\n' > tests/conftest.py",
        },
      ],
    });
    await workspace.night();
    expect(replayOf(workspace, "honest")).toMatchObject({
      runner: "pytest",
      comparedBy: "tests",
      findings: [],
    });
    expect(replayOf(workspace, "honest").runs.map(({ tree, tests }) => ({ tree, tests }))).toEqual([
      { tree: "base", tests: { passed: 2, failed: 0, skipped: 0 } },
      { tree: "head", tests: { passed: 3, failed: 0, skipped: 0 } },
      { tree: "old-tests", tests: { passed: 2, failed: 0, skipped: 0 } },
      // A file that cannot be collected ends the whole run.
      { tree: "new-tests", tests: { passed: 0, failed: 1, skipped: 0 } },
    ]);
    const results = await workspace.results();
    expect(results["honest"]).toBe("landed");
    expect(results["hook"]).toMatch(/^(?:replay-failed|check-blocked)$/);
  });
});

describe("a repository whose runner names no tests", () => {
  it("is compared by exit code: old tests on the new source, new tests on the old; and this is said", async () => {
    const workspace = await CliWorkspace.create({
      repositories: {
        app: {
          files: { "value.txt": "1\n", "tests/check.sh": "grep -qx 1 value.txt\n" },
          verify: ["sh tests/check.sh"],
        },
      },
      policy: GO_ON,
      tasks: [
        { id: "cheat", agent: "echo 2 > value.txt; echo true > tests/check.sh" },
        {
          id: "honest",
          kind: "fix",
          agent: "echo 1 > other.txt; echo 'grep -qx 1 value.txt && test -e other.txt' > tests/check.sh",
        },
        { id: "plain", agent: "echo 1 > third.txt" },
      ],
    });
    const { stderr } = await workspace.night();
    expect(await workspace.results()).toEqual({ cheat: "replay-failed", honest: "landed", plain: "landed" });
    expect(replayOf(workspace, "honest")).toMatchObject({
      comparedBy: "exit-code",
      runner: "exit-code",
      findings: [],
    });
    expect(replayOf(workspace, "honest").runs.map(({ tree, green }) => ({ tree, green }))).toEqual([
      { tree: "old-tests", green: true },
      { tree: "new-tests", green: false },
    ]);
    expect(stderr).toMatch(/honest: replay holds \(by exit code alone, 2 runs, /);
    expect(stderr).toContain("plain: nothing to replay: no test changed, and none has a name");
    expect(replayOf(workspace, "plain").runs).toEqual([]);
  });
});

it("a repository says how its tests are run", async () => {
  const workspace = await CliWorkspace.create({
    repositories: {
      app: {
        ...NODE_PROJECT,
        verify: ["true"],
        tests: { runner: "node", command: "node --test 'test/*.mjs'" },
      },
    },
    tasks: [contract],
  });
  await workspace.night();
  const { runner, comparedBy } = replayOf(workspace, "contract");
  expect({ runner, comparedBy }).toEqual({ runner: "node", comparedBy: "tests" });
  expect(await workspace.results()).toEqual({ contract: "replay-failed" });
});

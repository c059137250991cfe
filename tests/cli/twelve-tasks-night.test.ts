import { execFileSync } from "node:child_process";
import { expect, it, vi } from "vitest";
import type { NightwardenEvent } from "../../src/core/event.ts";
import { CliWorkspace, NODE_PROJECT, type TaskSpec } from "../fixtures/cli-workspace.ts";
import { git, temporaryFolder } from "../fixtures/git-repository.ts";

vi.setConfig({ testTimeout: 600_000 });

const writes = (path: string, text: string): string =>
  `mkdir -p ${path.split("/")[0] ?? "."}; cat >> ${path} <<'END'\n${text}\nEND\n`;
const adds = (name: string): string => writes(`src/${name}.mjs`, `export const ${name} = 1;`);
const BREAKS = "sed -i 's/a + b/a - b/' src/add.mjs\n";

/** What every task's own tests do not see: the parts together. */
const TOGETHER = [
  'import { existsSync } from "node:fs";',
  'if (!existsSync("queue/limit.mjs")) process.exit(0);',
  'const { limit } = await import("./queue/limit.mjs");',
  "if (limit > 10) throw new Error(`a queue of ${limit} does not fit`);",
  "",
].join("\n");

const AFTER_FIRST = ["one", "left", "right"];
const ON_QUEUE = { files: ["queue/**"] };

/**
 * The order that follows from priorities, dependencies and files: the cheat fails; one, left and right land; then the
 * queue and what builds on it, which makes five, and a red checkpoint; then all the rest, with a chain that fails.
 */
const TASKS: readonly TaskSpec[] = [
  {
    id: "cheat",
    priority: 9,
    ...ON_QUEUE,
    agent: `${BREAKS}sed -i 's/add(1, 2), 3/add(1, 2), -1/' test/add.test.mjs\n`,
  },
  { id: "one", priority: 8, agent: adds("one") },
  {
    id: "left",
    priority: 8,
    files: ["src/both.mjs"],
    agent: writes("src/both.mjs", "export const left = 1;"),
  },
  { id: "right", files: ["src/both.*"], agent: writes("src/both.mjs", "export const right = 1;") },
  {
    id: "queue",
    ...ON_QUEUE,
    priority: 5,
    dependsOn: AFTER_FIRST,
    agent: writes("queue/limit.mjs", "export const limit = 100;"),
  },
  {
    id: "on-queue",
    ...ON_QUEUE,
    priority: 5,
    dependsOn: ["queue"],
    agent: writes("queue/more.mjs", 'export { limit } from "./limit.mjs";'),
  },
  { id: "later", ...ON_QUEUE, dependsOn: AFTER_FIRST, agent: adds("later") },
  { id: "two", dependsOn: ["later"], agent: adds("two") },
  { id: "three", dependsOn: ["later"], agent: adds("three") },
  { id: "chain-1", dependsOn: ["later"], agent: BREAKS },
  { id: "chain-2", dependsOn: ["chain-1"], agent: adds("never") },
  { id: "chain-3", dependsOn: ["chain-2"], agent: adds("never") },
];

/** The tasks that had an open attempt, after each event. */
function openTasks(events: readonly NightwardenEvent[]): ReadonlySet<string>[] {
  let open: ReadonlySet<string> = new Set();
  return events.map(({ type, data }) => {
    if (type === "attempt.started") open = new Set([...open, data.task]);
    if (type === "attempt.finished") open = new Set([...open].filter((task) => task !== data.task));
    return open;
  });
}

it("a night of twelve tasks goes as its dependencies, files and checkpoints say, and what is left on the branch is whole", async () => {
  const workspace = await CliWorkspace.create({
    repositories: {
      app: {
        ...NODE_PROJECT,
        files: { ...NODE_PROJECT.files, "together.mjs": TOGETHER },
        fullVerify: ["node --test", "node together.mjs"],
      },
    },
    tasks: TASKS,
  });
  for (const phase of ["2a", "2b", "3"]) {
    const { exitCode, stderr } = await workspace.call(
      "promote",
      phase,
      "--force",
      "--reason",
      "the test is of phase 3",
    );
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  }
  const night = await workspace.night();
  const summary = await workspace.summary();
  expect({ end: summary.end, why: summary.why }).toMatchObject({ end: "queue-empty" });
  expect(night.exitCode).toBe(1);
  expect(Object.fromEntries(summary.tasks.map(({ id, result }) => [id, result]))).toEqual({
    cheat: "failed",
    one: "landed",
    left: "landed",
    right: "landed",
    queue: "failed",
    "on-queue": "skipped",
    later: "landed",
    two: "landed",
    three: "landed",
    "chain-1": "failed",
    "chain-2": "skipped",
    "chain-3": "skipped",
  });

  const events = await workspace.verifiedEvents();
  const open = openTasks(events);
  expect(Math.max(...open.map(({ size }) => size))).toBe(3);
  for (const together of open) {
    expect([...together].filter((task) => task === "left" || task === "right").length).toBeLessThan(2);
    const onQueue = [...together].filter((task) => ["cheat", "queue", "on-queue", "later"].includes(task));
    expect(onQueue.length).toBeLessThan(2);
  }

  // The cheat and the chain were tried twice, the second time with a digest; what they wrote never ran outside.
  const attempts = workspace.eventsOf("attempt.started");
  const anew = attempts.filter(({ candidate }) => candidate === undefined);
  expect(anew.filter(({ task }) => task === "cheat")).toHaveLength(2);
  expect(anew.filter(({ task }) => task === "chain-1")).toHaveLength(2);
  expect(anew.filter(({ task }) => task.startsWith("chain-") && task !== "chain-1")).toEqual([]);
  const skipped = workspace.eventsOf("task.finished").filter(({ result }) => result === "skipped");
  expect(Object.fromEntries(skipped.map(({ task, because }) => [task, because]))).toEqual({
    "on-queue": "queue",
    "chain-2": "chain-1",
    "chain-3": "chain-1",
  });

  // The red checkpoint: the one that did it is found, what builds on it goes with it, the others land again without an agent.
  const roles = workspace.eventsOf("landing.revoked").map(({ task, role }) => [task, role]);
  expect(Object.fromEntries(roles)).toEqual({
    one: "innocent",
    left: "innocent",
    right: "innocent",
    queue: "culprit",
    "on-queue": "dependent",
  });
  expect(
    attempts
      .filter(({ candidate }) => candidate !== undefined)
      .map(({ task }) => task)
      .toSorted(),
  ).toEqual(["left", "one", "right"]);
  // Whether the last two that land have one checkpoint or two depends on how close together they are.
  const [first, ...others] = workspace.eventsOf("checkpoint.finished");
  expect(first?.result).toBe("red");
  expect(new Set(others.map(({ result }) => result))).toEqual(new Set(["green"]));
  expect(others.at(-1)?.commit).toBe(git(workspace.repository(), "rev-parse", workspace.branch()));

  // What arrived is what landed and stayed, and it passes what the owner runs.
  expect(workspace.landedTitles().toSorted()).toEqual(
    ["one", "left", "right", "later", "two", "three"].map((id) => `Do ${id}`).toSorted(),
  );
  const checkout = temporaryFolder();
  git(workspace.repository(), "worktree", "add", "--quiet", checkout, workspace.branch());
  execFileSync(process.execPath, ["together.mjs"], { cwd: checkout });
  git(workspace.repository(), "worktree", "remove", "--force", checkout);
  expect(git(workspace.repository(), "status", "--porcelain")).toBe("");
});

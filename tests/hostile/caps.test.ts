import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CapName } from "../../src/core/cap.ts";
import type { EventData } from "../../src/core/event.ts";
import type { NightSummary } from "../../src/core/summary.ts";
import type { TaskSummary } from "../../src/core/task-summary.ts";
import { agentScript, CAPPED_PROGRAMS } from "../fixtures/capped-programs.ts";
import { CliWorkspace, type TaskSpec } from "../fixtures/cli-workspace.ts";
import { git } from "../fixtures/git-repository.ts";
import { launcherRoot, leftOfLauncher } from "../fixtures/launcher-root.ts";
import { startScriptedApi } from "../model-api/scripted-api.ts";
import type { Scenario, Turn } from "../model-api/scenario.ts";

/*
 * Every cap trips for real, in nights of the installed program, in containers and as users of their own: for each program
 * two tasks. The first has the cap and fails by it; the second is the control, has the phase's own caps, and lands. So the
 * task after every capped one lands as well.
 */
const KINDS = ["docker", "user"] as const;
type Kind = (typeof KINDS)[number];

/** Held by the kernel: the program is refused or slowed down, nothing is exceeded, and what it makes of it lands. */
const HELD: readonly { readonly name: string; readonly feels: string; readonly limits: object }[] = [
  {
    name: "openFiles",
    feels: `node -e 'const fs = require("node:fs"); try { for (let i = 0; i < 100; i += 1) fs.openSync("/etc/passwd"); console.log("not felt"); } catch (error) { console.log(error.code); }'`,
    limits: { openFiles: 64 },
  },
  {
    name: "tmp",
    feels:
      "dd if=/dev/zero of=/tmp/x bs=1M count=8 2>&1 | grep -o 'No space left' | head -1 | sed 's/No space left/ENOSPC/' | grep . || echo not felt",
    limits: { tmp: "4MiB" },
  },
  {
    name: "cpus",
    // The counter of the control group, of version 1 or 2: how busy the machine is does not matter.
    feels:
      "node -e 'const begun = Date.now(); while (Date.now() - begun < 1000);'; cat /sys/fs/cgroup/cpu/cpu.stat /sys/fs/cgroup/cpu.stat 2>/dev/null | grep -q '^nr_throttled [1-9]' && echo slower || echo not felt",
    limits: { cpus: 0.2 },
  },
];

const POLICY = {
  reason: "The test reaches caps on purpose, and shows that nothing is tried again after one",
  changes: { afterFailure: "breaker", breakerFailures: 2, retries: 1 },
};
const REPOSITORY = {
  files: { "README.md": "An app.\n", ".gitignore": "build/\n" },
  verify: ["true"],
};

/** What the last night of a workspace says about its tasks, and what is left of it; the workspace itself may be gone. */
interface NightFacts {
  readonly summary: NightSummary;
  readonly attempts: readonly EventData<"attempt.finished">[];
  readonly exitCode: number | null;
  readonly landedTitles: readonly string[];
  readonly shadowRefs: readonly string[];
  /** The content of a file on the night's branch. */
  readonly files: ReadonlyMap<string, string>;
}

async function nightOf(
  workspace: CliWorkspace,
  env: Readonly<Record<string, string>> = {},
): Promise<NightFacts> {
  const main = git(workspace.repository(), "rev-parse", "main");
  const { exitCode } = await workspace.start(["run", "--attended"], { env }).ended;
  await workspace.verifiedEvents(); // the chain is whole
  expect(git(workspace.repository(), "rev-parse", "main")).toBe(main);
  expect(await workspace.leftovers()).toEqual([]);
  const root = env["NIGHTWARDEN_LAUNCHER_ROOT"];
  if (root !== undefined) expect(leftOfLauncher(root)).toEqual([]);
  expect(workspace.eventsOf("leftovers.removed")).toEqual([]);
  const app = workspace.repository();
  const paths = git(app, "ls-tree", "--name-only", workspace.branch()).trim().split("\n");
  const texts = paths.filter((path) => path.endsWith(".txt"));
  return {
    exitCode,
    summary: await workspace.summary(),
    attempts: workspace.eventsOf("attempt.finished"),
    landedTitles: workspace.landedTitles(),
    shadowRefs: workspace.shadowRefs(),
    files: new Map(texts.map((path) => [path, git(app, "show", `${workspace.branch()}:${path}`).trim()])),
  };
}

function taskOf({ summary }: NightFacts, id: string): TaskSummary {
  const task = summary.tasks.find((each) => each.id === id);
  if (!task) throw new Error(`the night has no task ${id}`);
  return task;
}

/** The capped task has failed by its cap and was not tried again; its control has landed. */
function expectTripped(
  night: NightFacts,
  expected: {
    readonly capped: string;
    readonly control: string;
    readonly cap: CapName;
    readonly reason: string;
    readonly within: number;
  },
): void {
  const { capped, control, cap, reason, within } = expected;
  const task = taskOf(night, capped);
  const outcomes = night.attempts.filter((each) => each.task === capped).map(({ outcome }) => outcome);
  expect(outcomes).toMatchObject([{ kind: "failed", reason }]);
  expect(task).toMatchObject({ result: "failed", reason, attempts: 1, commit: null, cap: { name: cap } });
  const { limit = 0, seen = 0 } = task.cap ?? {};
  expect(seen).toBeGreaterThanOrEqual(limit);
  expect(seen).toBeLessThanOrEqual(limit * within);
  expect(task.why).toContain(cap);
  expect(taskOf(night, control)).toMatchObject({ result: "landed", cap: null });
}

const idOf = (index: number): string => `row-${index}`;

/** One night with every program: first with its cap, then without. */
async function nightOfPrograms(kind: Kind): Promise<NightFacts> {
  const tasks = CAPPED_PROGRAMS.flatMap(({ script, limits, verify }, index): TaskSpec[] => {
    const task = (id: string): TaskSpec => ({
      id,
      agent: agentScript(script, id),
      verify: [verify ?? "true"],
    });
    return [{ ...task(idOf(index)), limits }, task(`${idOf(index)}-control`)];
  });
  const held = HELD.flatMap(({ feels, limits }, index): TaskSpec[] => {
    const task = (id: string): TaskSpec => ({ id, agent: `(${feels}) > ${id}.txt` });
    return [{ ...task(`held-${index}`), limits: { ...limits } }, task(`held-${index}-control`)];
  });
  const workspace = await CliWorkspace.create({
    repositories: { app: REPOSITORY },
    policy: POLICY,
    sandbox: { kind },
    tasks: [...tasks, ...held],
  });
  const env: Record<string, string> = kind === "user" ? { NIGHTWARDEN_LAUNCHER_ROOT: launcherRoot() } : {};
  return await nightOf(workspace, env);
}

// Both nights mostly wait, so they take no longer together than one does alone.
const nights = new Map<Kind, NightFacts>();
beforeAll(async () => {
  const all = await Promise.all(KINDS.map(async (kind) => [kind, await nightOfPrograms(kind)] as const));
  for (const [kind, night] of all) nights.set(kind, night);
}, 600_000);

describe.each(KINDS)("every cap of a program without a model: %s", (kind) => {
  let night: NightFacts;
  beforeAll(() => {
    const found = nights.get(kind);
    if (!found) throw new Error(`there was no night of the kind ${kind}`);
    night = found;
  });

  it.each(CAPPED_PROGRAMS.map((row, index) => ({ ...row, index })))(
    "$cap: a task that $name fails by it and is not tried again; under the phase's caps it lands",
    ({ index, cap, reason, within = 1 }) => {
      const capped = idOf(index);
      expectTripped(night, { capped, control: `${capped}-control`, cap, reason, within });
    },
  );

  it.each(HELD.map((row, index) => ({ ...row, index })))(
    "$name is felt inside, and nothing is exceeded; without it, it is not felt",
    ({ index }) => {
      const felt = (id: string): string | undefined => night.files.get(`${id}.txt`);
      expect(taskOf(night, `held-${index}`)).toMatchObject({ result: "landed", cap: null });
      expect(["EMFILE", "ENOSPC", "slower"]).toContain(felt(`held-${index}`));
      expect(felt(`held-${index}-control`)).toBe("not felt");
    },
  );

  it("the night went on to its end, and its branch has the controls' commits and no other", () => {
    const { exitCode, summary, landedTitles, shadowRefs } = night;
    expect(exitCode).toBe(1);
    expect(summary.isolation).toBe(kind);
    expect(summary.end).toBe("queue-empty");
    const landed = summary.tasks.filter(({ result }) => result === "landed").map(({ title }) => title);
    expect(landedTitles).toEqual(landed);
    expect(landed).toHaveLength(CAPPED_PROGRAMS.length + 2 * HELD.length);
    expect(shadowRefs.filter((ref) => /row-\d+\./.test(ref))).toEqual([]);
  });

  it("a run that was ended at once was not waited for: nobody slept for ten minutes", () => {
    for (const task of night.summary.tasks) expect(task.durationMs).toBeLessThan(120_000);
  });
});

describe("the caps on what a model is used for", () => {
  let api: Awaited<ReturnType<typeof startScriptedApi>>;
  beforeAll(async () => void (api = await startScriptedApi()));
  afterAll(async () => await api.stop());

  it("tokens and cost: a task fails by each and is not tried again; under the phase's caps it lands", async () => {
    const USAGE = { input: 4000, cacheRead: 0, cacheWrite: 0, output: 500 };
    const turns = (id: string): Turn[] => [
      {
        kind: "reply",
        text: "I write.",
        calls: [{ tool: "write", path: `${id}.txt`, content: id }],
        usage: USAGE,
      },
      { kind: "reply", text: "Done.", usage: USAGE },
    ];
    const rows = [
      { cap: "tokens", limits: { tokens: 3000 }, reason: "cap-tokens" },
      { cap: "cost", limits: { cost: 0.005 }, reason: "cap-cost" },
    ] as const;
    const ids = rows.flatMap(({ cap }) => [cap, `${cap}-control`]);
    const scenario: Scenario = {
      turns: [{ kind: "reply", text: "Hello!" }],
      byPrompt: ids.map((id) => ({ includes: `Do ${id}, please`, turns: turns(id) })),
    };
    await api.program("caps", scenario);
    const workspace = await CliWorkspace.create({
      repositories: { app: REPOSITORY },
      policy: POLICY,
      clients: {
        claude: {
          kind: "claude",
          model: "claude-sonnet-4-5",
          credentials: { env: "TEST_KEY" },
          upstream: { url: api.url("caps"), caFile: api.caFile },
        },
      },
      tasks: rows.flatMap(({ cap, limits }): TaskSpec[] => [
        { id: cap, agent: { client: "claude" }, limits },
        { id: `${cap}-control`, agent: { client: "claude" } },
      ]),
    });
    const night = await nightOf(workspace, { TEST_KEY: "sk-ant-api03-of-the-caps-0f9a2b7c" });
    for (const { cap, reason } of rows)
      expectTripped(night, { capped: cap, control: `${cap}-control`, cap, reason, within: 10 });
    expect(night.landedTitles).toEqual(["Do tokens-control", "Do cost-control"]);
  }, 300_000);
});

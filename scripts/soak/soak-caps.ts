/** Many tasks with random caps that trip, several at one time, in real sandboxes and with the real git: scripts/soak-caps. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { composeNight } from "../../src/compose/night.ts";
import { openBackEnd } from "../../src/compose/sandboxes.ts";
import { newRedaction, openJournals, workspaceIdOf } from "../../src/compose/workspace.ts";
import { loadConfig, type LoadedWorkspace } from "../../src/config/load-config.ts";
import { replay, type NightState } from "../../src/core/night-state.ts";
import { leftInDocker, leftOfLauncher } from "./left-behind.ts";
import { MemorySamples } from "./memory-samples.ts";
import { soakNight } from "./soak-night.ts";
import { soakTasks, type SoakTask } from "./soak-tasks.ts";

const { values } = parseArgs({
  options: {
    tasks: { type: "string", default: "50" },
    parallel: { type: "string", default: "4" },
    seed: { type: "string", default: "1" },
    sandbox: { type: "string", default: "docker" },
    json: { type: "boolean", default: false },
  },
});
const [count, parallel, seed] = [Number(values.tasks), Number(values.parallel), Number(values.seed)];
const { sandbox } = values;
if (sandbox !== "docker" && sandbox !== "user") throw new TypeError("--sandbox is docker or user");
const folder = mkdtempSync(join(tmpdir(), "nightwarden-soak-"));
/** Where the launcher keeps what it makes: this run's own, so that what is left there is this run's. */
const launcherRoot = join(folder, "launcher");
process.env["NIGHTWARDEN_LAUNCHER_ROOT"] = launcherRoot;
let isGood = false;
try {
  const report = await soak();
  isGood = report.problems.length === 0;
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : words(report));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(isGood ? 0 : 1);

type Report = Awaited<ReturnType<typeof soak>>;

async function soak() {
  const tasks = soakTasks(count, seed);
  const workspace = await makeWorkspace(tasks);
  const backEnd = await openBackEnd(workspace);
  const redaction = newRedaction();
  const journals = openJournals(join(folder, "night"), "0.0.0", redaction);
  const onProgress = (): void => undefined;
  const deps = await composeNight({ workspace, journals, backEnd, redaction, onProgress });
  const memory = new MemorySamples();
  const begunMs = performance.now();
  const state = await soakNight({
    deps,
    workspace,
    parallel,
    isolation: backEnd.isolation,
    afterAttempt: (task) => {
      memory.take();
      if (!values.json) process.stderr.write(`${task} ended\n`);
    },
  });
  const durationMs = Math.round(performance.now() - begunMs);
  const owner = await workspaceIdOf(journals);
  const { events } = await journals.read(state.night);
  const { heap, rss } = memory.growth();
  const outcomes: Record<string, number> = {};
  for (const task of tasks) {
    const outcome = outcomeOf(state, task);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  const problems = [
    ...tasks.flatMap((task) => unexpected(state, task)),
    ...journalProblems(state, replay(state.night, events), events),
    ...(backEnd.engine
      ? await leftInDocker(backEnd.engine.docker, owner)
      : leftOfLauncher(launcherRoot, state)),
    ...refProblems(state, tasks),
    ...(heap.isFlat ? [] : [`the heap has grown by ${heap.grownBytes} bytes`]),
    ...(rss.isFlat ? [] : [`the process has grown by ${rss.grownBytes} bytes`]),
  ];
  return {
    version: 1,
    sandbox,
    tasks: count,
    parallel,
    seed,
    durationMs,
    outcomes,
    events: events.length,
    heap,
    rss,
    problems,
  };
}

async function makeWorkspace(tasks: readonly SoakTask[]): Promise<LoadedWorkspace> {
  const app = join(folder, "app");
  mkdirSync(app);
  git("init", "-q", "-b", "main");
  writeFileSync(join(app, ".gitignore"), "build/\n");
  git("add", "-A");
  git("commit", "-qm", "base");
  const workspaceDir = join(folder, "night");
  mkdirSync(workspaceDir);
  const agents = tasks.map(({ id, script }) => [id, { kind: "command", command: ["sh", "-c", script] }]);
  // JSON is YAML, too.
  const write = (name: string, content: object): void =>
    writeFileSync(join(workspaceDir, name), JSON.stringify(content));
  write("nightwarden.yaml", {
    version: 1,
    repositories: { app: { path: "../app", base: "main", verify: ["true"] } },
    agents: Object.fromEntries(agents) as object,
    agent: tasks[0]?.id,
    policy: "policy.yaml",
    limits: { memory: "512MiB" },
    sandbox: { kind: sandbox },
  });
  write("policy.yaml", {
    reason: "The soak goes on after every cap that it reaches on purpose",
    purpose: "demo",
    changes: { afterFailure: "breaker", breakerFailures: 2 },
  });
  const plan = tasks.map(({ id, verify, limits }) => {
    const rest = { title: `Do ${id}`, kind: "add", prompt: "Do it.", agent: id, verify: [verify] };
    return { id, ...rest, limits };
  });
  write("tasks.yaml", { version: 1, tasks: plan });
  const loaded = await loadConfig(workspaceDir);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  return loaded.value;
}

function outcomeOf(state: NightState, { id }: SoakTask): string {
  const task = [...state.tasks.values()].find((each) => each.id === id);
  const outcome = task?.attempts.at(-1)?.outcome;
  return outcome?.kind === "failed" ? outcome.reason : (outcome?.kind ?? "none");
}

function unexpected(state: NightState, task: SoakTask): string[] {
  const outcome = outcomeOf(state, task);
  return outcome === task.expected ? [] : [`${task.id} came to ${outcome}, not to ${task.expected}`];
}

/** Read anew, the journal tells the same night; every attempt has one outcome and every task one end. */
function journalProblems(
  state: NightState,
  replayed: NightState,
  events: readonly { readonly type: string; readonly data: unknown }[],
): string[] {
  const seen = new Map<string, number>();
  for (const { type, data } of events) {
    if (type !== "attempt.started" && type !== "attempt.finished" && type !== "task.finished") continue;
    const { attempt, task } = data as { readonly attempt?: string; readonly task: string };
    const key = `${type} of ${attempt ?? task}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  const began = [...seen.keys()].filter((key) => key.startsWith("attempt.started"));
  const missing = began.filter((key) => !seen.has(key.replace("started", "finished")));
  return [
    ...[...seen].filter(([, times]) => times !== 1).map(([key, times]) => `${key}: ${times} times`),
    ...missing.map((key) => `${key}: no end`),
    ...(JSON.stringify([...replayed.tasks]) === JSON.stringify([...state.tasks])
      ? []
      : ["the journal tells another night than was seen"]),
    // The breaker is asked when all have ended: it speaks up where the last tasks are failed ones.
    ...(["queue-empty", "breaker"].includes(replayed.end ?? "")
      ? []
      : [`the night ended as ${replayed.end}`]),
    ...(replayed.leftovers === 0 ? [] : [`${replayed.leftovers} leftovers had to be removed at the end`]),
  ];
}

/** The owner's repository has the night's branch beside its own; the shadow has the branch and the base. */
function refProblems(state: NightState, tasks: readonly SoakTask[]): string[] {
  const branch = `nightwarden/${state.night}`;
  const own = git("for-each-ref", "--format=%(refname:short)").trim().split("\n").toSorted();
  const landing = tasks.filter(({ expected }) => expected === "landed").map(({ id }) => `Do ${id}`);
  const landed = git("log", "--format=%s", `main..${branch}`).trim().split("\n");
  const shadow = execFileSync("git", [
    "--git-dir",
    join(folder, "night/.nightwarden/shadow/app.git"),
    "for-each-ref",
    "--format=%(refname)",
  ]).toString();
  const left = shadow
    .split("\n")
    .filter((ref) => tasks.some(({ id, expected }) => expected !== "landed" && ref.includes(`${id}.`)));
  return [
    ...(own.join() === ["main", branch].join() ? [] : [`the owner's refs are ${own.join()}`]),
    ...(landed.toSorted().join() === landing.toSorted().join()
      ? []
      : ["the branch has other commits than those that land"]),
    ...left.map((ref) => `left behind: ${ref}`),
  ];
}

function git(...args: string[]): string {
  const identity = ["-c", "user.name=soak", "-c", "user.email=soak@example.invalid"];
  return execFileSync("git", ["-C", join(folder, "app"), ...identity, ...args]).toString();
}

function words({ tasks, durationMs, outcomes, heap, rss, problems }: Report): string {
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const lines = [
    `${tasks} tasks in ${Math.round(durationMs / 1000)} s, ${parallel} at one time, sandbox ${sandbox}, seed ${seed}`,
    ...Object.entries(outcomes).map(([outcome, number]) => `  ${number} ${outcome}`),
    `heap ${mib(heap.warmBytes)} after warm-up, ${mib(heap.endBytes)} at the end (at most ${mib(heap.maxGrownBytes)} more)`,
    `process ${mib(rss.warmBytes)} after warm-up, ${mib(rss.endBytes)} at the end (at most ${mib(rss.maxGrownBytes)} more)`,
    problems.length === 0 ? "nothing left behind, journal whole, memory flat" : problems.join("\n"),
  ];
  return `${lines.join("\n")}\n`;
}

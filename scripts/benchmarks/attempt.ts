/** What the supervisor adds to an attempt, on the real engine and the real git. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openBackEnd } from "../../src/compose/sandboxes.ts";
import { composeNight } from "../../src/compose/night.ts";
import { newRedaction, openJournals } from "../../src/compose/workspace.ts";
import { loadConfig, type LoadedWorkspace } from "../../src/config/load-config.ts";
import type { ModelAccess } from "../../src/contracts/gateway.ts";
import type { NightDeps, NightOrder } from "../../src/night/deps.ts";
import type { NightwardenEvent } from "../../src/core/event.ts";
import { runNight } from "../../src/night/run-night.ts";
import { benchOptions, interleaved, print, timed } from "./measure.ts";

/** A gateway is opened with it; the agent asks it nothing. */
const ACCESS: ModelAccess = {
  provider: "anthropic",
  credential: { kind: "api-key", value: "a-key-for-nothing" },
  upstream: { url: "https://api.invalid", ca: null, proxy: null },
  models: ["none"],
  maxOutputTokens: 1000,
  prices: {},
};

const options = benchOptions(15);
const folder = mkdtempSync(join(tmpdir(), "nightwarden-bench-"));
try {
  if (options.files === undefined) await benchAttempt();
  else await benchFiles(options.files);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit();

async function benchAttempt(): Promise<void> {
  const events: NightwardenEvent[] = [];
  makeRepository(3);
  const { image, run } = await makeNights(2 * options.rounds + 2, (event) => events.push(event));
  for (const [name, usesModel] of [
    ["overhead", false],
    ["overhead-with-gateway", true],
  ] as const) {
    const measured = await interleaved({
      bench: "attempt",
      case: name,
      rounds: options.rounds,
      floorName: "docker run --rm of the same container with true",
      floor: async () =>
        await timed(async () => await Promise.resolve(execFileSync("docker", dockerRun(image)))),
      run: async () => {
        events.length = 0;
        await run(usesModel);
        return overheadOf(events);
      },
    });
    print(measured, options.json);
  }
}

/** From the attempt's first event to its task's last, without what the agent and the verify commands took. */
function overheadOf(events: readonly NightwardenEvent[]): number {
  const at = (type: string): number => Date.parse(events.find((event) => event.type === type)?.at ?? "");
  const own = events
    .filter((event) => event.type === "sandbox.finished")
    .filter((event) => !event.data.attempt.startsWith("baseline"))
    .reduce((sum, event) => sum + event.data.end.durationMs, 0);
  return at("task.finished") - at("attempt.started") - own;
}

async function benchFiles(files: number): Promise<void> {
  makeRepository(files);
  const repositoryPath = join(folder, "app");
  const { deps } = await makeNights(1, () => undefined);
  const repository = deps.repositories.get("app");
  if (!repository) throw new Error("the bench's own repository is missing");
  const { commit } = await repository.prepare("main");
  const measured = await interleaved({
    bench: "attempt",
    case: `tree-of-${files}-files`,
    rounds: options.files === undefined ? options.rounds : 3,
    floorName: "git checkout-index of it and a read of the tree",
    floor: async () => {
      const target = join(folder, "floor");
      try {
        return await timed(async () => {
          execFileSync("git", ["-C", repositoryPath, "checkout-index", "--all", `--prefix=${target}/`]);
          for (const entry of readdirSync(target, { recursive: true, withFileTypes: true })) {
            if (entry.isFile()) readFileSync(join(entry.parentPath, entry.name));
          }
          await Promise.resolve();
        });
      } finally {
        rmSync(target, { recursive: true, force: true });
      }
    },
    run: async () => {
      const attempt = { task: "t", attempt: "t.1", token: randomBytes(16).toString("hex") } as never;
      const trees = await deps.trees.open({ attempt, slot: 0 });
      try {
        return await timed(async () => {
          await trees.fill("agent", repository.treeSource(commit));
          const limits = { files: 10_000_000, bytes: 2 ** 26, fileBytes: 2 ** 26 };
          const records = trees.capture({ tree: "agent", limits, ignore: [] });
          await repository.commitCapture({ attempt, base: commit, message: "bench\n", records });
          await trees.fill("verify", repository.treeSource(commit));
        });
      } finally {
        await trees.close();
      }
    },
  });
  print(measured, options.json);
}

function makeRepository(files: number): void {
  const path = join(folder, "app");
  mkdirSync(path);
  const git = (...args: string[]): void => {
    execFileSync("git", [
      "-C",
      path,
      "-c",
      "user.name=bench",
      "-c",
      "user.email=bench@example.invalid",
      ...args,
    ]);
  };
  git("init", "-q", "-b", "main");
  for (let file = 0; file < files; file += 1) {
    const directory = join(path, `d${Math.floor(file / 100)}`);
    if (file % 100 === 0) mkdirSync(directory);
    writeFileSync(join(directory, `f${file}.txt`), `${randomBytes(300).toString("hex")}\n`);
  }
  git("add", "-A");
  git("commit", "-qm", "base");
}

/** A workspace with one task after the other; each `run` is a night of one. */
async function makeNights(
  count: number,
  onEvent: (event: NightwardenEvent) => void,
): Promise<{ image: string; deps: NightDeps; run: (usesModel: boolean) => Promise<void> }> {
  const workspaceDir = join(folder, "night");
  mkdirSync(workspaceDir);
  const config = {
    version: 1,
    repositories: { app: { path: "../app", base: "main", verify: ["true"] } },
    agents: { default: { kind: "command", command: ["sh", "-c", "cat >> notes"] } },
  };
  const tasks = Array.from({ length: count }, (_, index) => ({
    id: `task-${index}`,
    title: `Task ${index}`,
    kind: "add",
    prompt: `line ${index}`,
  }));
  // JSON is YAML, too.
  writeFileSync(join(workspaceDir, "nightwarden.yaml"), JSON.stringify(config));
  writeFileSync(join(workspaceDir, "tasks.yaml"), JSON.stringify({ version: 1, tasks }));
  const loaded = await loadConfig(workspaceDir);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  const backEnd = await openBackEnd(loaded.value);
  const redaction = newRedaction();
  const journals = openJournals(workspaceDir, "0.0.0", redaction);
  const deps = await composeNight({
    workspace: loaded.value,
    journals,
    backEnd,
    redaction,
    onProgress: () => undefined,
  });
  const { id: image } = await backEnd.images.ensure("app", () => undefined);
  let next = 0;
  const run = async (usesModel: boolean): Promise<void> => {
    const order = orderOf(loaded.value, next, onEvent);
    next += 1;
    const changed: NightDeps = {
      ...deps,
      modelAccess: async () => await Promise.resolve(usesModel ? ACCESS : undefined),
      // Once a night, and not once an attempt.
      runProbes: async () => await Promise.resolve(),
    };
    await runNight(changed, order, new AbortController().signal);
  };
  return { image, deps, run };
}

function orderOf(
  workspace: LoadedWorkspace,
  index: number,
  onEvent: (event: NightwardenEvent) => void,
): NightOrder {
  const { policy, limits, policyHash, plan } = workspace;
  return {
    plan: { ...plan, tasks: plan.tasks.slice(index, index + 1) },
    policy,
    limits,
    policyHash,
    phase: policy.phase,
    isolation: "docker",
    purpose: "demo",
    attended: true,
    endsAt: undefined,
    crashedPid: null,
    loosened: [],
    loosenedReason: undefined,
    versions: {},
    bases: new Map([["app", "main"]]),
    verify: new Map([["app", ["true"]]]),
    onEvent,
    onProgress: () => undefined,
    onOutput: () => undefined,
  };
}

/** The command line for a container like a sandbox: the same limits, the same confinement, and nothing to do. */
function dockerRun(image: string): string[] {
  const flags = `run --rm --network none --read-only --cap-drop ALL --init --security-opt no-new-privileges
    --user 64001:64001 --ipc private --memory 2g --memory-swap 2g --cpus 2 --pids-limit 512
    --ulimit nofile=4096 --ulimit core=0 --ulimit fsize=536870912 --log-driver none
    --tmpfs /tmp:rw,nosuid,nodev,size=256m --tmpfs /home/agent:rw,nosuid,nodev,size=256m`;
  return [...flags.split(/\s+/), "--entrypoint", "", image, "true"];
}

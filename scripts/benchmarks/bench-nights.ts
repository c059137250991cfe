/** What the benches share: a repository, nights of one task each, and the commands of their floors. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { composeNight } from "../../src/compose/night.ts";
import { openBackEnd } from "../../src/compose/sandboxes.ts";
import { newRedaction, openJournals } from "../../src/compose/workspace.ts";
import { loadConfig, type LoadedWorkspace } from "../../src/config/load-config.ts";
import type { ModelAccess } from "../../src/contracts/gateway.ts";
import type { NightwardenEvent } from "../../src/core/event.ts";
import type { Limits } from "../../src/core/limits.ts";
import type { NightDeps, NightOrder } from "../../src/night/deps.ts";
import { runNight } from "../../src/night/run-night.ts";

/** A gateway is opened with it; the agent asks it nothing. */
const ACCESS: ModelAccess = {
  provider: "anthropic",
  credential: { kind: "api-key", value: "a-key-for-nothing" },
  upstream: { url: "https://api.invalid", ca: null, proxy: null },
  models: ["none"],
  maxOutputTokens: 1000,
  prices: {},
};

/** A repository with that many files, in `folder`. */
export function makeRepository(folder: string, files: number): void {
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

interface BenchNights {
  readonly image: string;
  readonly deps: NightDeps;
  readonly limits: Limits;
  readonly run: (usesModel: boolean) => Promise<void>;
}

/** A workspace with one task after the other; each `run` is a night of one. */
export async function makeNights(options: {
  /** With the repository. */
  readonly folder: string;
  readonly sandbox: "docker" | "user";
  /** As nightwarden.yaml has it. Absent: what it has by itself. */
  readonly treeBound?: "loop";
  readonly count: number;
  readonly onEvent: (event: NightwardenEvent) => void;
}): Promise<BenchNights> {
  const { folder, sandbox, treeBound, count, onEvent } = options;
  const workspaceDir = join(folder, `nights-${sandbox}`);
  mkdirSync(workspaceDir);
  const config = {
    version: 1,
    sandbox: { kind: sandbox, ...(treeBound ? { treeBound } : {}) },
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
  let canaries: ReturnType<NightDeps["runCanaries"]> | undefined;
  const run = async (usesModel: boolean): Promise<void> => {
    const order = { ...orderOf(loaded.value, next, onEvent), isolation: sandbox };
    next += 1;
    const changed: NightDeps = {
      ...deps,
      modelAccess: async () => await Promise.resolve(usesModel ? ACCESS : undefined),
      // Once a night, and not once an attempt.
      runProbes: async () => await Promise.resolve(),
      runCanaries: async (asked) => await (canaries ??= deps.runCanaries(asked)),
    };
    await runNight(changed, order, new AbortController().signal);
  };
  return { image, deps, limits: loaded.value.limits, run };
}

function orderOf(
  workspace: LoadedWorkspace,
  index: number,
  onEvent: (event: NightwardenEvent) => void,
): Omit<NightOrder, "isolation"> {
  const { policy, limits, policyHash, plan } = workspace;
  return {
    plan: { ...plan, tasks: plan.tasks.slice(index, index + 1) },
    policy,
    limits,
    policyHash,
    phase: policy.phase,
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

/** The command line for a container like a sandbox: the same limits and the same confinement around another command. */
export function dockerRun(image: string, command: readonly string[]): string[] {
  const flags = `run --rm --pull never --network none --read-only --cap-drop ALL --init --security-opt no-new-privileges
    --user 64001:64001 --ipc private --memory 2g --memory-swap 2g --cpus 2 --pids-limit 512
    --ulimit nofile=4096 --ulimit core=0 --ulimit fsize=536870912 --log-driver none
    --tmpfs /tmp:rw,nosuid,nodev,size=256m --tmpfs /home/agent:rw,nosuid,nodev,size=256m`;
  return [...flags.split(/\s+/), "--entrypoint", "", image, ...command];
}

/** The command line for name spaces like those of a user's sandbox, and nothing else of it. */
export function bwrapRun(command: readonly string[]): string[] {
  const flags = `--unshare-pid --unshare-net --unshare-ipc --unshare-uts --die-with-parent --new-session --ro-bind /usr /usr
    --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 --proc /proc --dev /dev --tmpfs /tmp`;
  return [...flags.split(/\s+/), "--", ...command];
}

import { createHash } from "node:crypto";
import type { Agent } from "../../src/contracts/agent.ts";
import type { Checks } from "../../src/contracts/checks.ts";
import type { GatewayRequest, ModelAccess } from "../../src/contracts/gateway.ts";
import type { Repository } from "../../src/contracts/repository.ts";
import type { SandboxJob, SandboxRequest } from "../../src/contracts/sandbox.ts";
import { SILENT_REPORT } from "../../src/core/agent-report.ts";
import { nightBranch, type NightId, type ObjectId } from "../../src/core/ids.ts";
import { NightwardenError } from "../../src/core/nightwarden-error.ts";
import type { Policy } from "../../src/core/policy.ts";
import type { NightDeps } from "../../src/night/deps.ts";
import type { MemoryObjects } from "../fakes/memory-objects.ts";
import { MemoryRepository } from "../fakes/memory-repository.ts";
import { agentPlan } from "./agent-plan.ts";
import type { JobPlan } from "./run-job.ts";
import type { Scenario } from "./scenario.ts";
import { SeededRandom } from "./seeded-random.ts";
import { SimBackEnd, SimEngine, type SimTree } from "./sim-engine.ts";
import { SimJournals } from "./sim-journals.ts";
import type { SimProcess } from "./sim-process.ts";
import { VirtualTime } from "./virtual-time.ts";

interface OwnFile {
  readonly first: string;
  readonly name: string | undefined;
  readonly half: string | undefined;
}

/** Everything outside the supervisor, in memory and driven by a seed: it stays when a process dies. */
export class SimWorld {
  readonly scenario: Scenario;
  readonly policy: Policy;
  readonly time: VirtualTime;
  readonly journals: SimJournals;
  readonly engine: SimEngine;
  readonly repositories = new Map<string, MemoryRepository>();
  private readonly verified = new Map<string, { isBroken: boolean; pairs: readonly string[] }>();
  private readonly ownFiles = new Map<ObjectId, OwnFile>();
  private readonly flakes: SeededRandom;
  private gitCalls = 0;
  private tokens = 0;

  constructor(scenario: Scenario, policy: Policy) {
    this.scenario = scenario;
    this.policy = policy;
    this.flakes = new SeededRandom(scenario.seed, "flakes");
    this.time = new VirtualTime(new SeededRandom(scenario.seed, "time"), scenario.jumps);
    this.journals = new SimJournals({ time: this.time, isSlow: scenario.slowDisk });
    this.engine = new SimEngine({ time: this.time, programs: this.programs });
    for (const repo of new Set(scenario.tasks.map((task) => task.repo))) {
      const repository = new MemoryRepository(repo, `/memory/${repo}`);
      repository.commitAsUser(baseFiles(scenario));
      this.repositories.set(repo, repository);
    }
    for (const fault of scenario.faults) {
      if (fault.kind === "engine-down")
        this.time.at(fault.atMs, () => this.engine.goDown(fault.forMs, fault.loses));
      if (fault.kind === "person") this.time.at(fault.atMs, () => this.actAsPerson(fault.does));
    }
  }

  /** What a night is given. All of it goes through the process. */
  depsOf(process: SimProcess): NightDeps {
    const backEnd = new SimBackEnd(this.engine, process);
    const { scenario } = this;
    return {
      clock: this.clockOf(process),
      journals: this.journals.storeOf(process),
      sandboxes: backEnd,
      trees: { open: async (options) => await backEnd.openTrees(options) },
      gateways: { open: async (request) => await backEnd.openGateway(request) },
      images: {
        ensure: async () =>
          await process.does(() => {
            this.engine.reach();
            return { id: "sha256:simulated", base: "simulated", built: false };
          }),
      },
      outputs: OUTPUTS,
      repositories: new Map(
        [...this.repositories].map(([name, each]) => [name, this.through(process, each)]),
      ),
      checks: CHECKS,
      agents: new Map(AGENTS.map((agent) => [agent.name, agent])),
      modelAccess: async () => await process.does(() => (scenario.models ? ACCESS : undefined)),
      runProbes: async () => await process.does(() => undefined, 2000),
      runCanaries: async () =>
        await process.does(() => ({
          isolation: "docker" as const,
          image: "sha256:simulated",
          canaries: [{ canary: "host-service", verdict: "held" as const, detail: "" }],
        })),
      memory: {
        budgetBytes: scenario.isTight ? 5 * 2 ** 30 : 2 ** 45,
        collectorBytes: 2 ** 20,
        gatewayBytes: 2 ** 20,
      },
      residue: [
        backEnd.residue,
        ...[...this.repositories.values()].map(({ residue }) => ({
          name: residue.name,
          count: async (scope: Parameters<typeof residue.count>[0]) =>
            await process.does(async () => await residue.count(scope)),
          weigh: async (found: Parameters<typeof residue.weigh>[0]) => await residue.weigh(found),
          remove: async (found: Parameters<typeof residue.remove>[0]) =>
            await process.does(async () => await residue.remove(found)),
        })),
      ],
      releaseShared: async () => await process.does(() => undefined),
      probe: async () => await backEnd.probe(),
      newToken: () => `token-${String((this.tokens += 1)).padStart(16, "0")}`,
      digest: (text) => createHash("sha256").update(text).digest("hex"),
      random: () => process.random.next(),
    };
  }

  private clockOf(process: SimProcess): NightDeps["clock"] {
    const { time } = this;
    return {
      now: () => time.now(),
      monotonicMs: () => time.monotonicMs(),
      waitUntil: async (at, signal) => {
        await process.does(async () => await time.waitUntil(at, signal));
      },
    };
  }

  /** A repository whose every call is a step of the process, and one of which fails where the scenario says so. */
  private through(process: SimProcess, repository: MemoryRepository): Repository {
    const call = async <T>(work: () => Promise<T>, maxMs = 300): Promise<T> =>
      await process.does(async () => {
        this.gitCalls += 1;
        const fails = this.scenario.faults.some(
          (fault) => fault.kind === "git-fails" && fault.atCall === this.gitCalls,
        );
        if (fails) throw new NightwardenError({ code: "infra.git", message: "git ended with exit code 128" });
        return await work();
      }, maxMs);
    return new Proxy(repository, {
      get: (target, key) => {
        const member: unknown = Reflect.get(target, key, target);
        if (typeof member !== "function") return member;
        if (key === "treeSource") return (commit: ObjectId) => target.treeSource(commit);
        const isQuick = key === "treeOf" || key === "tip";
        return async (...args: unknown[]) =>
          await call(
            async () => await (Reflect.apply(member, target, args) as Promise<unknown>),
            isQuick ? 0 : 300,
          );
      },
    });
  }

  private readonly programs = {
    agent: (request: SandboxRequest, tree: SimTree, gateway: GatewayRequest | undefined): JobPlan =>
      agentPlan({
        scenario: this.scenario,
        limits: this.policy.limits,
        request,
        tree,
        gateway,
        now: () => this.time.now(),
      }),
    verify: (_: SandboxRequest, tree: SimTree, job: SandboxJob): JobPlan => {
      const found = this.look(tree);
      const isFull = job.commands.some((command) => command.includes(FULL));
      const isRed = found.isBroken || (isFull && found.pairs.length > 0);
      const flakes = this.scenario.flaky > 0 && this.flakes.chance(this.scenario.flaky);
      const exitCode = isRed || flakes ? 1 : 0;
      return { takesMs: this.flakes.int(5000, 120_000), exitCode, failedCommand: exitCode === 0 ? null : 0 };
    },
  };

  /** What tests find in a tree: always the same. */
  look({ commit, objects }: Pick<SimTree, "commit" | "objects">): {
    readonly isBroken: boolean;
    /** Pairs of which both halves are there: what only the full verification sees. */
    readonly pairs: readonly string[];
  } {
    const { treeId, tree } = objects.commit(commit);
    const known = this.verified.get(treeId);
    if (known) return known;
    let isBroken = false;
    const halves = new Set<string>();
    const pairs: string[] = [];
    for (const [path, { oid }] of tree) {
      if (!path.startsWith("own/")) continue;
      const { first, name, half } = this.read(objects, oid);
      if (first === "broken") isBroken = true;
      if (name === undefined) continue;
      halves.add(`${name} ${half ?? ""}`);
      if (halves.has(`${name} 0`) && halves.has(`${name} 1`)) pairs.push(name);
    }
    const found = { isBroken, pairs: [...new Set(pairs)] };
    this.verified.set(treeId, found);
    return found;
  }

  /** What an agent's own file says: its first line, and which half of a pair it is. */
  private read(objects: MemoryObjects, oid: ObjectId): OwnFile {
    const known = this.ownFiles.get(oid);
    if (known) return known;
    const [first = "", second = ""] = objects.content(oid).toString("latin1").split("\n");
    const [, name, half] = /^pair (\d+) ([01])$/.exec(second) ?? [];
    const read = { first, name, half };
    this.ownFiles.set(oid, read);
    return read;
  }

  lastNight(): NightId | undefined {
    return this.journals.nights().at(-1);
  }

  private actAsPerson(does: "moves" | "deletes" | "checks-out" | "commits" | "leaves"): void {
    const night = this.lastNight();
    if (night === undefined) return;
    const branch = nightBranch(night);
    for (const { user, objects } of this.repositories.values()) {
      const at = user.branches.get(branch);
      const main = user.branches.get("main");
      if (does === "leaves") user.checkedOut = "main";
      if (at === undefined || main === undefined) continue;
      if (does === "checks-out") user.checkedOut = branch;
      if (does === "deletes") user.branches.delete(branch);
      if (does === "moves") user.branches.set(branch, main);
      if (does === "commits") user.branches.set(branch, objects.make(at, [], "mine").id);
    }
  }

  /** Between two nights, the person merges what has arrived. */
  mergeAll(): void {
    for (const { user, objects } of this.repositories.values()) {
      const main = user.branches.get("main");
      for (const [name, at] of user.branches) {
        if (name === "main" || main === undefined) continue;
        if (objects.isAncestor(main, at)) user.branches.set("main", at);
      }
      user.checkedOut = "main";
    }
  }
}

export const CHECK = "check";
export const FULL = "full";

function baseFiles({ tasks }: Scenario): Record<string, string> {
  const modules = Math.max(0, ...tasks.map(({ edits }) => edits?.module ?? 0)) + 1;
  const lines = Array.from({ length: 24 }, (_, index) => `line ${index}\n`).join("");
  const files = Array.from({ length: modules }, (_, index) => [`src/m${index}.txt`, lines]);
  return { "README.md": "hello\n", ...(Object.fromEntries(files) as Record<string, string>) };
}

const AGENTS = ["alpha", "beta"].map((name): Agent => ({
  name,
  client: undefined,
  invocation: ({ task }) => ({ command: ["agent", task], env: {}, stdin: "" }),
  reader: () => ({ line: () => undefined, report: () => SILENT_REPORT }),
}));

const CHECKS: Checks = {
  rule: () => undefined,
  inspect: async ({ change }) =>
    await Promise.resolve({
      findings: change.files
        .filter(({ path }) => path.startsWith("cheat/"))
        .map(({ path }) => ({ rule: "simulated-cheat", level: "block", path, message: "a cheat" })),
      unlisted: 0,
    }),
};

const ACCESS: ModelAccess = {
  provider: "anthropic",
  credential: { kind: "api-key", value: "a secret of nobody" },
  upstream: { url: "https://api.example", ca: null, proxy: null },
  models: ["model-1"],
  maxOutputTokens: 1000,
  prices: {},
};

const OUTPUTS: NightDeps["outputs"] = {
  open: async () =>
    await Promise.resolve({
      write: () => undefined,
      close: async () => await Promise.resolve({ file: "output", sha256: "0".repeat(64), lines: 0 }),
    }),
};

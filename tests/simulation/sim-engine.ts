import type { GatewayRequest, Gateways } from "../../src/contracts/gateway.ts";
import type { PlaceAccount, ResiduePlace, ResidueScope } from "../../src/contracts/residue.ts";
import type { Sandbox, SandboxJob, SandboxRequest, Sandboxes } from "../../src/contracts/sandbox.ts";
import type { CaptureRecord, OpenTrees, TreeSource, Trees } from "../../src/contracts/trees.ts";
import { pathFromText, type TreeName } from "../../src/core/collector-protocol.ts";
import type { ObjectId } from "../../src/core/ids.ts";
import { NightwardenError } from "../../src/core/nightwarden-error.ts";
import type { Residue, ResidueKind } from "../../src/core/residue.ts";
import type { MemoryObjects } from "../fakes/memory-objects.ts";
import type { MemoryTreeSource } from "../fakes/memory-repository.ts";
import { runJob, type JobPlan } from "./run-job.ts";
import type { SimProcess } from "./sim-process.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** A tree: a commit, and what a program has made of it. */
export interface SimTree {
  readonly commit: ObjectId;
  readonly objects: MemoryObjects;
  /** By path; null: deleted. */
  readonly changed: Map<string, string | null>;
}

/** What programs do is the world's to say. */
export interface Programs {
  agent(request: SandboxRequest, tree: SimTree, gateway: GatewayRequest | undefined): JobPlan;
  verify(request: SandboxRequest, tree: SimTree, job: SandboxJob): JobPlan;
}

const PLACE = "simulated engine";

/** An engine in memory: what stands on it stays when a supervisor dies. It may be gone for a time. */
export class SimEngine {
  readonly standing = new Map<string, Residue>();
  readonly time: VirtualTime;
  readonly programs: Programs;
  /** Sees what every job is asked to keep to. */
  onJob: (request: SandboxRequest, job: SandboxJob) => void = () => undefined;
  /** It answers nothing. */
  isAway = false;
  private readonly lost = new Set<() => void>();
  private count = 0;

  constructor(options: { readonly time: VirtualTime; readonly programs: Programs }) {
    this.time = options.time;
    this.programs = options.programs;
  }

  goDown(forMs: number, loses: boolean): void {
    this.isAway = true;
    if (loses) for (const lose of this.lost) lose();
    this.time.at(this.time.monotonicMs() + forMs, () => {
      this.isAway = false;
    });
  }

  /** Throws while the engine is away. */
  reach(): void {
    if (this.isAway)
      throw new NightwardenError({ code: "infra.engine", message: "the engine does not answer" });
  }

  stand(kind: ResidueKind, attempt: string): string {
    const name = `${kind}-${(this.count += 1)}`;
    this.standing.set(name, { kind, place: PLACE, name, attempt, token: null, bytes: null });
    return name;
  }

  /** Removes something. Throws while the engine is away. */
  fall(name: string): void {
    this.reach();
    this.standing.delete(name);
  }

  /** Tells when what runs is lost; what comes back ends that. */
  onLost(lose: () => void): () => void {
    this.lost.add(lose);
    return () => this.lost.delete(lose);
  }
}

/** The engine as one process uses it. */
export class SimBackEnd implements Sandboxes {
  readonly residue: ResiduePlace;
  private readonly engine: SimEngine;
  private readonly process: SimProcess;
  private readonly filled = new WeakMap<OpenTrees, Map<TreeName, SimTree>>();
  private readonly serving = new Map<string, GatewayRequest>();

  constructor(engine: SimEngine, process: SimProcess) {
    this.engine = engine;
    this.process = process;
    this.residue = {
      name: PLACE,
      count: async (scope) => await process.does(() => this.account(scope)),
      weigh: async (residue) => await Promise.resolve(residue),
      remove: async (residue) => {
        for (const { name } of residue) await process.does(() => engine.fall(name));
        return [];
      },
    };
  }

  async probe(): Promise<void> {
    await this.process.does(() => this.engine.reach(), 500);
  }

  async openGateway(request: GatewayRequest): ReturnType<Gateways["open"]> {
    const { attempt, token } = request.attempt;
    const id = await this.does("container", attempt);
    this.serving.set(token, request);
    return {
      id,
      model: { url: "http://127.0.0.1:8402", token },
      ready: async () => await this.process.does(() => this.engine.reach(), 1000),
      close: async () => {
        this.serving.delete(token);
        await this.process.does(() => this.engine.fall(id));
      },
    };
  }

  async openTrees({ attempt: { attempt } }: Parameters<Trees["open"]>[0]): Promise<OpenTrees> {
    const id = await this.does("volume", attempt);
    const trees = new Map<TreeName, SimTree>();
    const open: OpenTrees = {
      fill: async (tree, source) =>
        await this.process.does(() => {
          this.engine.reach();
          const filled = treeOf(source);
          trees.set(tree, filled);
          return { entries: filled.objects.commit(filled.commit).tree.size };
        }, 2000),
      measure: async () =>
        await Promise.resolve({ bytes: 1000, inodes: 10, changedFiles: 0, changedLines: 0 }),
      capture: ({ tree }) => this.capture(trees.get(tree)),
      close: async () => await this.process.does(() => this.engine.fall(id)),
    };
    this.filled.set(open, trees);
    return open;
  }

  private async *capture(tree: SimTree | undefined): AsyncGenerator<CaptureRecord> {
    if (!tree) throw new TypeError("a tree that was not filled was captured");
    await this.process.does(() => this.engine.reach(), 1000);
    const before = tree.objects.commit(tree.commit).tree;
    let ofBase = 0;
    for (const [path, text] of tree.changed) {
      const isThere = before.has(path);
      if (isThere) ofBase += 1;
      const name = pathFromText(path);
      if (text === null) yield { reply: { type: "deleted", path: name }, content: new Uint8Array() };
      else {
        const content = Buffer.from(text);
        yield { reply: { type: "entry", path: name, mode: "100644", added: !isThere }, content };
      }
    }
    const unchanged = before.size - ofBase;
    yield {
      reply: { type: "captured", unchanged, ignored: 0, baseEntries: before.size },
      content: new Uint8Array(),
    };
  }

  async start(request: SandboxRequest): Promise<Sandbox> {
    const id = await this.does("container", request.attempt.attempt);
    const { engine, process } = this;
    return {
      id,
      selfCheck: SELF_CHECK,
      run: async (job, signal) => {
        const tree = this.filled.get(request.trees)?.get(request.tree);
        if (!tree) throw new TypeError("a program ran in a tree that was not filled");
        engine.onJob(request, job);
        const plan =
          request.role === "agent"
            ? engine.programs.agent(request, tree, this.serving.get(request.attempt.token))
            : engine.programs.verify(request, tree, job);
        const run = await runJob({ plan, job, signal, engine, process });
        return await process.does(() => run);
      },
      destroy: async () => await process.does(() => engine.fall(id)),
    };
  }

  private async does(kind: ResidueKind, attempt: string): Promise<string> {
    return await this.process.does(() => {
      this.engine.reach();
      return this.engine.stand(kind, attempt);
    }, 1500);
  }

  private account(scope: ResidueScope): PlaceAccount {
    this.engine.reach();
    const all = [...this.engine.standing.values()];
    if (scope.kind === "workspace") return { residue: all };
    return { residue: all.filter(({ attempt }) => attempt === scope.attempt.attempt) };
  }
}

function treeOf(source: TreeSource): SimTree {
  const { commit, objects } = source as MemoryTreeSource;
  return { commit, objects, changed: new Map() };
}

const SELF_CHECK: Sandbox["selfCheck"] = {
  uid: 64_001,
  gid: 64_001,
  interfaces: ["lo"],
  capabilities: "0",
  boundingCapabilities: "0",
  noNewPrivileges: true,
  seccomp: 2,
  rootReadOnly: true,
  memoryBytes: null,
  pids: null,
};

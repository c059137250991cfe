import type { OpenTrees, Trees } from "../../contracts/trees.ts";
import type { AttemptRef } from "../../core/attempt.ts";
import { hostSlotUser } from "../../core/host-users.ts";
import { CollectorTrees } from "../collector-trees.ts";
import { LaunchedProgram } from "./launched-program.ts";
import type { Launcher } from "./launcher.ts";
import { newName } from "./run-name.ts";

/** Trees as folders of the launcher's, each a file system of its own where the machine can, with one collector for an attempt's. */
export class UserTrees implements Trees {
  private readonly launcher: Launcher;
  private readonly owner: string;
  private readonly isBounded: boolean;
  private readonly ids = new WeakMap<OpenTrees, string>();

  constructor(options: {
    readonly launcher: Launcher;
    readonly workspace: string;
    /** Trees can have file systems of their own here: one that has none is told of. */
    readonly isBounded: boolean;
  }) {
    this.launcher = options.launcher;
    this.owner = options.workspace;
    this.isBounded = options.isBounded;
  }

  async open(options: Parameters<Trees["open"]>[0]): Promise<OpenTrees> {
    const { attempt, slot, bound, dependencies } = options;
    const { launcher, owner } = this;
    const id = newName("trees", attempt);
    const { bounded, why } = await launcher.openTrees({
      owner,
      id,
      attempt: attempt.attempt,
      bound: bound ?? null,
    });
    const open = new CollectorTrees({
      collector: this.startCollector({ attempt, slot, trees: id, set: dependencies?.id ?? null }),
      user: hostSlotUser(slot),
      ...(dependencies ? { dependencies } : {}),
      ...(bound && this.isBounded && !bounded
        ? { boundProblem: why ?? "the launcher does not say why" }
        : {}),
      release: async () => await launcher.closeTrees({ owner, id }),
    });
    this.ids.set(open, id);
    return open;
  }

  /** Makes an empty set of dependencies, and its collector. */
  async openSet({ attempt, slot }: { readonly attempt: AttemptRef; readonly slot: number }): Promise<{
    readonly id: string;
    readonly trees: CollectorTrees;
  }> {
    const id = newName("set", attempt);
    await this.launcher.openSet({ owner: this.owner, id, attempt: attempt.attempt });
    const trees = new CollectorTrees({
      collector: this.startCollector({ attempt, slot, trees: null, set: id }),
      user: hostSlotUser(slot),
      // The set outlives its collector: whoever makes it decides whether it stays.
      release: async () => await Promise.resolve(),
    });
    this.ids.set(trees, id);
    return { id, trees };
  }

  /** Not waited for: a sandbox can start on the trees meanwhile. */
  private startCollector(on: {
    readonly attempt: AttemptRef;
    readonly slot: number;
    readonly trees: string | null;
    readonly set: string | null;
  }): Promise<LaunchedProgram> {
    const { attempt, slot, trees, set } = on;
    const collector = LaunchedProgram.start(this.launcher, {
      op: "run",
      owner: this.owner,
      id: newName("collector", attempt),
      attempt: attempt.attempt,
      role: "collector",
      slot,
      trees,
      tree: null,
      set,
      gateway: null,
      files: null,
      limits: null,
    });
    collector.catch(() => undefined);
    return collector;
  }

  /** The launcher's name of the trees, or of a set: for the sandboxes of the same back end. */
  idOf(trees: OpenTrees): string {
    const id = this.ids.get(trees);
    if (id === undefined) throw new TypeError("these trees were opened by another back end");
    return id;
  }
}

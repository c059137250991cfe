import type { OpenTrees, Trees } from "../../contracts/trees.ts";
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

  async open({ attempt, slot, bound }: Parameters<Trees["open"]>[0]): Promise<OpenTrees> {
    const { launcher, owner } = this;
    const id = newName("trees", attempt);
    const { bounded, why } = await launcher.openTrees({
      owner,
      id,
      attempt: attempt.attempt,
      bound: bound ?? null,
    });
    // Not waited for: a sandbox can start on the trees meanwhile.
    const collector = LaunchedProgram.start(launcher, {
      op: "run",
      owner,
      id: newName("collector", attempt),
      attempt: attempt.attempt,
      role: "collector",
      slot,
      trees: id,
      tree: null,
      gateway: null,
      files: null,
      limits: null,
    });
    collector.catch(() => undefined);
    const open = new CollectorTrees({
      collector,
      user: hostSlotUser(slot),
      ...(bound && this.isBounded && !bounded
        ? { boundProblem: why ?? "the launcher does not say why" }
        : {}),
      release: async () => await launcher.closeTrees({ owner, id }),
    });
    this.ids.set(open, id);
    return open;
  }

  /** The launcher's name of the trees: for the sandboxes of the same back end. */
  idOf(trees: OpenTrees): string {
    const id = this.ids.get(trees);
    if (id === undefined) throw new TypeError("these trees were opened by another back end");
    return id;
  }
}

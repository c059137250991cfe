import type { Dependencies, OpenSet, SetFile } from "../../contracts/dependencies.ts";
import type { AttemptRef } from "../../core/attempt.ts";
import type { CollectorTrees } from "../collector-trees.ts";
import type { StandingSets } from "../unfinished-sets.ts";
import type { Launcher } from "./launcher.ts";
import type { UserTrees } from "./user-trees.ts";

/** Sets of dependencies as folders of the launcher's that outlive their night. */
export class UserDependencies implements Dependencies {
  private readonly launcher: Launcher;
  private readonly trees: UserTrees;
  private readonly owner: string;

  constructor(options: {
    readonly launcher: Launcher;
    readonly trees: UserTrees;
    readonly workspace: string;
  }) {
    this.launcher = options.launcher;
    this.trees = options.trees;
    this.owner = options.workspace;
  }

  async open(options: { readonly attempt: AttemptRef; readonly slot: number }): Promise<OpenSet> {
    const { id, trees } = await this.trees.openSet(options);
    return new UserSet({ launcher: this.launcher, owner: this.owner, id, trees });
  }

  async has(id: string): Promise<boolean> {
    const sets = await this.launcher.listSets(this.owner);
    return sets.some((set) => set.id === id && set.settled);
  }

  async remove(id: string): Promise<void> {
    if (await this.has(id)) await this.launcher.removeSet({ owner: this.owner, id });
  }

  async keep(ids: readonly string[]): Promise<void> {
    const { list, remove } = userSets(this.launcher, this.owner);
    for (const id of await list()) if (!ids.includes(id)) await remove(id);
  }
}

/** The folders that the launcher has as a workspace's sets. */
export function userSets(launcher: Launcher, owner: string): StandingSets {
  return {
    kind: "folder",
    list: async () => (await launcher.listSets(owner)).map(({ id }) => id),
    remove: async (id) => await launcher.removeSet({ owner, id }),
  };
}

class UserSet implements OpenSet {
  readonly id: string;
  readonly trees: CollectorTrees;
  private readonly launcher: Launcher;
  private readonly owner: string;
  private isSettled = false;

  constructor(options: {
    readonly launcher: Launcher;
    readonly owner: string;
    readonly id: string;
    readonly trees: CollectorTrees;
  }) {
    this.id = options.id;
    this.trees = options.trees;
    this.launcher = options.launcher;
    this.owner = options.owner;
  }

  async put(files: readonly SetFile[]): Promise<void> {
    await this.trees.put("dependencies", files);
  }

  async read(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
    return await this.trees.read("dependencies", path, maxBytes);
  }

  async settle(remove: readonly string[]): Promise<{ inodes: number; bytes: number }> {
    const size = await this.trees.settle("dependencies", remove);
    await this.launcher.settleSet({ owner: this.owner, id: this.id });
    this.isSettled = true;
    return size;
  }

  async close(): Promise<void> {
    await this.trees.close();
    if (!this.isSettled) await this.launcher.removeSet({ owner: this.owner, id: this.id });
  }
}

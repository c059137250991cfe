import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import type { AttemptRef } from "../../core/attempt.ts";
import type { TreeName } from "../../core/collector-protocol.ts";
import { messageOf, NightwardenError } from "../../core/nightwarden-error.ts";
import type { OpenTrees, Trees } from "../../contracts/trees.ts";
import { CollectorTrees } from "../collector-trees.ts";
import { newMark } from "./enclosure-mark.ts";
import { HostProgram } from "./host-program.ts";
import { ownUser } from "./own-user.ts";
import { removeFolder } from "./remove-folder.ts";

const TREE_NAMES: readonly TreeName[] = ["agent", "verify"];
const COLLECTOR_FILE_BYTES = 16 * 1024 ** 3;

/** Trees as folders of this user's, with one collector for the trees of an attempt. */
export class WorktreeTrees implements Trees {
  private readonly root: string;
  private readonly owner: string;
  private readonly programs: string;
  private readonly folders = new WeakMap<OpenTrees, string>();

  constructor(options: {
    /** Where the folders of attempts are: ours alone, and in no repository. Made where it is missing. */
    readonly root: string;
    /** Marks all of it. */
    readonly owner: string;
    /** The folder of our built programs. */
    readonly programs: string;
  }) {
    this.root = options.root;
    this.owner = options.owner;
    this.programs = options.programs;
  }

  async open(options: { readonly attempt: AttemptRef; readonly slot: number }): Promise<OpenTrees> {
    const { attempt } = options;
    const name = `${attempt.attempt}-${attempt.token.slice(0, 8)}-${randomBytes(3).toString("hex")}`;
    const folder = join(this.root, this.owner, name);
    const trees = join(folder, "trees");
    try {
      for (const tree of TREE_NAMES) await mkdir(join(trees, tree), { recursive: true, mode: 0o700 });
    } catch (error) {
      await removeFolder(folder);
      const message = `the folders of an attempt could not be made: ${messageOf(error)}`;
      throw new NightwardenError({ code: "infra.engine", message, cause: error });
    }
    const collector = HostProgram.start({
      script: join(this.programs, "collector", "main.js"),
      args: [trees],
      cwd: folder,
      env: {},
      mark: newMark(this.owner, attempt),
      limits: { fileBytes: COLLECTOR_FILE_BYTES },
    });
    collector.catch(() => undefined); // told to whoever needs it
    const open = new CollectorTrees({
      collector,
      user: ownUser(),
      release: async () => await removeFolder(folder),
    });
    this.folders.set(open, folder);
    return open;
  }

  /** The folder of an attempt's trees: for the sandboxes beside it. */
  folderOf(trees: OpenTrees): string {
    const folder = this.folders.get(trees);
    if (folder === undefined) throw new TypeError("these trees were opened by another back end");
    return folder;
  }
}

/** The path of one tree in its attempt's folder. */
export function treePath(folder: string, tree: TreeName): string {
  return join(folder, "trees", tree);
}

import { pathFromBytes, type EntryMode } from "../core/collector-protocol.ts";
import type { ObjectId } from "../core/ids.ts";
import type { Git } from "./run-git.ts";

/** An entry of a commit: a file, a link, or a submodule's place. */
export interface TreeEntry {
  readonly mode: EntryMode;
  readonly oid: ObjectId;
}

const TAB = 9;

/** Every entry of a commit or tree by its path, one character for each byte; submodules count as entries. */
export async function listTree(git: Git, tree: ObjectId): Promise<Map<string, TreeEntry>> {
  const { stdout } = await git.run(["ls-tree", "-r", "-z", "--full-tree", tree]);
  const entries = new Map<string, TreeEntry>();
  for (let start = 0; start < stdout.length;) {
    const tab = stdout.indexOf(TAB, start);
    const end = stdout.indexOf(0, tab);
    const [mode, , oid] = stdout.toString("latin1", start, tab).split(" ");
    entries.set(pathFromBytes(stdout.subarray(tab + 1, end)), {
      mode: mode as EntryMode,
      oid: oid as ObjectId,
    });
    start = end + 1;
  }
  return entries;
}

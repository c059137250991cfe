import type { Change, ChangedFile, FileVersion } from "../core/change.ts";
import { pathToText } from "../core/collector-protocol.ts";
import { isManifest } from "../core/file-role.ts";
import type { ObjectId } from "../core/ids.ts";
import { listTree, type TreeEntry } from "./list-tree.ts";
import type { Git } from "./run-git.ts";

/** A file that is larger is not looked into: no source file is, and every parser would hold it several times over. */
export const MAX_INSPECTED_BYTES = 4 * 1024 * 1024;
/** All that is read of one change. Files beyond it are as if they were too large each. */
const MAX_CHANGE_BYTES = 256 * 1024 * 1024;

const KINDS: Readonly<Record<string, FileVersion["kind"]>> = {
  "100644": "file",
  "100755": "executable",
  "120000": "link",
  "160000": "submodule",
};

/** What lies between two commits, read from git's objects alone. */
export async function readChange(git: Git, base: ObjectId, head: ObjectId): Promise<Change> {
  const trees = { base: await listTree(git, base), head: await listTree(git, head) };
  const changed = [...new Set([...trees.base.keys(), ...trees.head.keys()])].filter((path) => {
    const [before, after] = [trees.base.get(path), trees.head.get(path)];
    return before?.oid !== after?.oid || before?.mode !== after?.mode;
  });
  const manifests = [...trees.base].filter(
    ([path, { mode }]) => isManifest(pathToText(path)) && mode.startsWith("100"),
  );
  const entries = [
    ...changed.flatMap((path) => [trees.base.get(path), trees.head.get(path)]),
    ...manifests.map(([, entry]) => entry),
  ];
  const blobs = await readBlobs(git, entries);
  const versionOf = (entry: TreeEntry | undefined): FileVersion | undefined => {
    if (!entry) return undefined;
    const blob = blobs.get(entry.oid) ?? { size: 0 };
    return { kind: KINDS[entry.mode] ?? "file", ...blob };
  };
  return {
    files: changed.sort().map((path): ChangedFile => {
      const [before, after] = [versionOf(trees.base.get(path)), versionOf(trees.head.get(path))];
      return {
        path: pathToText(path),
        ...(before ? { base: before } : {}),
        ...(after ? { head: after } : {}),
      };
    }),
    basePaths: [...trees.base.keys()].map(pathToText),
    manifests: manifests.flatMap(([path, { oid }]) => {
      const content = blobs.get(oid)?.content;
      return content ? [{ path: pathToText(path), content }] : [];
    }),
  };
}

type Blob = Pick<FileVersion, "size" | "content">;

async function readBlobs(
  git: Git,
  entries: readonly (TreeEntry | undefined)[],
): Promise<Map<ObjectId, Blob>> {
  const oids = new Set(entries.flatMap((entry) => (entry && entry.mode !== "160000" ? [entry.oid] : [])));
  const blobs = new Map<ObjectId, Blob>();
  if (oids.size === 0) return blobs;
  const sizes = await git.text(["cat-file", "--batch-check=%(objectname) %(objectsize)"], {
    stdin: `${[...oids].join("\n")}\n`,
  });
  let total = 0;
  const wanted: ObjectId[] = [];
  for (const line of sizes.split("\n")) {
    const [oid, size = "0"] = line.split(" ") as [ObjectId, string?];
    blobs.set(oid, { size: Number(size) });
    total += Number(size);
    if (Number(size) <= MAX_INSPECTED_BYTES && total <= MAX_CHANGE_BYTES) wanted.push(oid);
  }
  if (wanted.length === 0) return blobs;
  const { stdout } = await git.run(["cat-file", "--batch=%(objectname) %(objectsize)"], {
    stdin: `${wanted.join("\n")}\n`,
  });
  for (let at = 0; at < stdout.length;) {
    const line = stdout.indexOf(10, at);
    const [oid, size] = stdout.toString("latin1", at, line).split(" ") as [ObjectId, string];
    const end = line + 1 + Number(size);
    blobs.set(oid, { size: Number(size), content: stdout.subarray(line + 1, end) });
    at = end + 1;
  }
  return blobs;
}

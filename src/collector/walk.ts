import { lstatSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import {
  pathFromBytes,
  type CaptureLimits,
  type CollectorReply,
  type EntryMode,
} from "../core/collector-protocol.ts";
import { IgnoreRules } from "../core/ignore-rules.ts";
import {
  baseFolders,
  blobHash,
  onDisk,
  MAX_DEPTH,
  MAX_PATH_BYTES,
  type BaseEntry,
  type FilledTree,
} from "./tree.ts";
import { InsideOpener } from "./open-inside.ts";
import { codeOf, readRegularFile } from "./read-file.ts";

export interface CaptureItem {
  readonly reply: CollectorReply;
  readonly content?: Uint8Array;
}

interface Folder {
  readonly path: string;
  readonly depth: number;
  /** Whether an ignore rule matched it or a folder above: then only entries of the base are taken from it. */
  readonly ignored: boolean;
}

/**
 * What changed in a tree since it was filled. Nothing is followed, executed or opened for writing; a file is opened
 * only after `lstat` said that it is one, without blocking, and checked again, so that a FIFO can hold up nothing. No process
 * that could exchange something on a path is left by now; a file is opened as if there were one all the same.
 * Synchronous on purpose: the process has nothing else to do, and its supervisor has the deadline.
 */
export function* walkTree(
  tree: FilledTree,
  limits: CaptureLimits,
  policyIgnore: readonly string[],
): Generator<CaptureItem> {
  const opener = new InsideOpener(tree.root);
  try {
    yield* walk({ tree, limits, policyIgnore, opener });
  } finally {
    opener.close();
  }
}

function* walk(options: {
  readonly tree: FilledTree;
  readonly limits: CaptureLimits;
  readonly policyIgnore: readonly string[];
  readonly opener: InsideOpener;
}): Generator<CaptureItem> {
  const { tree, limits, policyIgnore, opener } = options;
  const baseRules = new IgnoreRules(tree.ignoreFiles);
  const policyRules = new IgnoreRules([{ folder: "", text: policyIgnore.join("\n") }]);
  const ignores = (path: string, isFolder: boolean): boolean =>
    baseRules.ignores(path, isFolder) || policyRules.ignores(path, isFolder);
  const foldersOfBase = baseFolders(tree);
  const seen = new Set<string>();
  let [unchanged, ignored, visited, bytes] = [0, 0, 0, 0];

  const folders: Folder[] = [{ path: "", depth: 0, ignored: false }];
  for (let folder = folders.pop(); folder; folder = folders.pop()) {
    let names: Buffer[];
    try {
      names = readdirSync(onDisk(tree.root, folder.path), { encoding: "buffer" });
    } catch (error) {
      yield refused(folder.path, `the folder cannot be read (${codeOf(error)})`);
      for (const path of tree.entries.keys()) {
        if (!path.startsWith(`${folder.path}/`)) continue;
        seen.add(path); // what the base has there stays
        unchanged += 1;
      }
      continue;
    }
    for (const nameBytes of names) {
      const name = pathFromBytes(nameBytes);
      if (folder.path === "" && name === ".git") continue; // the disposable repository: never read
      const path = folder.path === "" ? name : `${folder.path}/${name}`;
      visited += 1;
      if (visited > limits.files) {
        yield { reply: { type: "over-limit", limit: "files", value: visited } };
        return;
      }
      const base = tree.entries.get(path);
      if (tree.installed?.roots.has(path)) {
        ignored += 1;
        continue;
      }
      const stat = lstatSync(onDisk(tree.root, path));
      if (base?.mode === "160000") {
        seen.add(path);
        unchanged += 1;
        const reason = submoduleProblem(tree.root, path, stat.isDirectory());
        if (reason !== undefined) yield refused(path, reason);
        continue;
      }
      if (stat.isDirectory()) {
        if (base) {
          // Said before anything below it: a deletion that came later would take the new files with it.
          seen.add(path);
          yield { reply: { type: "deleted", path } };
        }
        if (name.toLowerCase() === ".git") {
          yield refused(path, "a nested git repository");
          continue;
        }
        const isIgnored = folder.ignored || ignores(path, true);
        if (isIgnored && !foldersOfBase.has(path)) {
          ignored += 1;
          continue;
        }
        const isTooDeep = folder.depth + 1 >= MAX_DEPTH || path.length > MAX_PATH_BYTES;
        if (isTooDeep && !foldersOfBase.has(path)) {
          yield refused(path, "deeper or longer than a path may be");
          continue;
        }
        folders.push({ path, depth: folder.depth + 1, ignored: isIgnored });
        continue;
      }
      if (!base && (folder.ignored || ignores(path, false))) {
        ignored += 1;
        continue;
      }
      if (base) seen.add(path);
      const read = readEntry({ tree, path, base, stat, maxBytes: limits.fileBytes, opener });
      if (read.kind === "unchanged") unchanged += 1;
      else if (read.kind === "refused") {
        if (base) unchanged += 1; // what the base has there stays
        yield refused(path, read.reason);
      } else {
        bytes += read.content.length;
        if (bytes > limits.bytes) {
          yield { reply: { type: "over-limit", limit: "bytes", value: bytes } };
          return;
        }
        yield { reply: { type: "entry", path, mode: read.mode, added: !base }, content: read.content };
      }
    }
  }
  for (const [path, base] of tree.entries) {
    if (seen.has(path)) continue;
    if (base.mode === "160000") unchanged += 1;
    else yield { reply: { type: "deleted", path } };
  }
  yield { reply: { type: "captured", unchanged, ignored, baseEntries: tree.entries.size } };
}

type ReadEntry =
  | { readonly kind: "unchanged" }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "changed"; readonly mode: EntryMode; readonly content: Uint8Array };

function readEntry(options: {
  readonly tree: FilledTree;
  readonly path: string;
  readonly base: BaseEntry | undefined;
  readonly stat: Stats;
  readonly maxBytes: number;
  readonly opener: InsideOpener;
}): ReadEntry {
  const { tree, path, base, stat, maxBytes, opener } = options;
  let mode: EntryMode;
  let content: Buffer;
  if (stat.isSymbolicLink()) {
    mode = "120000";
    content = readlinkSync(onDisk(tree.root, path), { encoding: "buffer" });
  } else if (stat.isFile()) {
    if (stat.size > maxBytes)
      return { kind: "refused", reason: `larger than ${maxBytes} bytes (${stat.size})` };
    mode = (stat.mode & 0o100) === 0 ? "100644" : "100755";
    const read = readRegularFile({ root: tree.root, path, maxBytes }, opener);
    if (typeof read === "string") return { kind: "refused", reason: read };
    content = read;
  } else {
    const kind = stat.isFIFO() ? "a FIFO" : stat.isSocket() ? "a socket" : "a device";
    return { kind: "refused", reason: `${kind}, not a file` };
  }
  if (base && base.mode === mode && base.oid === blobHash(tree, content)) return { kind: "unchanged" };
  return { kind: "changed", mode, content };
}

function submoduleProblem(root: string, path: string, isFolder: boolean): string | undefined {
  if (!isFolder) return "replaces a submodule";
  const isEmpty = readdirSync(onDisk(root, path)).length === 0;
  return isEmpty ? undefined : "files inside a submodule are not taken";
}

function refused(path: string, reason: string): CaptureItem {
  return { reply: { type: "refused", path, reason } };
}

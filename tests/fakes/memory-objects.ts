import { createHash } from "node:crypto";
import type { ObjectId } from "../../src/core/ids.ts";
import { NightwardenError } from "../../src/core/nightwarden-error.ts";
import { mergeTexts } from "./merge-texts.ts";

/** One file of a tree: what it holds, by the id that git gives it. */
export interface MemoryFile {
  readonly oid: ObjectId;
  readonly executable: boolean;
}
export type MemoryTree = ReadonlyMap<string, MemoryFile>;

export interface MemoryCommit {
  readonly id: ObjectId;
  readonly treeId: ObjectId;
  readonly tree: MemoryTree;
  readonly parent: ObjectId | null;
  /** How many it was made on. */
  readonly depth: number;
  readonly message: string;
  /** What it changes of its parent, as text: the same change has the same. */
  readonly patch: string;
}

export type TreeChange = readonly [path: string, file: MemoryFile | null];

/** Commits, trees and contents in memory. Ids follow from what they name, as in git; those of contents are git's own. */
export class MemoryObjects {
  private readonly blobs = new Map<ObjectId, Buffer>();
  private readonly commits = new Map<ObjectId, MemoryCommit>();
  /** The numbers that a tree's id is made of: one change needs no look at the other files. */
  private readonly lanes = new Map<ObjectId, Uint32Array>();

  blob(content: Uint8Array): ObjectId {
    const hash = createHash("sha1").update(`blob ${content.length}\0`).update(content);
    const oid = hash.digest("hex") as ObjectId;
    if (!this.blobs.has(oid)) this.blobs.set(oid, Buffer.from(content));
    return oid;
  }

  content(oid: ObjectId): Buffer {
    return required(this.blobs.get(oid), oid);
  }

  has(id: ObjectId): boolean {
    return this.commits.has(id);
  }

  commit(id: ObjectId): MemoryCommit {
    return required(this.commits.get(id), id);
  }

  /** A commit that differs from `parent`, or from nothing, by `changes`. */
  make(parent: ObjectId | null, changes: readonly TreeChange[], message: string): MemoryCommit {
    const before = parent === null ? undefined : this.commit(parent);
    const tree = new Map(before?.tree);
    const lanes = Uint32Array.from((before && this.lanes.get(before.treeId)) ?? new Uint32Array(5));
    const patch: string[] = [];
    for (const [path, file] of changes) {
      const old = tree.get(path);
      if (old?.oid === file?.oid && old?.executable === file?.executable) continue;
      if (old) addTo(lanes, path, old);
      if (file) addTo(lanes, path, file);
      if (file) tree.set(path, file);
      else tree.delete(path);
      patch.push(`${path} ${nameOf(old)} ${nameOf(file)}`);
    }
    const treeId = [...lanes].map((lane) => lane.toString(16).padStart(8, "0")).join("") as ObjectId;
    this.lanes.set(treeId, lanes);
    const id = createHash("sha1")
      .update(`${treeId} ${parent ?? ""} ${message}`)
      .digest("hex") as ObjectId;
    const depth = (before?.depth ?? -1) + 1;
    const made = { id, treeId, tree, parent, depth, message, patch: patch.sort().join("\n") };
    if (!this.commits.has(id)) this.commits.set(id, made);
    return this.commit(id);
  }

  /** What lies between two trees. */
  changes(from: ObjectId, to: ObjectId): TreeChange[] {
    const [before, after] = [this.commit(from), this.commit(to)];
    if (before.treeId === after.treeId) return [];
    const changed: TreeChange[] = [];
    for (const [path, file] of after.tree) {
      const old = before.tree.get(path);
      if (old?.oid !== file.oid || old.executable !== file.executable) changed.push([path, file]);
    }
    for (const path of before.tree.keys()) if (!after.tree.has(path)) changed.push([path, null]);
    return changed;
  }

  isAncestor(ancestor: ObjectId, descendant: ObjectId): boolean {
    const { depth } = this.commit(ancestor);
    let at = this.commit(descendant);
    while (at.depth > depth && at.parent !== null) at = this.commit(at.parent);
    return at.id === ancestor;
  }

  /** From a commit to its first ancestor. */
  *history(from: ObjectId): Generator<ObjectId> {
    for (let id: ObjectId | null = from; id !== null; id = this.commit(id).parent) yield id;
  }

  /** `theirs` joined with `ours`, as a change of `ours`, from what both were made of. */
  merge(options: { readonly base: ObjectId; readonly ours: ObjectId; readonly theirs: ObjectId }): {
    readonly changes: TreeChange[];
    readonly conflicts: string[];
  } {
    const { base, ours, theirs } = options;
    const [from, mine] = [this.commit(base).tree, this.commit(ours).tree];
    const changes: TreeChange[] = [];
    const conflicts: string[] = [];
    for (const [path, wanted] of this.changes(base, theirs)) {
      const [before, now] = [from.get(path), mine.get(path)];
      if (isSame(now, wanted ?? undefined)) continue;
      if (isSame(now, before)) {
        if (isBlocked(path, mine)) conflicts.push(path);
        else changes.push([path, wanted]);
        continue;
      }
      const texts = [before, now, wanted].map((file) => file && this.content(file.oid).toString("latin1"));
      const [old, own, other] = texts;
      const joined =
        typeof own === "string" && typeof other === "string" ? mergeTexts(old ?? "", own, other) : undefined;
      if (joined === undefined || !now || !before) conflicts.push(path);
      else
        changes.push([path, { oid: this.blob(Buffer.from(joined, "latin1")), executable: now.executable }]);
    }
    return { changes, conflicts: conflicts.sort() };
  }
}

function required<T>(value: T | undefined, id: ObjectId): T {
  if (value === undefined) throw new NightwardenError({ code: "infra.git", message: `there is no ${id}` });
  return value;
}

function isSame(one: MemoryFile | undefined, other: MemoryFile | undefined): boolean {
  return one?.oid === other?.oid && one?.executable === other?.executable;
}

/** A file stands where the path needs a folder. */
function isBlocked(path: string, tree: MemoryTree): boolean {
  const names = path.split("/");
  return names.some((_, at) => at > 0 && tree.has(names.slice(0, at).join("/")));
}

function nameOf(file: MemoryFile | null | undefined): string {
  return file ? `${file.oid}${file.executable ? "x" : ""}` : "-";
}

/** Adding the same twice takes it away again. */
function addTo(lanes: Uint32Array, path: string, file: MemoryFile): void {
  const text = `${path}\0${nameOf(file)}`;
  for (let lane = 0; lane < lanes.length; lane += 1) {
    let hash = (2166136261 ^ (lane * 0x9e3779b9)) >>> 0;
    for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 16777619) >>> 0;
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
    lanes[lane] = ((lanes[lane] ?? 0) ^ hash ^ (hash >>> 12)) >>> 0;
  }
}

import type {
  BaseFacts,
  CapturedCommit,
  CommitFile,
  Composite,
  Delivery,
  Repository,
} from "../../src/contracts/repository.ts";
import type { PlaceAccount, ResiduePlace, ResidueScope } from "../../src/contracts/residue.ts";
import type { TreeSource } from "../../src/contracts/trees.ts";
import { shadowPlace } from "../../src/core/account.ts";
import type { AttemptRef } from "../../src/core/attempt.ts";
import type { Change, FileVersion } from "../../src/core/change.ts";
import { isManifest } from "../../src/core/file-role.ts";
import { isObjectId, nightBranch, type NightId, type ObjectId } from "../../src/core/ids.ts";
import { NightwardenError } from "../../src/core/nightwarden-error.ts";
import { captureCommit } from "./memory-capture.ts";
import { MemoryObjects, type MemoryFile, type TreeChange } from "./memory-objects.ts";

/** What an attempt has in the shadow. */
type RefKind = "candidate" | "rebuilt" | "start" | "old-tests" | "new-tests";

/** A tree source that brings no packs: whoever shares the objects takes the commit from them. */
export interface MemoryTreeSource extends TreeSource {
  readonly objects: MemoryObjects;
}

/** The user's side of a repository in memory: branches, and which of them is checked out. */
export class MemoryUser {
  readonly branches = new Map<string, ObjectId>();
  checkedOut = "main";
  /** Called when Nightwarden has moved a branch of the user's. */
  onDelivered: (branch: string, from: ObjectId | null, to: ObjectId) => void = () => undefined;
}

/**
 * A repository and its shadow in memory. It keeps the promises of contracts/repository.ts (tests/contract/repository.ts
 * runs on it and on the real git), so whole nights can be tried by the thousand.
 */
export class MemoryRepository implements Repository {
  readonly name: string;
  readonly path: string;
  readonly objectFormat = "sha1";
  readonly objects = new MemoryObjects();
  readonly user = new MemoryUser();
  /** Called when a night's branch in the shadow has moved. */
  onMoved: (night: NightId, from: ObjectId | undefined, to: ObjectId) => void = () => undefined;
  private readonly bases = new Set<ObjectId>();
  private readonly nights = new Map<NightId, ObjectId>();
  /** By the attempt's id and token. */
  private readonly refs = new Map<string, { readonly attempt: AttemptRef; readonly kinds: Set<RefKind> }>();

  /** What stands in the shadow: refs of attempts. */
  readonly residue: ResiduePlace;

  constructor(name = "app", path = "/memory/app") {
    this.name = name;
    this.path = path;
    this.residue = {
      name: shadowPlace(name),
      count: async (scope) => await Promise.resolve(this.account(scope)),
      weigh: async (residue) => await Promise.resolve(residue),
      remove: async (residue) => {
        for (const each of residue) this.refs.delete(each.name.replace(/ .*/, ""));
        return await Promise.resolve([]);
      },
    };
  }

  /** Where a night's branch is in the shadow; undefined: there is none. */
  tipOf(night: NightId): ObjectId | undefined {
    return this.nights.get(night);
  }

  /** Of all attempts that have refs in the shadow. */
  tokensWithRefs(): string[] {
    return [...this.refs.values()].map(({ attempt }) => attempt.token);
  }

  /** A person's commit on a branch: these files, null for one that is deleted. */
  commitAsUser(files: Readonly<Record<string, string | null>>, branch = "main"): ObjectId {
    const changes = Object.entries(files).map(([path, text]): TreeChange => [
      path,
      text === null ? null : this.file(text),
    ]);
    const parent = this.user.branches.get(branch) ?? null;
    const { id } = this.objects.make(parent, changes, "by hand");
    this.user.branches.set(branch, id);
    return id;
  }

  async prepare(ref: string): Promise<BaseFacts> {
    const name = ref === "HEAD" ? this.user.checkedOut : ref.replace(/^refs\/heads\//, "");
    const commit = isObjectId(ref) && this.objects.has(ref) ? ref : this.user.branches.get(name);
    if (commit === undefined) {
      throw new NightwardenError({ code: "refused.repository", message: `there is no ${ref}` });
    }
    this.bases.add(commit);
    const full = commit === ref ? ref : `refs/heads/${name}`;
    return await Promise.resolve({ commit, ref: full, uncommitted: 0 });
  }

  treeSource(commit: ObjectId): MemoryTreeSource {
    const { objects, objectFormat } = this;
    return {
      commit,
      objectFormat,
      objects,
      packs: () => {
        throw new TypeError("a repository in memory has no packs");
      },
    };
  }

  async treeOf(commit: ObjectId): Promise<ObjectId> {
    return await Promise.resolve(this.objects.commit(commit).treeId);
  }

  async files(commit: ObjectId): Promise<CommitFile[]> {
    const files = [...this.objects.commit(commit).tree].map(([path, file]) => ({ path, ...file }));
    return await Promise.resolve(files.sort((a, b) => (a.path < b.path ? -1 : 1)));
  }

  async contents(oids: readonly ObjectId[], maxBytes: number): Promise<Uint8Array[]> {
    const contents = oids.map((oid) => this.objects.content(oid));
    if (contents.reduce((sum, { length }) => sum + length, 0) > maxBytes)
      throw new NightwardenError({ code: "refused.prepare", message: "too large" });
    return await Promise.resolve(contents);
  }

  async change(base: ObjectId, head: ObjectId): Promise<Change> {
    const before = this.objects.commit(base).tree;
    const files = this.objects.changes(base, head).map(([path, file]) => {
      const old = before.get(path);
      return {
        path,
        ...(old ? { base: this.version(old) } : {}),
        ...(file ? { head: this.version(file) } : {}),
      };
    });
    return await Promise.resolve({
      files: files.sort((a, b) => (a.path < b.path ? -1 : 1)),
      basePaths: [...before.keys()],
      manifests: [...before]
        .filter(([path]) => isManifest(path))
        .map(([path, { oid }]) => ({ path, content: this.objects.content(oid) })),
    });
  }

  private version({ oid, executable }: MemoryFile): FileVersion {
    const content = this.objects.content(oid);
    return { kind: executable ? "executable" : "file", size: content.length, content };
  }

  async commitStart(options: Parameters<Repository["commitStart"]>[0]): Promise<ObjectId> {
    const { attempt, base, message, files } = options;
    const changes = files.map(({ path, executable, content }): TreeChange => [
      path,
      { oid: this.objects.blob(content), executable },
    ]);
    this.keep(attempt, "start");
    return await Promise.resolve(this.objects.make(base, changes, message).id);
  }

  async commitCapture(options: Parameters<Repository["commitCapture"]>[0]): Promise<CapturedCommit> {
    this.drop(options.attempt, ["candidate"]);
    const captured = await captureCommit(this.objects, options);
    if (captured.commit !== null) this.keep(options.attempt, "candidate");
    return captured;
  }

  async rebuild(options: Parameters<Repository["rebuild"]>[0]): ReturnType<Repository["rebuild"]> {
    const { attempt, commit, tip, message } = options;
    const { parent } = this.objects.commit(commit);
    if (parent === tip) {
      this.keep(attempt, "rebuilt");
      return { kind: "rebuilt", commit };
    }
    if (parent === null) throw refused(`${commit} was made on nothing`);
    const { changes, conflicts } = this.objects.merge({ base: parent, ours: tip, theirs: commit });
    if (conflicts.length > 0) return { kind: "conflict", paths: conflicts };
    const collisions = collisionsOf(this.objects.commit(tip).tree.keys(), changes);
    if (collisions.length > 0) return { kind: "conflict", paths: collisions };
    const rebuilt = this.objects.make(tip, changes, message).id;
    this.keep(attempt, "rebuilt");
    return await Promise.resolve({ kind: "rebuilt", commit: rebuilt });
  }

  async compose(options: Parameters<Repository["compose"]>[0]): Promise<Composite> {
    const { attempt, name, source, overlay, takes, joins, join } = options;
    this.drop(attempt, [name]);
    const own = this.objects.commit(source).tree;
    const changes: TreeChange[] = [];
    for (const [path, theirs] of this.objects.changes(source, overlay)) {
      const before = own.get(path);
      if (takes(path)) changes.push([path, theirs]);
      else if (before && theirs && joins(path)) {
        const [from, to] = [before, theirs].map(({ oid }) => this.objects.content(oid).toString("utf8"));
        const joined = join({ path, source: from ?? "", other: to ?? "" });
        if (joined !== from) changes.push([path, { ...this.file(joined), executable: before.executable }]);
      }
    }
    const paths = changes.map(([path]) => path);
    if (paths.length === 0) return { commit: source, paths };
    this.keep(attempt, name);
    return await Promise.resolve({ commit: this.objects.make(source, changes, name).id, paths });
  }

  async dropComposites(attempt: AttemptRef): Promise<void> {
    await Promise.resolve(this.drop(attempt, ["old-tests", "new-tests"]));
  }

  async dropAttempt(attempt: AttemptRef): Promise<void> {
    await Promise.resolve(this.refs.delete(keyOf(attempt)));
  }

  async tip(night: NightId): Promise<ObjectId | undefined> {
    return await Promise.resolve(this.tipOf(night));
  }

  async fastForward(options: Parameters<Repository["fastForward"]>[0]): Promise<void> {
    const { night, from, to } = options;
    const tip = this.nights.get(night);
    if (tip === to) return;
    const isAtFrom = tip === undefined ? this.bases.has(from) : tip === from;
    if (!isAtFrom) throw refused(`the branch is at ${tip ?? "no commit"}, not at ${from}`);
    if (!this.objects.isAncestor(from, to)) throw refused(`${to} was not made on ${from}`);
    this.nights.set(night, to);
    await Promise.resolve(this.onMoved(night, tip, to));
  }

  async goBack(options: Parameters<Repository["goBack"]>[0]): Promise<void> {
    const { night, from, to } = options;
    const tip = this.nights.get(night);
    if (tip === to) return;
    if (tip !== from) throw refused(`the branch is at ${tip ?? "no commit"}, not at ${from}`);
    if (!this.objects.isAncestor(to, from)) throw refused(`${from} was not made on ${to}`);
    this.nights.set(night, to);
    await Promise.resolve(this.onMoved(night, tip, to));
  }

  async deliver(options: Parameters<Repository["deliver"]>[0]): Promise<Delivery> {
    const { night, base, to, from, hasGoneBack = false } = options;
    const below = hasGoneBack ? base : (from ?? base);
    if (!this.objects.isAncestor(below, to)) throw refused(`${to} was not made on ${below}`);
    const { branches, checkedOut } = this.user;
    const branch = nightBranch(night);
    const at = branches.get(branch) ?? null;
    if (at === to) return { kind: "delivered" };
    const reason =
      at === from
        ? checkedOut === branch
          ? "the branch is checked out: switch to another one there"
          : undefined
        : at === null
          ? "the branch was deleted after an earlier delivery"
          : `the branch is at ${at}, where Nightwarden did not put it`;
    if (reason !== undefined) return { kind: "deferred", reason };
    branches.set(branch, to);
    this.user.onDelivered(branch, at, to);
    return await Promise.resolve({ kind: "delivered" });
  }

  async isMerged(commit: ObjectId, descendant: ObjectId): Promise<boolean> {
    if (!this.objects.has(commit) || !this.objects.has(descendant)) return false;
    if (this.objects.isAncestor(commit, descendant)) return true;
    const { patch } = this.objects.commit(commit);
    for (const id of this.objects.history(descendant))
      if (this.objects.commit(id).patch === patch) return true;
    return await Promise.resolve(false);
  }

  private account(scope: ResidueScope): PlaceAccount {
    const name = shadowPlace(this.name);
    const isMeant = ({ attempt, token }: AttemptRef): boolean =>
      scope.kind === "workspace" || (scope.attempt.attempt === attempt && scope.attempt.token === token);
    const meant =
      scope.kind === "attempt"
        ? [this.refs.get(keyOf(scope.attempt))].flatMap((found) => found ?? [])
        : [...this.refs.values()].filter(({ attempt }) => isMeant(attempt));
    const residue = meant.flatMap(({ attempt, kinds }) =>
      [...kinds].map((kind) => ({
        kind: "ref" as const,
        place: name,
        name: `${keyOf(attempt)} ${kind}`,
        attempt: attempt.attempt,
        token: attempt.token,
        bytes: null,
      })),
    );
    return { residue, stores: { [this.name]: 0 } };
  }

  private file(text: string): MemoryFile {
    return { oid: this.objects.blob(Buffer.from(text)), executable: false };
  }

  private keep(attempt: AttemptRef, kind: RefKind): void {
    const key = keyOf(attempt);
    const known = this.refs.get(key) ?? { attempt, kinds: new Set<RefKind>() };
    known.kinds.add(kind);
    this.refs.set(key, known);
  }

  private drop(attempt: AttemptRef, kinds: readonly RefKind[]): void {
    const known = this.refs.get(keyOf(attempt));
    for (const kind of kinds) known?.kinds.delete(kind);
    if (known?.kinds.size === 0) this.refs.delete(keyOf(attempt));
  }
}

function keyOf({ attempt, token }: AttemptRef): string {
  return `${attempt}/${token}`;
}

function refused(reason: string): NightwardenError {
  return new NightwardenError({ code: "infra.git", message: `refused: ${reason}` });
}

/** Files that each side added under names that differ by case only. */
function collisionsOf(ours: Iterable<string>, changes: readonly TreeChange[]): string[] {
  const mine = new Set(ours);
  const added = changes.flatMap(([path, file]) => (file && !mine.has(path) ? [path] : []));
  if (added.length === 0) return [];
  const folded = new Set([...mine].map((path) => path.toLowerCase()));
  return added.filter((path) => folded.has(path.toLowerCase())).sort();
}

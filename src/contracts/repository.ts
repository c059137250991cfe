import type { AttemptRef } from "../core/attempt.ts";
import type { Change } from "../core/change.ts";
import type { CaptureLimits } from "../core/collector-protocol.ts";
import type { ObjectId, NightId } from "../core/ids.ts";
import type { CaptureRecord, TreeSource } from "./trees.ts";

/**
 * One of the user's repositories, seen through a shadow: a bare repository of ours that holds the base commit and what
 * attempts made of it. The user's repository is only read, but for `deliver`, which moves one ref under `nightwarden/`.
 *
 * - Every call may be repeated: after a crash the flow calls again with the same arguments.
 * - No call looks at a work tree that an agent could write to.
 */
export interface Repository {
  readonly name: string;
  /** The user's path, for people only. */
  readonly path: string;
  readonly objectFormat: "sha1" | "sha256";

  /** Brings the base into the shadow. `ref` is a branch or a commit of the user's repository. */
  prepare(ref: string): Promise<BaseFacts>;
  /** What a collector needs to make a tree of `commit`. */
  treeSource(commit: ObjectId): TreeSource;
  /** The id of the commit's tree: two commits with the same files have the same. */
  treeOf(commit: ObjectId): Promise<ObjectId>;

  /** The ordinary files of a commit, but for those whose names are not UTF-8. */
  files(commit: ObjectId): Promise<CommitFile[]>;
  /** The contents of such files, in order. Throws `refused.prepare` where they have more than `maxBytes` together. */
  contents(oids: readonly ObjectId[], maxBytes: number): Promise<Uint8Array[]>;
  /** What lies between two commits, for the checks. A file of more than some megabytes comes without its content. */
  change(base: ObjectId, head: ObjectId): Promise<Change>;

  /** `base` with these files in place of its own: what an attempt starts from where its task is granted something. */
  commitStart(options: {
    readonly attempt: AttemptRef;
    readonly base: ObjectId;
    readonly message: string;
    readonly files: readonly NewFile[];
  }): Promise<ObjectId>;
  /** Makes a commit of a capture, on top of `base`, without git ever seeing the files. */
  commitCapture(options: {
    readonly attempt: AttemptRef;
    readonly base: ObjectId;
    /** What the tree was filled with, where that is another commit: its difference from `base` becomes part of the commit. */
    readonly start?: ObjectId;
    readonly message: string;
    readonly records: AsyncIterable<CaptureRecord>;
  }): Promise<CapturedCommit>;
  /** The candidate's change on top of `tip`, as a new commit; `conflicts` are the paths that could not be joined. */
  rebuild(options: {
    readonly attempt: AttemptRef;
    readonly commit: ObjectId;
    readonly tip: ObjectId;
    readonly message: string;
  }): Promise<
    | { readonly kind: "rebuilt"; readonly commit: ObjectId }
    | { readonly kind: "conflict"; readonly paths: readonly string[] }
  >;
  /**
   * Makes a commit of two: `source`, with the paths that `takes` names as they are in `overlay`, or gone where they are
   * not there. Of an ordinary file that both have and `joins` names, what `join` makes of the two contents. The commit is
   * the attempt's: see `dropComposites`.
   */
  compose(options: {
    readonly attempt: AttemptRef;
    readonly name: CompositeName;
    readonly source: ObjectId;
    readonly overlay: ObjectId;
    readonly takes: (path: string) => boolean;
    readonly joins: (path: string) => boolean;
    readonly join: (file: {
      readonly path: string;
      readonly source: string;
      readonly other: string;
    }) => string;
  }): Promise<Composite>;
  /** Drops what `compose` made for an attempt. */
  dropComposites(attempt: AttemptRef): Promise<void>;
  /** Drops what an attempt made, composites too. The rollback of everything before landing. */
  dropAttempt(attempt: AttemptRef): Promise<void>;

  /** The tip of the night's branch in the shadow; undefined before the first landing. */
  tip(night: NightId): Promise<ObjectId | undefined>;
  /** Moves the night's branch in the shadow from `from` to `to`, a descendant of it. Refused if it is not at `from`. */
  fastForward(options: {
    readonly night: NightId;
    readonly from: ObjectId;
    readonly to: ObjectId;
  }): Promise<void>;
  /** Moves it from `from` back to `to`, which `from` was made on. Refused if it is neither at `from` nor at `to`. */
  goBack(options: { readonly night: NightId; readonly from: ObjectId; readonly to: ObjectId }): Promise<void>;
  /** Moves `nightwarden/<night>` in the user's repository, never by force. */
  deliver(options: {
    readonly night: NightId;
    readonly base: ObjectId;
    readonly to: ObjectId;
    /** What was delivered before, or null. If the branch is elsewhere, a person moved it. */
    readonly from: ObjectId | null;
    /** The night's branch went back, and `to` need not have been made on `from`. Absent: it must have. */
    readonly hasGoneBack?: boolean;
  }): Promise<Delivery>;
  /** Whether `commit`, or one with the same patch, is in the history of `descendant`: in the user's repository or the shadow. */
  isMerged(commit: ObjectId, descendant: ObjectId): Promise<boolean>;
}

export const COMPOSITE_NAMES = ["old-tests", "new-tests"] as const;
export type CompositeName = (typeof COMPOSITE_NAMES)[number];

export interface Composite {
  /** `source` itself where nothing is different. */
  readonly commit: ObjectId;
  /** What is different from `source`, as text for people. */
  readonly paths: readonly string[];
}

export interface CommitFile {
  readonly path: string;
  /** Of the content. */
  readonly oid: ObjectId;
  readonly executable: boolean;
}

export interface NewFile {
  readonly path: string;
  readonly executable: boolean;
  readonly content: Uint8Array;
}

export interface BaseFacts {
  readonly commit: ObjectId;
  /** The branch's full name, or the commit where HEAD is detached. */
  readonly ref: string;
  /** Files with uncommitted changes, which the night leaves out. */
  readonly uncommitted: number;
}

export interface CapturedCommit {
  /** null: the tree is that of the base. The numbers are those of the capture alone. */
  readonly commit: ObjectId | null;
  readonly added: number;
  readonly changed: number;
  readonly deleted: number;
  /** With `changed` and `deleted` all entries of the base, submodules included. A refused change leaves one unchanged. */
  readonly unchanged: number;
  readonly ignored: number;
  readonly insertions: number;
  readonly deletions: number;
  readonly bytes: number;
  /** Bounded; paths as text for people, so escape them wherever they are shown. */
  readonly refused: readonly { readonly path: string; readonly reason: string }[];
  readonly overLimit: { readonly limit: keyof CaptureLimits; readonly value: number } | null;
}

export type Delivery =
  | { readonly kind: "delivered" }
  /** The branch is checked out, or is not where it was left. Nothing was changed. */
  | { readonly kind: "deferred"; readonly reason: string };

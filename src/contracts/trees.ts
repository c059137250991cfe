import type { AttemptRef } from "../core/attempt.ts";
import type {
  CaptureLimits,
  CollectorReply,
  MeasureLimits,
  TreeMeasure,
  TreeName,
} from "../core/collector-protocol.ts";
import type { ObjectId } from "../core/ids.ts";
import type { DependencySet } from "./dependencies.ts";

/**
 * The files that attempts work on. A tree is storage of the sandbox's own (for Docker a volume): the host never owns,
 * reads or deletes a file in it, and nothing here takes or gives a host path.
 *
 * - `open` makes empty trees and their collector. `close` removes both, may be called at any time and again.
 * - `fill` may be called once for each tree.
 * - `measure` may be called after the fill, also while a program works in the tree. Installed dependencies don't count.
 * - `capture` is called only when no process can write to the tree any more; it yields what changed since the fill,
 *   installed dependencies left out.
 *   The last record is `captured` or `over-limit`; without one of them the capture failed and throws.
 */
export interface Trees {
  open(options: {
    readonly attempt: AttemptRef;
    readonly slot: number;
    /**
     * What a program may fill a tree with. The watch on it is somebody else's: where it can, the storage itself is made
     * only a little larger, for what a program writes between two looks.
     */
    readonly bound?: MeasureLimits;
    /** Each tree gets a copy of it with its fill, below what the commit has. Absent: none. */
    readonly dependencies?: DependencySet;
  }): Promise<OpenTrees>;
}

export interface OpenTrees {
  /** Why their storage has no bound, though it mostly has one on this machine; absent: it is as it always is. */
  readonly boundProblem?: string;
  fill(tree: TreeName, source: TreeSource): Promise<{ readonly entries: number }>;
  /** What a tree takes on disk, and how much it differs from its fill; at least, where that is over one of `limits`. */
  measure(tree: TreeName, limits: MeasureLimits): Promise<TreeMeasure>;
  capture(options: {
    readonly tree: TreeName;
    readonly limits: CaptureLimits;
    /** The policy's list, in the form of a .gitignore; the base commit's own rules are known from the fill. */
    readonly ignore: readonly string[];
  }): AsyncIterable<CaptureRecord>;
  close(): Promise<void>;
}

/** A record of a capture, with the entry's content. */
export interface CaptureRecord {
  readonly reply: Extract<
    CollectorReply,
    { type: "entry" | "deleted" | "refused" | "captured" | "over-limit" }
  >;
  readonly content: Uint8Array;
}

/** Everything that a tree of one commit is made from. */
export interface TreeSource {
  readonly commit: ObjectId;
  readonly objectFormat: "sha1" | "sha256";
  /** Packs in git's format that together hold the commit and its files; read once each, in order. */
  packs(): AsyncIterable<AsyncIterable<Uint8Array>>;
}

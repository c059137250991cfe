/**
 * What the supervisor and the collector say to each other, as frames on the collector's standard input and output.
 * One collector serves the trees of one attempt: it fills each from a pack, and reads one back when the agent is gone.
 *
 * Paths are arrays of bytes on disk and need not be UTF-8. In headers they are strings with one character (U+0000 to
 * U+00FF) for each byte; `pathFromBytes` and `pathToText` convert.
 */

/**
 * Which of the collector's trees: the one the agent works in, the one its result is verified in, or, alone, the one that
 * dependencies are installed in.
 */
export type TreeName = AttemptTree | "dependencies";
export type AttemptTree = "agent" | "verify";

export type CollectorRequest =
  /** Followed by `pack` frames and `pack-end`; the tree is then filled with the files of `commit`. */
  | {
      readonly type: "fill";
      readonly tree: TreeName;
      readonly commit: string;
      readonly objectFormat: "sha1" | "sha256";
      readonly uid: number;
      readonly gid: number;
      /** Takes a copy of the set that the collector has beside its trees: so much of the tree's size is the set's. */
      readonly dependencies?: { readonly bytes: number; readonly inodes: number };
    }
  /** Begins to copy the set into a tree that will be filled later: the fill waits for the copy. Answered by nothing. */
  | { readonly type: "copy-ahead"; readonly tree: TreeName; readonly uid: number; readonly gid: number }
  | { readonly type: "pack" }
  /** Ends one pack; `last` ends them all. */
  | { readonly type: "pack-end"; readonly last: boolean }
  /** At any time after the fill, also while the agent works. */
  | { readonly type: "measure"; readonly tree: TreeName; readonly limits: MeasureLimits }
  /** Only after the agent's sandbox is gone. */
  | {
      readonly type: "capture";
      readonly tree: TreeName;
      readonly limits: CaptureLimits;
      readonly ignore: readonly string[];
    }
  /** Writes one file, the body, as the sandbox's user. Answered by `done`. */
  | {
      readonly type: "put";
      readonly tree: TreeName;
      readonly path: string;
      readonly executable: boolean;
      readonly uid: number;
      readonly gid: number;
    }
  /** Asks for one file, without following anything. Answered by `content`. */
  | { readonly type: "read"; readonly tree: TreeName; readonly path: string; readonly maxBytes: number }
  /** Removes these paths, makes all else readable for everybody, and measures it. Answered by `measured`. */
  | {
      readonly type: "settle";
      readonly tree: TreeName;
      readonly remove: readonly string[];
      readonly uid: number;
      readonly gid: number;
    }
  | { readonly type: "quit" };

/** A measure may stop as soon as one of them is passed. */
export interface MeasureLimits {
  readonly bytes: number;
  readonly inodes: number;
  /** Absent: what differs from the fill is not counted. Only for the agent's tree. */
  readonly changes?: {
    readonly files: number;
    readonly lines: number;
    /** The policy's list, in the form of a .gitignore; the base commit's own rules are known from the fill. */
    readonly ignore: readonly string[];
  };
}

/** What a tree takes on disk now; at least, where it is over a limit. */
export interface TreeMeasure {
  readonly bytes: number;
  readonly inodes: number;
  /** Entries that a capture would now find added, changed or deleted: never more than it would count. 0 where they are not counted. */
  readonly changedFiles: number;
  /** Lines of them that would count as added or deleted: a lower bound. */
  readonly changedLines: number;
}

export interface CaptureLimits {
  /** Entries that may be visited, ignored folders not counted. */
  readonly files: number;
  /** Bytes of new and changed content. */
  readonly bytes: number;
  /** Bytes of one file, by its length, so that a sparse file counts in full. */
  readonly fileBytes: number;
}

/** The modes that git knows for an entry. */
export type EntryMode = "100644" | "100755" | "120000" | "160000";

export type CollectorReply =
  | { readonly type: "ready" }
  | { readonly type: "filled"; readonly tree: TreeName; readonly entries: number }
  | ({ readonly type: "measured" } & TreeMeasure)
  /** A new or changed entry; the body is the file's content, or a link's target. */
  | { readonly type: "entry"; readonly path: string; readonly mode: EntryMode; readonly added: boolean }
  | { readonly type: "deleted"; readonly path: string }
  /** Something the attempt added that is never taken. */
  | { readonly type: "refused"; readonly path: string; readonly reason: string }
  | {
      readonly type: "captured";
      /** Entries of the base that are as they were. With the changed and deleted ones they are all of the base. */
      readonly unchanged: number;
      readonly ignored: number;
      readonly baseEntries: number;
    }
  /** The tree is over a limit of the capture: nothing of it is taken. */
  | { readonly type: "over-limit"; readonly limit: keyof CaptureLimits; readonly value: number }
  | { readonly type: "done" }
  /** The body is the file; `found` is false where there is no ordinary file of that size. */
  | { readonly type: "content"; readonly found: boolean }
  | { readonly type: "failed"; readonly message: string };

export function pathFromBytes(bytes: Uint8Array): string {
  let path = "";
  for (let at = 0; at < bytes.length; at += 8192)
    path += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return path;
}

export function pathToBytes(path: string): Uint8Array {
  return Uint8Array.from(path, (character) => character.charCodeAt(0));
}

/** The path for a person: UTF-8 where it is, and a replacement character where it is not. */
export function pathToText(path: string): string {
  return new TextDecoder().decode(pathToBytes(path));
}

/** The same path from text, as the collector names it. */
export function pathFromText(text: string): string {
  return pathFromBytes(new TextEncoder().encode(text));
}

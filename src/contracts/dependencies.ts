import type { AttemptRef } from "../core/attempt.ts";
import type { OpenTrees } from "./trees.ts";

/**
 * Sets of installed dependencies: made once, in a sandbox that may reach package registries, and given to many attempts.
 *
 * - A set is written while it is open and never again. An attempt gets a copy of its own (`Trees.open`): what it changes is
 *   seen by no other, and by no verify.
 * - A set that was not settled is no set: `close` removes it, and `keep` removes what a crash left of one. Whether a set was
 *   settled is in the journal, and nowhere else.
 */
export interface Dependencies {
  /** Makes an empty set that nobody else has. */
  open(options: { readonly attempt: AttemptRef; readonly slot: number }): Promise<OpenSet>;
  /** Whether a settled set is still there: somebody may have cleaned up. */
  has(id: string): Promise<boolean>;
  /** Removes one set, if it is there. Only while nothing uses it. */
  remove(id: string): Promise<void>;
  /** Removes every set of the workspace but these. Only while nothing uses one. */
  keep(ids: readonly string[]): Promise<void>;
}

export interface OpenSet {
  readonly id: string;
  /** What a sandbox is started on, as its tree `dependencies`. */
  readonly trees: OpenTrees;
  /** Writes files for the commands to read. */
  put(files: readonly SetFile[]): Promise<void>;
  /** One file as the commands left it; undefined: there is none, or it is no ordinary file of at most `maxBytes`. */
  read(path: string, maxBytes: number): Promise<Uint8Array | undefined>;
  /** Removes `remove` and makes the rest readable for everybody. Only after the sandbox is gone; then the set is one. */
  settle(remove: readonly string[]): Promise<{ readonly inodes: number; readonly bytes: number }>;
  /** Ends the work on it. May be called at any time and again. */
  close(): Promise<void>;
}

export interface SetFile {
  readonly path: string;
  readonly executable: boolean;
  readonly content: Uint8Array;
}

/** A settled set, as an attempt is given it. */
export interface DependencySet {
  readonly id: string;
  /** What it is made from: part of what a verification depends on. */
  readonly key: string;
  /** Folders of the tree that come before PATH. */
  readonly path: readonly string[];
  readonly inodes: number;
  readonly bytes: number;
}

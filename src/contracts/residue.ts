import type { AttemptRef } from "../core/attempt.ts";
import type { Residue } from "../core/residue.ts";

/** What is counted: all that bears one attempt's mark, or everything of the workspace. */
export type ResidueScope =
  | { readonly kind: "attempt"; readonly attempt: AttemptRef; readonly repo: string }
  | { readonly kind: "workspace" };

/** What stands in one place. */
export interface PlaceAccount {
  readonly residue: readonly Residue[];
  /** Bytes of its stores, by name; absent: it has none. */
  readonly stores?: Readonly<Record<string, number>>;
}

/** Something that could not be removed. */
export interface Unremoved {
  readonly residue: Residue;
  readonly why: string;
}

/**
 * One place where something of ours can stand: a back end, a shadow repository, the state folder.
 *
 * - It lists what it can prove to be this workspace's, by a label, a cgroup or a folder of ours, and nothing else: a name
 *   proves nothing. What is kept on purpose (images, finished dependency sets, outputs, journals) is not listed.
 * - `count` changes nothing. It is asked after every attempt, so it must be quick: bytes that take time to find are
 *   null until `weigh` is asked.
 * - `remove` takes what `count` has listed, and looks again whether each is ours. It does not stop at the first that it
 *   cannot remove. What is gone already is removed. It may be called again, and only by the holder of the workspace's lock.
 * - For the scope `workspace` the caller holds the lock and nothing of it runs: whatever is listed was left.
 */
export interface ResiduePlace {
  /** Names it to a person: `docker`, `shadow of app`. */
  readonly name: string;
  count(scope: ResidueScope): Promise<PlaceAccount>;
  /** The same things with what they take on disk, as far as that can be asked within seconds. */
  weigh(residue: readonly Residue[]): Promise<readonly Residue[]>;
  remove(residue: readonly Residue[]): Promise<readonly Unremoved[]>;
}

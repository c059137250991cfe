import type { AttemptTree, MeasureLimits } from "./collector-protocol.ts";

/**
 * What the supervisor and the launcher say to each other. The launcher is the one program of the OS-user sandbox that
 * has root: it gets one request, a line of JSON on standard input, does it, and ends.
 *
 * A request holds no command, no path and no flag: only names of a strict form, numbers, and one of a few words. Every
 * path is the launcher's own. That is what makes it safe to allow it to a user by one line of sudoers.
 *
 * After a `run`, both directions are pieces with a header of eight bytes, as on an engine's attach stream: which stream,
 * three zeros, and the length. To the launcher: `STDIN` is the program's standard input, and an empty piece its end;
 * `CONTROL` is a `LauncherOrder`. When the launcher's own input ends, the supervisor is gone: it ends the program and
 * removes everything. From the launcher: `STDOUT` and `STDERR` are what the program prints, `CONTROL` is a
 * `LauncherMessage`. The other operations answer with one `LauncherMessage` as a `CONTROL` piece.
 */
export type LauncherRequest =
  | LauncherRun
  /** Makes the two trees of an attempt; answered by `opened`. */
  | {
      readonly op: "open-trees";
      readonly owner: string;
      readonly id: string;
      readonly attempt: string;
      /** What each of them may hold at the most; null: nobody has said. */
      readonly bound: MeasureLimits | null;
    }
  /** Answered by `done`, also where there are none. */
  | { readonly op: "close-trees"; readonly owner: string; readonly id: string }
  /** Makes an empty set of dependencies, to be installed in; answered by `done`. */
  | { readonly op: "open-set"; readonly owner: string; readonly id: string; readonly attempt: string }
  /** From here on the set is copied from, and never written again; answered by `done`. */
  | { readonly op: "settle-set"; readonly owner: string; readonly id: string }
  /** Removes a set, settled or not; answered by `done`, also where there is none. */
  | { readonly op: "remove-set"; readonly owner: string; readonly id: string }
  /** Which sets an owner has; answered by `sets`. */
  | { readonly op: "list-sets"; readonly owner: string }
  /** Ends and removes one run whose own launcher is gone; answered by `done`, also where there is none. */
  | { readonly op: "end-run"; readonly owner: string; readonly id: string }
  /** Keeps an agent's files: followed by frames (core/frame.ts) on standard input; answered by `kept`. */
  | { readonly op: "keep-files"; readonly owner: string }
  /** Ends and removes whatever `owners` have; answered by `swept`. */
  | { readonly op: "sweep"; readonly owners: readonly string[] }
  /** Answered by `listed`. */
  | { readonly op: "list"; readonly prefix: string }
  /** Looks at what this machine can do; answered by `probed`. */
  | { readonly op: "probe" };

export type LauncherRole = "agent" | "verify" | "prepare" | "collector" | "gateway" | "registry";

export interface LauncherRun {
  readonly op: "run";
  readonly owner: string;
  /** Names the run; new for each. */
  readonly id: string;
  /** Whose it is, for whoever finds it left: nothing is decided by it. */
  readonly attempt: string;
  readonly role: LauncherRole;
  /** Gives the user id of a sandbox. */
  readonly slot: number;
  /** For an agent, a verify command and their collector: whose trees. */
  readonly trees: string | null;
  /** For an agent or a verify command: which of them. */
  readonly tree: AttemptTree | null;
  /**
   * The set of dependencies. For a collector with trees: the settled one that they get a copy of, or none. For an
   * installation, and a collector without trees: the one that is being made.
   */
  readonly set: string | null;
  /** For an agent: the gateway run whose socket is its one way out. For an installation: the registry run. */
  readonly gateway: string | null;
  /** For a sandbox: which kept files it sees at /opt/agent. */
  readonly files: string | null;
  /** For a sandbox. */
  readonly limits: LauncherLimits | null;
}

/** The limits that the kernel keeps for us. Sizes in bytes. */
export interface LauncherLimits {
  readonly memory: number;
  readonly cpus: number;
  readonly pids: number;
  readonly openFiles: number;
  readonly fileSize: number;
  readonly tmp: number;
}

export const STDIN = 0;
export const STDOUT = 1;
export const STDERR = 2;
export const CONTROL = 3;

export type LauncherOrder =
  /** Ends every process of the run at once; how it ended is still told. */
  | { readonly type: "kill" }
  /** Answered by `memory`, unless the run ends meanwhile. */
  | { readonly type: "ask-memory" };

export type LauncherMessage =
  /** The program's place is made, and it is being started in it. */
  | { readonly type: "started" }
  /** A process of it was killed for memory, by whomever. Told once. */
  | { readonly type: "out-of-memory" }
  /** Whether the run's own limit was ever reached; null: the kernel does not say. */
  | { readonly type: "memory"; readonly limitReached: boolean | null }
  /** No process of it is left. `exitCode` null: something else than the program or we ended it. */
  | { readonly type: "ended"; readonly exitCode: number | null; readonly outOfMemory: boolean }
  /** `bounded`: the kernel keeps each tree below its bound; otherwise only the watchdog does. */
  | { readonly type: "opened"; readonly bounded: boolean; readonly why: string | null }
  | { readonly type: "kept"; readonly digest: string }
  | { readonly type: "done" }
  | {
      readonly type: "sets";
      readonly sets: readonly { readonly id: string; readonly settled: boolean }[];
    }
  | { readonly type: "swept"; readonly runs: number; readonly trees: number }
  | { readonly type: "listed"; readonly entries: readonly LauncherEntry[] }
  | { readonly type: "probed"; readonly facts: LauncherFacts }
  /** The request was refused: nothing was done. */
  | { readonly type: "refused"; readonly message: string; readonly hint: string | null }
  /** It went wrong half-way, and what was made for it has been removed. */
  | { readonly type: "failed"; readonly message: string };

export interface LauncherEntry {
  readonly kind: "run" | "trees";
  readonly owner: string;
  readonly id: string;
  /** null: it was left before that was written. */
  readonly attempt: string | null;
}

/** What this machine can do, as the launcher sees it. */
export interface LauncherFacts {
  /** `0.8.0`; null: bubblewrap is not there. */
  readonly bubblewrap: string | null;
  readonly missingPrograms: readonly string[];
  readonly controlGroups: { readonly version: 1 | 2 } | { readonly problem: string };
  /** Why a process in name spaces of its own could not be started; null: it could. */
  readonly namespaces: string | null;
  /** Users, groups and ranges of this machine that have a sandbox's number. */
  readonly takenUsers: readonly string[];
  /** Why a tree cannot have a file system of its own; null: it can. */
  readonly treeBound: string | null;
  readonly memoryBytes: number;
  readonly node: string;
}

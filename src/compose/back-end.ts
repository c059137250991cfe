import type { Dependencies } from "../contracts/dependencies.ts";
import type { Gateways } from "../contracts/gateway.ts";
import type { Images, ReadyImage } from "../contracts/images.ts";
import type { Registries } from "../contracts/registry.ts";
import type { ResiduePlace } from "../contracts/residue.ts";
import type { Sandboxes } from "../contracts/sandbox.ts";
import type { Trees } from "../contracts/trees.ts";
import type { ClientName } from "../core/client.ts";
import type { Isolation } from "../core/policy.ts";
import type { ProbeFinding } from "../core/probe.ts";
import type { Engine } from "../engine/find-engine.ts";
import type { StandingSets } from "../sandbox/unfinished-sets.ts";

/** Everything that runs, with the mark of one owner on all of it. */
export interface SandboxParts {
  readonly trees: Trees;
  /** `close` gives back what they share. */
  readonly gateways: Gateways & { close(): Promise<void> };
  readonly sandboxes: Sandboxes;
  /** What bounds the trees on disk, for a person; absent: nothing is said about it. */
  readonly treeBound?: string;
  /** What installs dependencies; absent: the back end cannot. */
  readonly installation?: { readonly dependencies: Dependencies; readonly registries: Registries };
}

/** Where sandboxes are made: one isolation, and what it needs of this machine. */
export interface BackEnd {
  readonly isolation: Isolation;
  /** What was found of this machine when it was opened. Absent: the engine is asked, or nothing is needed. */
  readonly health?: ProbeFinding;
  /** undefined: it has none. */
  readonly engine: Engine | undefined;
  readonly images: Images;
  /** How it is told that a program is missing. */
  readonly missingProgram: { readonly where: string; readonly hint: string };
  /** Makes what its own programs run from; undefined: nothing of the kind. */
  ensureOwnImage(onProgress: (line: string) => void): Promise<ReadyImage | undefined>;
  /** Where a client's program is in its sandboxes. */
  readonly clientProgram: (name: ClientName) => string;
  open(options: {
    readonly owner: string;
    readonly onProgress: (line: string) => void;
  }): Promise<SandboxParts>;
  /** What of the workspace can stand there, its owner's and that of its dead checks. */
  residue(owner: string): ResiduePlace;
  /** The owner's sets of dependencies; absent: it has none. */
  sets?(owner: string): StandingSets;
  /** Owners, by their marks, of everything that stands there and begins with `prefix`. */
  ownersOf(prefix: string): Promise<readonly string[]>;
  /** Takes away everything of these owners. Only while nothing of theirs runs. */
  sweep(owners: readonly string[]): Promise<void>;
  /** Asks whether it still answers. Throws if not. */
  probe(): Promise<void>;
}

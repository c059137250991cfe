import type { AttemptRef } from "../core/attempt.ts";
import type { SandboxEnd, SelfCheck } from "../core/event-fields.ts";
import type { Limits } from "../core/limits.ts";
import type { ReportingRunner, TestResult } from "../core/test-run.ts";
import type { TreeName } from "../core/collector-protocol.ts";
import type { WayOut } from "./gateway.ts";
import type { OpenTrees } from "./trees.ts";

/**
 * Where untrusted programs run.
 *
 * - `start` resolves only when the sandbox runs, every field of it was compared with what was asked, and its own
 *   self-check agrees; otherwise it leaves nothing behind and throws.
 * - Nothing untrusted runs before `run`.
 * - `destroy` may be called at any time and again; when it resolves, no process of the sandbox is left.
 */
export interface Sandboxes {
  start(request: SandboxRequest): Promise<Sandbox>;
}

export interface SandboxRequest {
  readonly attempt: AttemptRef;
  readonly role: "agent" | "verify" | "prepare";
  /** The image's id, never a name that could be moved. */
  readonly image: string;
  readonly trees: OpenTrees;
  readonly tree: TreeName;
  readonly limits: Limits;
  /** Its one way out, reachable at the gateway's own address; absent: there is none. */
  readonly gateway?: WayOut;
  /** Number of the place that the attempt has among those that run at the same time, from 0. Gives the user id. */
  readonly slot: number;
}

export interface Sandbox {
  /** Names the sandbox to a person. */
  readonly id: string;
  readonly selfCheck: SelfCheck;
  /**
   * Runs the commands once. Never rejects for what they do; rejects only where the engine failed. An abort ends the run
   * as `stopped`, or as what the reason says where it is a `SandboxStop`.
   */
  run(job: SandboxJob, signal: AbortSignal): Promise<SandboxRun>;
  destroy(): Promise<void>;
}

export interface SandboxJob {
  /** Run one after the other, in the tree, until one fails. */
  readonly commands: readonly (readonly string[])[];
  /** The whole environment beside PATH, HOME, TMPDIR and LANG. Nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Folders of the tree that come before PATH. Absent: none. */
  readonly path?: readonly string[];
  readonly stdin: string;
  /** The command whose standard input it is, from 0. Absent: the first. */
  readonly stdinOf?: number;
  /**
   * The last command runs tests, with the reporter of this runner that `reportingCommand` puts in: their results are
   * wanted. Absent: nobody asks.
   */
  readonly tests?: ReportingRunner;
  readonly wallClockMs: number;
  /** Absent: silence at the start is not limited. */
  readonly firstOutputMs?: number;
  /** Without a word for so long the sandbox is killed; absent: silence is not limited. */
  readonly silence?: {
    readonly maxMs: number;
    /** When something else was last heard of it, by the monotonic clock in milliseconds. */
    readonly heardAtMs: () => number;
  };
  /** Over `outputBytes` the sandbox is killed. */
  readonly outputBytes: number;
  /**
   * Asked again and again while the job runs, a pause of `everyMs` between, and once more when it has ended by itself and
   * nothing of it can run any more (`isOver`). Absent: nobody is asked.
   */
  readonly guard?: {
    readonly everyMs: number;
    /** The cap that is passed, and what was seen of it; undefined: none. A rejection is no reason to end the run. */
    readonly check: (moment: { readonly isOver: boolean }) => Promise<GuardFinding | undefined>;
  };
  /** Of a longer line only this much is kept. Default: 64 KiB. */
  readonly maxLineBytes?: number;
  /** Sees each line, cut to that length. Must not throw. */
  readonly onLine: (line: OutputLine) => void;
}

/** A cap on the tree that is passed, and what was seen of what it counts. */
export interface GuardFinding {
  readonly reason: "disk" | "inodes" | "changed-files" | "changed-lines";
  readonly seen: number;
}

export interface OutputLine {
  readonly stream: "stdout" | "stderr";
  readonly text: string;
  /** The line was longer than what is kept of one. */
  readonly cut: boolean;
}

export interface SandboxRun {
  readonly end: SandboxEnd;
  /** The command that ended with an error; null if all passed, or if the sandbox ended before it could say. */
  readonly failedCommand: number | null;
  /** A command's program does not exist in the image. */
  readonly missingProgram: string | null;
  /** Every command ended with 0, said by the shim, and the sandbox itself with 0. */
  readonly allPassed: boolean;
  /**
   * What the tests reported, through a file of the run's own that the shim reads when their command has ended; null: no
   * report, or not a whole one. Absent where nobody asked. What ran beside the tests could have written it: see
   * docs/checks.md.
   */
  readonly tests?: readonly TestResult[] | null;
}

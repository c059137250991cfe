import type { SelfCheck } from "./event-fields.ts";
import type { ReportingRunner, TestStatus } from "./test-run.ts";

/**
 * What the supervisor and the shim say to each other. The shim is the first program in every sandbox: it reports on
 * its own container, waits for a job on its standard input, and runs it.
 *
 * The shim's own lines begin with a prefix that holds a random word, given with the job; whatever else appears on
 * standard output was printed by the job, but for the line end before each of the shim's lines. That keeps honest
 * programs apart. It is not a guard: a program that runs as the shim's user can imitate it, so its words are never
 * enough by themselves: a run has passed only where the container ended with 0 as well. That a cap was reached is taken
 * from it, since only the run itself is ended by that.
 */

/** A job for the shim, one line of JSON on its standard input, followed by `stdinBytes` bytes for the first command. */
export interface ShimJob {
  /** The random word of this job. */
  readonly nonce: string;
  /** The commands, run one after the other until one fails. */
  readonly commands: readonly (readonly string[])[];
  /** The whole environment of the commands, beside PATH where it is left out: that is then the image's own. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Folders that come before PATH. Absent: none. */
  readonly path?: readonly string[];
  /** Forwards 127.0.0.1:`port` to the gateway's socket, from before the first command on; null: there is no gateway. */
  readonly forward: { readonly port: number; readonly socket: string } | null;
  /** How many bytes after the job's line go to a command's standard input. */
  readonly stdinBytes: number;
  /** Which command's. Absent: the first. */
  readonly stdinOf?: number;
  /** The last command runs tests with this runner, and its report is wanted. Absent: nobody asks. */
  readonly tests?: ReportingRunner;
}

export type ShimMessage =
  | { readonly type: "self-check"; readonly check: SelfCheck }
  | { readonly type: "command-started"; readonly index: number }
  | {
      readonly type: "command-finished";
      readonly index: number;
      readonly exitCode: number;
      readonly signal: string | null;
    }
  /** The program of a command does not exist or cannot be executed. */
  | { readonly type: "command-missing"; readonly index: number; readonly message: string }
  /** The kernel has refused a process, or killed one for memory, in the shim's own control group. */
  | { readonly type: "cap-reached"; readonly cap: "memory" | "pids" }
  /** Some of the tests' results: file, name and status of each. */
  | { readonly type: "tests"; readonly results: readonly (readonly [string, string, TestStatus])[] }
  /** All of them were said; null: there was no whole report. */
  | { readonly type: "tests-ended"; readonly count: number | null }
  | { readonly type: "all-passed" };

/** Before the job arrives there is no nonce yet; the self-check is the only message sent then, and nothing else runs. */
export const SELF_CHECK_PREFIX = "@nightwarden ";

export function shimLinePrefix(nonce: string): string {
  return `@nightwarden:${nonce} `;
}

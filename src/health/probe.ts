import type { ProbeFinding, ProbeName } from "../core/probe.ts";

/** One question about the machinery, asked once: nothing is tried again. */
export interface Probe {
  readonly name: ProbeName;
  /** What it looks at, such as a repository's or an agent's name. */
  readonly subject: string;
  readonly deadlineMs: number;
  /** What is said when the deadline passes. Absent: that there was no answer in time. */
  readonly late?: Pick<ProbeFinding, "message" | "hint">;
  /**
   * How long it may clean up after its deadline or a stop. 0: it has nothing to clean up, and is left to itself at once,
   * whatever it still waits for.
   */
  readonly cleanUpMs: number;
  /** It does not run where one of these was refused. They come before it. */
  readonly needs: readonly Probe[];
  /** What others, which need it, say where it was refused: "the engine does not answer". */
  readonly lack: string;
  /**
   * Throws a NightwardenError where something does not hold; any other error is a mistake of the program.
   * `signal` is aborted at the deadline and by a stop; `stop` by a stop alone.
   */
  readonly run: (signals: {
    readonly signal: AbortSignal;
    readonly stop: AbortSignal;
  }) => Promise<ProbeFinding>;
}

import { messageOf } from "../../core/nightwarden-error.ts";
import { LineSplitter } from "../../lib/line-splitter.ts";
import { ProcessError, runProcess } from "../../lib/run-process.ts";

/** The program that is installed: Node, and what it runs. */
export interface InstalledProgram {
  readonly node: string;
  readonly main: string;
}

/** How one call of it ended. */
export interface InstalledRun {
  /** null: it did not end by itself. */
  readonly exitCode: number | null;
  /** The end of what it printed on standard error, or why there is none. */
  readonly stderr: string;
}

/** The image of the scratch repository may have to be built first, from packages. */
const TIMEOUT_MS = 60 * 60_000;
/** What the program itself takes for stopping, and for removing what it has running. */
const STOP_MS = 45_000;
const EXIT_CODES = [0, 1, 2, 3, 4, 70, 130];
const MAX_STDOUT_BYTES = 16 * 1024 * 1024;
const MAX_LINE_BYTES = 1000;

/**
 * Runs a command of the installed program in a workspace, with the environment of this process and no terminal. When
 * `signal` is aborted, the program is told to stop, and has time to remove what it made; then the reason is thrown.
 */
export async function runInstalled(options: {
  readonly program: InstalledProgram;
  readonly workspace: string;
  readonly args: readonly string[];
  /** Each line of its standard error. */
  readonly onLine: (line: string) => void;
  /** Absent: it runs to its end. */
  readonly signal?: AbortSignal;
}): Promise<InstalledRun> {
  const { program, workspace, args, onLine, signal } = options;
  signal?.throwIfAborted();
  const lines = new LineSplitter({ maxLineBytes: MAX_LINE_BYTES, onLine: ({ text }) => onLine(text) });
  const env = Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  let last = "";
  try {
    const { exitCode } = await runProcess({
      name: `nightwarden ${args[0] ?? ""}`,
      file: program.node,
      args: [program.main, ...args],
      cwd: workspace,
      env,
      timeoutMs: TIMEOUT_MS,
      killDelayMs: STOP_MS,
      maxStdoutBytes: MAX_STDOUT_BYTES,
      exitCodes: EXIT_CODES,
      ...(signal ? { signal } : {}),
      onStderr: (chunk) => {
        last = (last + Buffer.from(chunk).toString("utf8")).slice(-MAX_LINE_BYTES);
        lines.push(Buffer.from(chunk));
      },
    });
    signal?.throwIfAborted();
    return { exitCode, stderr: last };
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (!(error instanceof ProcessError)) throw error;
    return { exitCode: null, stderr: messageOf(error) };
  } finally {
    lines.finish();
  }
}

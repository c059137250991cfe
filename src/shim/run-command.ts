import { spawn } from "node:child_process";
import { constants } from "node:os";

export interface CommandEnd {
  readonly exitCode: number;
  readonly signal: string | null;
  /** Why the program could not be started at all; null where it ran. */
  readonly missing: string | null;
}

/**
 * Runs one command with exactly the environment given, in a session of its own, its output going straight to the
 * container's. What it leaves running ends with the container.
 */
export async function runCommand(options: {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly stdin: Buffer;
}): Promise<CommandEnd> {
  const [program = "", ...args] = options.command;
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ["pipe", "inherit", "inherit"],
  });
  // A program need not read its input: a closed pipe is its choice, not a failure.
  child.stdin.on("error", () => child.stdin.destroy());
  child.stdin.end(options.stdin);
  return await new Promise((resolve) => {
    child.once("error", (error) => resolve({ exitCode: 127, signal: null, missing: error.message }));
    child.once("exit", (code, signal) => {
      const exitCode = code ?? 128 + (signal ? constants.signals[signal] : 0);
      resolve({ exitCode, signal, missing: null });
    });
  });
}

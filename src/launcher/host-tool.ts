import { spawnSync } from "node:child_process";

/** The only places in which programs of the host are looked for: root's own, on every system. */
export const TOOL_ENV = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" } as const;

const TIMEOUT_MS = 60_000;

export interface ToolResult {
  /** null: it is not there, or was ended. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** There is no such program. */
  readonly isMissing: boolean;
}

/** Runs a program of the host to its end. Nothing of a request is among `args` but numbers and names of a strict form. */
export function runTool(program: string, args: readonly string[]): ToolResult {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    env: TOOL_ENV,
    cwd: "/",
    timeout: TIMEOUT_MS,
    killSignal: "SIGKILL",
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  // What could not be started at all has printed nothing.
  const output = { stdout: stdout as string | null, stderr: stderr as string | null };
  return {
    exitCode: status,
    stdout: output.stdout ?? "",
    stderr: output.stderr ?? error?.message ?? "",
    isMissing: error !== undefined && "code" in error && error.code === "ENOENT",
  };
}

/** Throws with what the program said where it fails. */
export function mustRun(program: string, args: readonly string[]): void {
  const { exitCode, stderr } = runTool(program, args);
  if (exitCode !== 0)
    throw new Error(`${program} failed: ${stderr.trim().slice(-500) || `it ended with ${exitCode}`}`);
}

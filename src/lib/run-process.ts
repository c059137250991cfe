import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { execa, type Options } from "execa";

/** What a program gets. Nothing is inherited: no environment, no shell, no terminal. */
export interface ProcessRequest {
  /** Names the program in errors, such as `git rev-list`. */
  readonly name: string;
  /** The program's absolute path. */
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Absent: an empty standard input. */
  readonly stdin?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Then the program's process group gets SIGTERM, so that locks are removed, and SIGKILL soon after. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** How long it has after SIGTERM until SIGKILL. Absent: two seconds. */
  readonly killDelayMs?: number;
  /** Sees what it prints on standard error as it comes; must not throw. */
  readonly onStderr?: (chunk: Uint8Array) => void;
  /** It may go on when our own process ends: somebody may be in the middle of something with it. Absent: it ends with us. */
  readonly outlives?: true;
}

export interface ProcessResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
}

export type ProcessFailure = "exit" | "killed" | "timeout" | "output" | "aborted" | "not-started";

/** A program that did not do what it was started for. */
export class ProcessError extends Error {
  override readonly name = "ProcessError";
  readonly failure: ProcessFailure;
  /** null: the program did not end by itself. */
  readonly exitCode: number | null;
  /** The end of what it printed on standard error, bounded. */
  readonly stderr: string;

  constructor(options: {
    message: string;
    failure: ProcessFailure;
    exitCode: number | null;
    stderr: string;
    cause: unknown;
  }) {
    super(options.message, options.cause === undefined ? {} : { cause: options.cause });
    this.failure = options.failure;
    this.exitCode = options.exitCode;
    this.stderr = options.stderr;
  }
}

const KILL_DELAY_MS = 2000;
const MAX_STDERR_BYTES = 8 * 1024;

/**
 * Runs a program to its end. Resolves if it exits with one of `exitCodes` (default: 0); throws a `ProcessError`
 * otherwise, and when it prints more than `maxStdoutBytes`. If the source of `stdin` throws, that error is thrown.
 */
export async function runProcess(
  request: ProcessRequest & { readonly maxStdoutBytes: number; readonly exitCodes?: readonly number[] },
): Promise<ProcessResult> {
  const stdin = new GuardedInput(request.stdin);
  const stderr = new Tail(MAX_STDERR_BYTES);
  const result = await execa(request.file, request.args, {
    ...optionsOf(request, stdin, stderr),
    maxBuffer: { stdout: request.maxStdoutBytes },
  });
  stdin.throwIfFailed();
  const failure = failureOf(request, result, stderr, request.exitCodes ?? [0]);
  if (failure) throw failure;
  return { exitCode: result.exitCode ?? 0, stdout: Buffer.from(result.stdout) };
}

/**
 * Runs a program and yields its standard output as it comes, with backpressure. Throws a `ProcessError` at the end
 * unless it exits with 0. A consumer that stops early ends the program.
 */
export async function* streamProcess(request: ProcessRequest): AsyncGenerator<Uint8Array, undefined> {
  const stdin = new GuardedInput(request.stdin);
  const stderr = new Tail(MAX_STDERR_BYTES);
  const running = execa(request.file, request.args, {
    ...optionsOf(request, stdin, stderr),
    buffer: { stdout: false },
  });
  for await (const chunk of running.iterable({ binary: true })) {
    let goesOn = false;
    try {
      yield chunk;
      goesOn = true;
    } finally {
      // Before the loop is left: leaving it waits for the program.
      if (!goesOn) running.kill();
    }
  }
  const result = await running;
  stdin.throwIfFailed();
  const failure = failureOf(request, result, stderr, [0]);
  if (failure) throw failure;
}

/** A program that is talked with while it runs. Whoever starts one reads both of its outputs, and sees to its end. */
export interface StartedProcess {
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** The program itself has ended; what it started may go on, and hold its outputs open. */
  readonly exited: Promise<{ readonly exitCode: number | null; readonly signal: NodeJS.Signals | null }>;
}

/**
 * Starts a program in a session of its own, which goes on when we end: nothing here ends it. Throws a `ProcessError`
 * where it cannot be started.
 */
export async function startProcess(
  request: Pick<ProcessRequest, "name" | "file" | "args" | "cwd" | "env">,
): Promise<StartedProcess> {
  const { name, file, args, cwd, env } = request;
  const child = spawn(file, args, { cwd, env, stdio: ["pipe", "pipe", "pipe"], detached: true });
  const exited: StartedProcess["exited"] = new Promise((resolve) => {
    child.once("exit", (exitCode, signal) => resolve({ exitCode, signal }));
  });
  const { pid, stdin, stdout, stderr } = child;
  if (pid !== undefined) return { pid, stdin, stdout, stderr, exited };
  const [cause] = (await once(child, "error")) as [NodeJS.ErrnoException];
  const message = `${name} could not be started (${cause.code ?? "unknown"})`;
  throw new ProcessError({ message, failure: "not-started", exitCode: null, stderr: "", cause });
}

function optionsOf(request: ProcessRequest, stdin: GuardedInput, stderr: Tail) {
  return {
    cwd: request.cwd,
    env: request.env,
    extendEnv: false,
    stdin: stdin.source,
    stderr: { transform: keepIn(stderr, request.onStderr), binary: true },
    encoding: "buffer",
    reject: false,
    timeout: request.timeoutMs,
    ...(request.signal ? { cancelSignal: request.signal } : {}),
    forceKillAfterDelay: request.killDelayMs ?? KILL_DELAY_MS,
    cleanup: !request.outlives,
    // Its own process group: the Ctrl-C of a terminal is ours to answer, and no grandchild outlives a kill.
    killDescendants: true,
  } as const satisfies Options;
}

/** Takes what a stream has and passes nothing on, in the form that execa wants. */
function keepIn(tail: Tail, onChunk: (chunk: Uint8Array) => void = () => undefined) {
  return function* (chunk: unknown): Generator<never> {
    if (chunk instanceof Uint8Array) {
      tail.push(chunk);
      onChunk(chunk);
    }
    yield* [];
  };
}

/** The program's input, and the error of its source: more telling than the program's own about a cut-off input. */
class GuardedInput {
  readonly source: "ignore" | Uint8Array | AsyncIterable<Uint8Array>;
  private failure: { readonly error: unknown } | undefined;

  constructor(input: ProcessRequest["stdin"]) {
    if (input === undefined) this.source = "ignore";
    else if (typeof input === "string") this.source = Buffer.from(input);
    else this.source = input instanceof Uint8Array ? input : this.guard(input);
  }

  throwIfFailed(): void {
    if (this.failure) throw this.failure.error;
  }

  private async *guard(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* input;
    } catch (error) {
      this.failure = { error };
      throw error;
    }
  }
}

/** Keeps the last bytes of a stream. */
class Tail {
  private kept = Buffer.alloc(0);
  private readonly maxBytes: number;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  push(chunk: Uint8Array): void {
    this.kept = Buffer.concat([this.kept, chunk.subarray(-this.maxBytes)]).subarray(-this.maxBytes);
  }

  get text(): string {
    return this.kept.toString("utf8").trim();
  }
}

interface Ended {
  readonly failed: boolean;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly code?: string | undefined;
  readonly timedOut: boolean;
  readonly isCanceled: boolean;
  readonly isMaxBuffer: boolean;
  readonly cause?: unknown;
}

function failureOf(
  request: ProcessRequest,
  ended: Ended,
  stderr: Tail,
  exitCodes: readonly number[],
): ProcessError | undefined {
  const make = (failure: ProcessFailure, what: string): ProcessError => {
    const message = `${request.name} ${what}${stderr.text ? `: ${stderr.text}` : ""}`;
    const exitCode = ended.exitCode ?? null;
    return new ProcessError({ message, failure, exitCode, stderr: stderr.text, cause: ended.cause });
  };
  if (ended.timedOut) return make("timeout", `took longer than ${request.timeoutMs} ms`);
  if (ended.isCanceled) return make("aborted", "was stopped");
  if (ended.isMaxBuffer) return make("output", "printed more than it may");
  if (ended.signal !== undefined) return make("killed", `was ended by ${ended.signal}`);
  if (ended.exitCode === undefined)
    return make("not-started", `could not be started (${ended.code ?? "unknown"})`);
  if (!exitCodes.includes(ended.exitCode)) return make("exit", `ended with ${ended.exitCode}`);
  return undefined;
}

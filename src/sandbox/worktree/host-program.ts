import { once } from "node:events";
import type { Readable } from "node:stream";
import { constants } from "node:os";
import { messageOf, NightwardenError } from "../../core/nightwarden-error.ts";
import { startProcess, type StartedProcess } from "../../lib/run-process.ts";
import type { EnclosedProgram, ProgramEnd, ProgramOutput } from "../enclosed-program.ts";
import { bearsMark, MARK_VARIABLE, type EnclosureMark } from "./enclosure-mark.ts";
import type { HostProcess } from "./host-process.ts";
import { endEnclosed, findEnclosed } from "./process-table.ts";
import { limitedCommand, type ProcessLimits } from "./process-limits.ts";

/** The whole search path: of whoever started us nothing is inherited. Behind it comes the folder of our own Node. */
const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What is counted by looking: a limit that no kernel holds. */
export interface WatchedLimits {
  readonly memoryBytes: number;
  /** Processes and threads. */
  readonly pids: number;
  readonly everyMs: number;
}

interface HostProgramOptions {
  /** A file of ours for this very Node. */
  readonly script: string;
  readonly args: readonly string[];
  readonly nodeArgs?: readonly string[];
  readonly cwd: string;
  /** Beside PATH and the mark. */
  readonly env: Readonly<Record<string, string>>;
  readonly mark: EnclosureMark;
  readonly limits: ProcessLimits;
  /** Absent: a program of ours that is trusted. */
  readonly watched?: WatchedLimits;
  /** Called when every process has ended. */
  readonly release?: () => Promise<void>;
}

/** One of our programs as a process of this machine, with all that it starts: found by its mark, ended by a walk. */
export class HostProgram implements EnclosedProgram {
  readonly id: string;
  private readonly process: StartedProcess;
  private readonly isOurs: (each: HostProcess) => boolean;
  private readonly watched: WatchedLimits | undefined;
  private readonly release: () => Promise<void>;
  private readonly ended: Promise<ProgramEnd>;
  private readonly onMemory = new Set<() => void>();
  private readonly onPids = new Set<(seen: number) => void>();
  private timer: NodeJS.Timeout | undefined;
  private outOfMemory = false;
  private hasExited = false;
  private removal: Promise<void> | undefined;

  private constructor(process: StartedProcess, options: HostProgramOptions) {
    const { mark } = options;
    this.process = process;
    this.id = `pid-${process.pid}`;
    this.isOurs = (each) => bearsMark(each.mark, mark);
    this.watched = options.watched;
    this.release = options.release ?? (async () => Promise.resolve());
    // One that has ended takes everything and does nothing.
    process.stdin.on("error", () => process.stdin.destroy());
    this.ended = this.end_();
    this.ended.catch(() => undefined); // told to whoever asks
    this.watch();
  }

  /** Throws a NightwardenError; then nothing of the program is left. */
  static async start(options: HostProgramOptions): Promise<HostProgram> {
    const { script, args, cwd, env, mark, limits, nodeArgs = [] } = options;
    const command = [process.execPath, ...nodeArgs, script, ...args];
    const { file, args: all } = await limitedCommand(command, limits, mark);
    try {
      const started = await startProcess({
        name: script,
        file,
        args: all,
        cwd,
        env: { PATH: hostPath(), [MARK_VARIABLE]: mark.variable, ...env },
      });
      return new HostProgram(started, options);
    } catch (error) {
      await options.release?.();
      throw new NightwardenError({ code: "infra.engine", message: messageOf(error), cause: error });
    }
  }

  async *output(): AsyncGenerator<ProgramOutput> {
    const { stdout, stderr } = this.process;
    const queue: ProgramOutput[] = [];
    let wake = (): void => undefined;
    let open = 0;
    const take = (stream: ProgramOutput["stream"], source: Readable): void => {
      if (source.destroyed) return;
      open += 1;
      source.on("data", (bytes: Buffer) => {
        queue.push({ stream, bytes });
        source.pause(); // goes on when the reader has come so far
        wake();
      });
      source.on("error", () => source.destroy());
      source.once("close", () => {
        open -= 1;
        wake();
      });
    };
    take("stdout", stdout);
    take("stderr", stderr);
    for (;;) {
      const piece = queue.shift();
      if (piece) {
        yield piece;
        if (queue.length > 0) continue;
        stdout.resume();
        stderr.resume();
      } else if (open === 0) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { stdin } = this.process;
    if (stdin.destroyed || !stdin.writable || stdin.write(bytes)) return;
    const waiting = new AbortController();
    const { signal } = waiting;
    try {
      await Promise.race([
        once(stdin, "drain", { signal }),
        once(stdin, "close", { signal }),
        this.process.exited,
      ]);
    } catch {
      // It broke: whoever reads the output learns how the program ended.
    } finally {
      waiting.abort();
    }
  }

  endInput(): void {
    this.process.stdin.end();
  }

  async end(): Promise<ProgramEnd> {
    return await this.ended;
  }

  async endAfterOutput(): Promise<ProgramEnd> {
    return await this.ended;
  }

  /** Bounded: the walk that ends the processes has a deadline. */
  async endAfterKill(): Promise<ProgramEnd> {
    return await this.ended;
  }

  async kill(): Promise<void> {
    await endEnclosed(this.isOurs);
  }

  onOutOfMemory(tell: () => void): () => void {
    this.onMemory.add(tell);
    return () => this.onMemory.delete(tell);
  }

  /** Another limit than this one, such as the machine's, is never taken for it. */
  async memoryLimitReached(): Promise<boolean> {
    return await Promise.resolve(this.outOfMemory);
  }

  onManyProcesses(tell: (seen: number) => void): () => void {
    this.onPids.add(tell);
    return () => this.onPids.delete(tell);
  }

  async remove(): Promise<void> {
    this.removal ??= this.removeAll();
    await this.removal;
  }

  private async removeAll(): Promise<void> {
    await this.kill();
    await this.ended;
    for (const stream of [this.process.stdin, this.process.stdout, this.process.stderr]) stream.destroy();
    await this.release();
  }

  /** When the first process has ended, so have all the others: as where a container's first one ends. */
  private async end_(): Promise<ProgramEnd> {
    const { exitCode, signal } = await this.process.exited;
    this.hasExited = true;
    clearTimeout(this.timer);
    await endEnclosed(this.isOurs);
    const code = exitCode ?? 128 + (signal === null ? 0 : constants.signals[signal]);
    return { exitCode: code, outOfMemory: this.outOfMemory };
  }

  private watch(): void {
    if (!this.watched || this.hasExited) return;
    this.timer = setTimeout(() => void this.look(), this.watched.everyMs);
  }

  private async look(): Promise<void> {
    const { watched } = this;
    if (!watched || this.hasExited) return;
    const found = await findEnclosed(this.isOurs);
    const bytes = found.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
    const pids = found.reduce((sum, { threads }) => sum + threads, 0);
    if (bytes > watched.memoryBytes) {
      this.outOfMemory = true;
      for (const tell of this.onMemory) tell();
    } else if (pids > watched.pids) {
      for (const tell of this.onPids) tell(pids);
    } else {
      this.watch();
      return;
    }
    await this.kill().catch(() => undefined); // asked again when the sandbox is removed, and told then
  }
}

/** The constant search path of everything that runs in a worktree sandbox. */
export function hostPath(): string {
  const own = process.execPath.slice(0, process.execPath.lastIndexOf("/"));
  return SYSTEM_PATH.split(":").includes(own) ? SYSTEM_PATH : `${SYSTEM_PATH}:${own}`;
}

import type { SandboxJob, SandboxRun } from "../contracts/sandbox.ts";
import type { Clock } from "../contracts/clock.ts";
import type { SandboxEnd } from "../core/event-fields.ts";
import { shimLinePrefix, type ShimMessage } from "../core/shim-protocol.ts";
import { LineSplitter, type SplitLine } from "../lib/line-splitter.ts";
import type { EnclosedProgram, ProgramEnd, ProgramOutput } from "./enclosed-program.ts";
import { MemoryWatch, type MemoryVerdict } from "./memory-watch.ts";
import { parseShimLine } from "./shim-line.ts";
import { ToldTests } from "./told-tests.ts";

const DEFAULT_MAX_LINE_BYTES = 64 * 1024;
/** What keeping a line takes beside its text. Counted, or empty lines would fill a disk below the cap. */
const LINE_COST_BYTES = 80;
const LAST_OUTPUT_MS = 10_000;
const GUARD_PAUSE_FACTOR = 5;

/** One run: reads the output, watches the caps, and remembers the first reason to end. */
export class RunWatch {
  private readonly program: EnclosedProgram;
  private readonly job: SandboxJob;
  private readonly prefix: string;
  private readonly clock: Clock;
  private readonly splitters: Readonly<Record<ProgramOutput["stream"], LineSplitter>>;
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly killed: Promise<void>;
  private readonly memory: MemoryWatch;
  private announceKill: () => void = () => undefined;
  private stopCounting: (() => void) | undefined;
  private startedMs = 0;
  private outputBytes = 0;
  private lines = 0;
  private reason: SandboxEnd["reason"] = "exited";
  private failedCommand: number | null = null;
  private missingProgram: string | null = null;
  private allPassed = false;
  private isSpeaking = false;
  private lastOutputMs = 0;
  private seen: number | undefined;
  private isOver = false;
  private isDisposed = false;
  private readonly tests = new ToldTests();
  /** An empty line that is the shim's if its message follows, and the program's otherwise. */
  private heldEmptyLine = false;

  constructor(options: { program: EnclosedProgram; job: SandboxJob; nonce: string; clock: Clock }) {
    this.program = options.program;
    this.job = options.job;
    this.prefix = shimLinePrefix(options.nonce);
    this.clock = options.clock;
    const splitter = (stream: ProgramOutput["stream"]): LineSplitter =>
      new LineSplitter({
        maxLineBytes: options.job.maxLineBytes ?? DEFAULT_MAX_LINE_BYTES,
        onLine: (line) => this.onLine(stream, line),
      });
    this.splitters = { stdout: splitter("stdout"), stderr: splitter("stderr") };
    this.killed = new Promise((resolve) => (this.announceKill = resolve));
    this.memory = new MemoryWatch({
      program: options.program,
      onVerdict: (verdict) => this.stop(verdict),
    });
  }

  begin(): void {
    this.startedMs = this.clock.monotonicMs();
    this.lastOutputMs = this.startedMs;
    this.watchSilence();
    this.watchGuard();
    this.memory.begin();
    this.stopCounting = this.program.onManyProcesses?.((seen) => this.stop("pids", seen));
    this.timers.push(setTimeout(() => this.stop("wall-clock"), this.job.wallClockMs));
    if (this.job.firstOutputMs !== undefined && this.job.firstOutputMs < this.job.wallClockMs) {
      const check = (): void => {
        // Dots without an end of line are words, too.
        const isMidLine = this.splitters.stdout.pendingBytes + this.splitters.stderr.pendingBytes > 0;
        if (!this.isSpeaking && !isMidLine) this.stop("first-output");
      };
      this.timers.push(setTimeout(check, this.job.firstOutputMs));
    }
  }

  /** The pause begins when an answer has come, and is longer where that took long: asking must not be what is busy. */
  private watchGuard(lastTookMs = 0): void {
    const { guard } = this.job;
    if (!guard || this.isDisposed) return;
    const ask = async (): Promise<void> => {
      const askedMs = this.clock.monotonicMs();
      const passed = await guard.check({ isOver: false }).catch(() => undefined);
      if (passed) this.stop(passed.reason, passed.seen);
      else this.watchGuard(this.clock.monotonicMs() - askedMs);
    };
    const pauseMs = Math.max(guard.everyMs, lastTookMs * GUARD_PAUSE_FACTOR);
    this.timers.push(setTimeout(() => void ask(), pauseMs));
  }

  /** One timer at a time, set to the moment at which the silence would be too long. */
  private watchSilence(): void {
    const { silence } = this.job;
    if (!silence) return;
    const leftMs = this.heardMs() + silence.maxMs - this.clock.monotonicMs();
    if (leftMs <= 0) this.stop("silence");
    else this.timers.push(setTimeout(() => this.watchSilence(), leftMs));
  }

  private heardMs(): number {
    return Math.max(this.lastOutputMs, this.job.silence?.heardAtMs() ?? 0);
  }

  /** What keeping the output takes. */
  private keptBytes(): number {
    return this.outputBytes + this.lines * LINE_COST_BYTES;
  }

  /** Ends the run at once; the first reason wins, and what has ended by itself has ended. `seen`: of a cap. */
  stop(reason: Exclude<SandboxEnd["reason"], "exited" | "lost">, seen?: number): void {
    if (this.reason !== "exited" || this.isOver) return;
    this.reason = reason;
    this.seen = seen;
    if (reason === "silence") this.seen = Math.round(this.clock.monotonicMs() - this.heardMs());
    if (reason === "output") this.seen = this.keptBytes();
    // The wait for the end is bounded from now on, whether or not the engine takes the order.
    this.announceKill();
    this.program.kill().catch(() => undefined);
  }

  async read(output: AsyncGenerator<ProgramOutput>): Promise<void> {
    for await (const { stream, bytes } of output) {
      this.lastOutputMs = this.clock.monotonicMs();
      this.splitters[stream].push(bytes);
      this.outputBytes += bytes.length;
      if (this.keptBytes() > this.job.outputBytes) this.stop("output");
    }
    this.splitters.stdout.finish();
    this.splitters.stderr.finish();
  }

  /**
   * When the program has ended by itself, or was killed and has ended then. `reading`, the promise of `read`, ends
   * early where the engine itself goes away: then nobody would ever say that the program has ended.
   */
  async ended(reading: Promise<void>): Promise<ProgramEnd> {
    const end = await Promise.race([
      this.program.end(),
      this.killed.then(async () => await this.program.endAfterKill()),
      reading.then(async () => await this.program.endAfterOutput()),
    ]);
    // What it printed last may still be on its way; a stream that stays open for longer is given up.
    await Promise.race([
      reading,
      new Promise((resolve) => this.timers.push(setTimeout(resolve, LAST_OUTPUT_MS))),
    ]);
    return end;
  }

  async result(end: ProgramEnd): Promise<SandboxRun> {
    const durationMs = Math.round(this.clock.monotonicMs() - this.startedMs);
    const memory = await this.memory.settle(end);
    this.isOver = true;
    const outOfMemory = memory === "memory";
    const own = this.reason === "exited" ? reasonOf(end, memory) : this.reason;
    const reason = own === "exited" && !outOfMemory ? await this.lookOnceMore() : own;
    const allPassed = this.allPassed && reason === "exited" && end.exitCode === 0 && !outOfMemory;
    return {
      end: {
        exitCode: end.exitCode,
        reason,
        outOfMemory,
        ...(this.seen === undefined ? {} : { seen: this.seen }),
        durationMs,
        outputBytes: this.outputBytes,
        droppedBytes: this.splitters.stdout.droppedBytes + this.splitters.stderr.droppedBytes,
      },
      failedCommand: this.failedCommand,
      missingProgram: this.missingProgram,
      allPassed,
      ...(this.job.tests ? { tests: this.tests.results() } : {}),
    };
  }

  /** A short program is over before its tree is looked at for the first time: what it has left is held to the caps, too. */
  private async lookOnceMore(): Promise<SandboxEnd["reason"]> {
    const passed = await this.job.guard?.check({ isOver: true }).catch(() => undefined);
    if (!passed) return "exited";
    this.seen = passed.seen;
    return passed.reason;
  }

  dispose(): void {
    this.isDisposed = true;
    this.memory.dispose();
    this.stopCounting?.();
    for (const timer of this.timers) clearTimeout(timer);
  }

  private onLine(stream: ProgramOutput["stream"], line: SplitLine): void {
    if (stream === "stderr") {
      this.handOn(stream, line);
      return;
    }
    const message = parseShimLine(line.text, this.prefix);
    if (this.heldEmptyLine && !message) this.handOn(stream, { text: "", cut: false });
    this.heldEmptyLine = !message && line.text === "";
    if (message) this.onShimMessage(message);
    else if (!this.heldEmptyLine) this.handOn(stream, line);
  }

  private handOn(stream: ProgramOutput["stream"], line: SplitLine): void {
    this.isSpeaking = true;
    this.lines += 1;
    // After the cap nothing more is handed on, or the reader would see more than was allowed while the kill is under way.
    if (this.reason === "exited") this.job.onLine({ stream, ...line });
  }

  private onShimMessage(message: ShimMessage): void {
    switch (message.type) {
      case "command-missing":
        this.missingProgram = message.message;
        this.failedCommand = message.index;
        break;
      case "command-finished":
        if (message.exitCode !== 0) this.failedCommand = message.index;
        break;
      case "cap-reached":
        if (message.cap === "memory") this.memory.shimHasSeenKill();
        else this.stop("pids");
        break;
      case "all-passed":
        this.allPassed = true;
        break;
      case "tests":
        this.tests.add(message.results);
        break;
      case "tests-ended":
        this.tests.end(message.count);
        break;
      case "self-check":
      case "command-started":
        break;
    }
  }
}

/** Why a run ended that nobody ended. */
function reasonOf(end: ProgramEnd, memory: MemoryVerdict | undefined): SandboxEnd["reason"] {
  if (end.exitCode === null) return "lost";
  return memory === "host-memory" ? memory : "exited";
}

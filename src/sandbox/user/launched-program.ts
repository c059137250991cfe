import { once } from "node:events";
import { CONTROL, STDERR, STDIN, type LauncherRun } from "../../core/launcher-protocol.ts";
import { NightwardenError } from "../../core/nightwarden-error.ts";
import { encodePiece } from "../../core/piece.ts";
import { pieces } from "../attach-stream.ts";
import type { EnclosedProgram, ProgramEnd, ProgramOutput } from "../enclosed-program.ts";
import { errorOf, readMessage, silence, type Launcher, type LauncherProcess } from "./launcher.ts";

/** How long the launcher may take to end everything of a run. It looks again and again until nothing is left. */
const KILL_DEADLINE_MS = 20_000;
/** After which another launcher is asked to end what one does not. */
const PATIENCE_MS = 3000;
const ASK_MEMORY = encodePiece(CONTROL, Buffer.from(JSON.stringify({ type: "ask-memory" })));
const KILL = encodePiece(CONTROL, Buffer.from(JSON.stringify({ type: "kill" })));
const END_OF_INPUT = encodePiece(STDIN, Buffer.alloc(0));
const LOST: ProgramEnd = { exitCode: null, outOfMemory: false };

/** One of our programs as a user of its own, with its launcher between us: see core/launcher-protocol.ts. */
export class LaunchedProgram implements EnclosedProgram {
  readonly id: string;
  private readonly launcher: Launcher;
  private readonly run: LauncherRun;
  private readonly process: LauncherProcess;
  private readonly said: ReturnType<typeof pieces>;
  private readonly ended: Promise<ProgramEnd>;
  private announceEnd: (end: ProgramEnd) => void = () => undefined;
  private tellOutOfMemory: () => void = () => undefined;
  private answerMemory: (limitReached: boolean | null) => void = () => undefined;
  private memoryAnswer: Promise<boolean | null> | undefined;
  private isInputEnded = false;
  private hasEnded = false;
  private removal: Promise<void> | undefined;

  private constructor(options: {
    readonly launcher: Launcher;
    readonly run: LauncherRun;
    readonly process: LauncherProcess;
    readonly said: ReturnType<typeof pieces>;
  }) {
    this.id = options.run.id;
    this.run = options.run;
    this.launcher = options.launcher;
    this.process = options.process;
    this.said = options.said;
    this.ended = new Promise((resolve) => (this.announceEnd = resolve));
    void this.process.ended.then(() => (this.hasEnded = true));
  }

  /** Throws a NightwardenError; then nothing of the program is left. */
  static async start(launcher: Launcher, run: LauncherRun): Promise<LaunchedProgram> {
    const process = await launcher.open(run);
    const said = pieces(process.stdout as AsyncIterable<Buffer>);
    try {
      const first = await said.next();
      if (first.done) throw await silence(process);
      const message = readMessage(first.value.bytes);
      if (first.value.stream !== CONTROL || message.type !== "started") throw errorOf(message);
      return new LaunchedProgram({ launcher, run, process, said });
    } catch (error) {
      process.stdin.end();
      throw error;
    }
  }

  async *output(): AsyncGenerator<ProgramOutput> {
    let end = LOST;
    try {
      for await (const { stream, bytes } of this.said) {
        if (stream !== CONTROL) {
          yield { stream: stream === STDERR ? "stderr" : "stdout", bytes };
          continue;
        }
        const message = readMessage(bytes);
        if (message.type === "ended") end = message;
        else if (message.type === "out-of-memory") this.tellOutOfMemory();
        else if (message.type === "memory") this.answerMemory(message.limitReached);
        else if (message.type === "failed" || message.type === "refused") throw errorOf(message);
      }
    } finally {
      this.announceEnd({ exitCode: end.exitCode, outOfMemory: end.outOfMemory });
      this.answerMemory(null);
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { stdin, ended } = this.process;
    if (this.isInputEnded || stdin.destroyed || !stdin.writable) return;
    if (stdin.write(encodePiece(STDIN, bytes))) return;
    const waiting = new AbortController();
    const { signal } = waiting;
    try {
      await Promise.race([once(stdin, "drain", { signal }), once(stdin, "close", { signal }), ended]);
    } catch {
      // It broke: whoever reads the output learns how the program ended.
    } finally {
      waiting.abort();
    }
  }

  /** Our pipe stays open: its end would be our own. */
  endInput(): void {
    if (this.isInputEnded) return;
    this.isInputEnded = true;
    if (this.process.stdin.writable) this.process.stdin.write(END_OF_INPUT);
  }

  async end(): Promise<ProgramEnd> {
    return await this.ended;
  }

  /** The launcher tells the end before it closes its output, and is gone itself where it does not. */
  async endAfterOutput(): Promise<ProgramEnd> {
    return await this.ended;
  }

  async endAfterKill(): Promise<ProgramEnd> {
    return await withinDeadline(this.ended, this.id);
  }

  async kill(): Promise<void> {
    if (this.process.stdin.writable) this.process.stdin.write(KILL);
    // A launcher whose program takes no more input may not come to read this.
    setTimeout(() => void this.endFromOutside().catch(() => undefined), PATIENCE_MS).unref();
    await Promise.resolve();
  }

  onOutOfMemory(tell: () => void): () => void {
    this.tellOutOfMemory = tell;
    return () => (this.tellOutOfMemory = () => undefined);
  }

  async memoryLimitReached(): Promise<boolean | null> {
    if (this.hasEnded || !this.process.stdin.writable) return null;
    this.memoryAnswer ??= new Promise((resolve) => (this.answerMemory = resolve));
    this.process.stdin.write(ASK_MEMORY);
    const answer = await this.memoryAnswer;
    this.memoryAnswer = undefined;
    return answer;
  }

  async remove(): Promise<void> {
    this.removal ??= this.takeDown();
    await this.removal;
  }

  private async takeDown(): Promise<void> {
    // For the launcher that is the end of the supervisor: it ends everything, removes it, and goes.
    this.process.stdin.end();
    this.process.stdout.destroy();
    const impatience = setTimeout(() => void this.endFromOutside().catch(() => undefined), PATIENCE_MS);
    this.process.ended.then(() => clearTimeout(impatience)).catch(() => undefined);
    const { exitCode } = await withinDeadline(this.process.ended, this.id);
    // It could not: somebody has killed it.
    if (exitCode !== 0) await this.launcher.endRun({ owner: this.run.owner, id: this.id });
  }

  private async endFromOutside(): Promise<void> {
    if (!this.hasEnded) await this.launcher.endRun({ owner: this.run.owner, id: this.id });
  }
}

async function withinDeadline<T>(work: Promise<T>, id: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `the launcher did not end ${id} within ${KILL_DEADLINE_MS / 1000} s`;
      reject(new NightwardenError({ code: "infra.engine", message }));
    }, KILL_DEADLINE_MS);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

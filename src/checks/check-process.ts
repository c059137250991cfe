import { fileURLToPath } from "node:url";
import { z } from "zod";
import { inspectionSchema, type Inspection } from "../core/inspection.ts";
import { LineSplitter } from "../lib/line-splitter.ts";
import { startProcess, type StartedProcess } from "../lib/run-process.ts";
import { encodeRequest, type InspectRequest } from "./request.ts";

/** Its own file, built or not. */
const PROGRAM = fileURLToPath(import.meta.url).replace(/check-process\.([jt]s)$/, "main.$1");
/** An answer is bounded by `boundFindings`; this is far above. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const MAX_HEAP_MIB = 256;
/** Of the space for what is new. It may be three times as large, and Node's own choice keeps a hundred megabytes of trees that are gone. */
const MAX_YOUNG_MIB = 16;

const answerSchema = z.union([z.object({ at: z.string() }), z.object({ done: inspectionSchema })]);

/** How the program ended before it had answered, and the file that it was at. */
export interface CheckDeath {
  readonly died: "crashed" | "deadline";
  readonly at: string | undefined;
}

/** The checking program (main.ts), for as many changes as it lives. One request at a time. */
export class CheckProcess {
  private readonly process: StartedProcess;
  private onAnswer: (answer: z.infer<typeof answerSchema>) => void = () => undefined;
  private isGone = false;

  private constructor(started: StartedProcess) {
    this.process = started;
    const lines = new LineSplitter({ maxLineBytes: MAX_ANSWER_BYTES, onLine: ({ text }) => this.read(text) });
    started.stdout.on("data", (chunk: Buffer) => lines.push(chunk));
    started.stderr.resume();
    // It may have ended while a request was being written: its end is what counts.
    started.stdin.on("error", () => undefined);
    void this.noteEnd();
  }

  static async start(): Promise<CheckProcess> {
    const started = await startProcess({
      name: "the checks",
      file: process.execPath,
      args: [
        `--max-old-space-size=${MAX_HEAP_MIB}`,
        `--max-semi-space-size=${MAX_YOUNG_MIB}`,
        "--disable-warning=ExperimentalWarning",
        PROGRAM,
        String(process.pid),
      ],
      cwd: "/",
      env: {},
    });
    return new CheckProcess(started);
  }

  get pid(): number {
    return this.process.pid;
  }

  get isAlive(): boolean {
    return !this.isGone;
  }

  /** The findings, or how it died over the change. Throws the signal's reason. After a death or a throw it is gone. */
  async ask(
    request: InspectRequest,
    limits: { readonly deadlineMs: number; readonly signal?: AbortSignal },
  ): Promise<Inspection | CheckDeath> {
    if (limits.signal?.aborted) this.kill();
    limits.signal?.throwIfAborted();
    let at: string | undefined;
    const deadline = AbortSignal.timeout(limits.deadlineMs);
    const stop = limits.signal ? AbortSignal.any([deadline, limits.signal]) : deadline;
    const stopped = new Promise<CheckDeath>((resolve) => {
      stop.addEventListener("abort", () => resolve({ died: "deadline", at }), { once: true });
    });
    const answered = new Promise<Inspection>((resolve) => {
      this.onAnswer = (answer) => {
        if ("done" in answer) resolve(answer.done);
        else ({ at } = answer);
      };
    });
    const crashed = this.process.exited.then((): CheckDeath => ({ died: "crashed", at }));
    this.process.stdin.write(encodeRequest(request));
    const result = await Promise.race([answered, crashed, stopped]);
    if ("died" in result) this.kill();
    limits.signal?.throwIfAborted();
    return result;
  }

  /** Ends it; its parsers have nothing that would have to be put in order. */
  kill(): void {
    if (this.isGone) return;
    this.isGone = true;
    process.kill(this.process.pid, "SIGKILL");
  }

  private async noteEnd(): Promise<void> {
    await this.process.exited;
    this.isGone = true;
  }

  /** What is in no form of ours comes from a program that is no longer ours. */
  private read(line: string): void {
    const answer = answerSchema.safeParse(parsed(line));
    if (answer.success) this.onAnswer(answer.data);
    else this.kill();
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

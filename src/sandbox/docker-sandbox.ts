import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import type { SandboxEnd, SelfCheck } from "../core/event.ts";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import {
  SELF_CHECK_PREFIX,
  TREE_PATH,
  shimLinePrefix,
  type ShimJob,
  type ShimMessage,
} from "../core/shim-protocol.ts";
import type { Clock } from "../contracts/clock.ts";
import type { Sandbox, Sandboxes, SandboxJob, SandboxRequest, SandboxRun } from "../contracts/sandbox.ts";
import { LineSplitter, type SplitLine } from "../lib/line-splitter.ts";
import type { AttachChunk } from "./attach-stream.ts";
import { selfCheckDifferences } from "./compare-container.ts";
import { HOME_PATH, LABEL_ATTEMPT, LABEL_ROLE, LABEL_WORKSPACE, sandboxSpec } from "./container-spec.ts";
import type { DockerTrees } from "./docker-trees.ts";
import { EngineContainer } from "./engine-container.ts";

const MAX_LINE_BYTES = 64 * 1024;
const SELF_CHECK_DEADLINE_MS = 30_000;

/** Sandboxes as containers without network, each on one tree volume. */
export class DockerSandboxes implements Sandboxes {
  private readonly docker: Docker;
  private readonly trees: DockerTrees;
  private readonly clock: Clock;
  private readonly workspace: string;

  constructor(options: { docker: Docker; trees: DockerTrees; clock: Clock; workspace: string }) {
    this.docker = options.docker;
    this.trees = options.trees;
    this.clock = options.clock;
    this.workspace = options.workspace;
  }

  async start(request: SandboxRequest): Promise<Sandbox> {
    const { attempt, role, image, slot, limits } = request;
    const spec = sandboxSpec({
      name: `nightwarden-${role}-${attempt.attempt}-${attempt.token.slice(0, 8)}-${randomBytes(3).toString("hex")}`,
      image,
      slot,
      limits,
      tree: this.trees.volumeOf(request.trees, request.tree),
      labels: {
        [LABEL_WORKSPACE]: this.workspace,
        [LABEL_ATTEMPT]: attempt.attempt,
        [LABEL_ROLE]: role,
      },
    });
    const container = await EngineContainer.start(this.docker, spec);
    const output = container.output();
    try {
      const check = await readSelfCheck(output);
      const differences = selfCheckDifferences(check, slot, limits);
      if (differences.length > 0) {
        throw new NightwardenError({
          code: "refused.sandbox",
          message: `the sandbox is weaker than it should be: it ${differences.join("; it ")}`,
          hint: "Nothing untrusted was started in it. Update the engine; see docs/containment.md.",
        });
      }
      return new DockerSandbox({ container, output, selfCheck: check, clock: this.clock });
    } catch (error) {
      await container.remove();
      throw error;
    }
  }
}

/** The shim's first line. Nothing untrusted has run yet, so what is read here is ours. */
async function readSelfCheck(output: AsyncGenerator<AttachChunk>): Promise<SelfCheck> {
  let [stdout, stderr] = ["", ""];
  const deadline = AbortSignal.timeout(SELF_CHECK_DEADLINE_MS);
  for (;;) {
    const next = await Promise.race([output.next(), rejectOnAbort(deadline)]);
    if (next.done) {
      const said = `${stdout}${stderr}`.trim().slice(-500);
      throw new NightwardenError({
        code: "refused.sandbox",
        message: `the sandbox ended before it could describe itself${said ? `: ${said}` : ""}`,
        hint: "Does the image hold a Node that runs in it? Try: nightwarden image build",
      });
    }
    if (next.value.stream === "stderr") stderr += next.value.bytes.toString("utf8");
    else stdout += next.value.bytes.toString("utf8");
    const [line, ...after] = stdout.trimStart().split("\n");
    if (line === undefined || after.length === 0) continue;
    const message = parseShimLine(line, SELF_CHECK_PREFIX);
    if (message?.type !== "self-check") {
      const hint = "The image's shim is not ours, or of another version. Try: nightwarden image build";
      const said = stdout.slice(0, 200);
      throw new NightwardenError({
        code: "refused.sandbox",
        message: `unexpected first words: ${said}`,
        hint,
      });
    }
    return message.check;
  }
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => {
      const message = `the sandbox said nothing for ${SELF_CHECK_DEADLINE_MS / 1000} s after its start`;
      reject(new NightwardenError({ code: "infra.engine", message }));
    });
  });
}

function parseShimLine(line: string, prefix: string): ShimMessage | undefined {
  if (!line.startsWith(prefix)) return undefined;
  try {
    return JSON.parse(line.slice(prefix.length)) as ShimMessage;
  } catch {
    return undefined; // not the shim's: a program printed something that looks like it
  }
}

class DockerSandbox implements Sandbox {
  readonly id: string;
  readonly selfCheck: SelfCheck;
  private readonly container: EngineContainer;
  private readonly output: AsyncGenerator<AttachChunk>;
  private readonly clock: Clock;

  constructor(options: {
    container: EngineContainer;
    output: AsyncGenerator<AttachChunk>;
    selfCheck: SelfCheck;
    clock: Clock;
  }) {
    this.container = options.container;
    this.id = options.container.id.slice(0, 12);
    this.output = options.output;
    this.selfCheck = options.selfCheck;
    this.clock = options.clock;
  }

  async run(job: SandboxJob, signal: AbortSignal): Promise<SandboxRun> {
    const nonce = randomBytes(16).toString("hex");
    const watch = new RunWatch({ container: this.container, job, nonce, clock: this.clock });
    const reading = watch.read(this.output);
    const onAbort = (): void => watch.stop("stopped");
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      watch.begin();
      await this.sendJob(job, nonce);
      const end = await watch.ended();
      await reading;
      return watch.result(end);
    } finally {
      signal.removeEventListener("abort", onAbort);
      watch.dispose();
    }
  }

  async destroy(): Promise<void> {
    await this.container.remove();
  }

  private async sendJob(job: SandboxJob, nonce: string): Promise<void> {
    const stdin = Buffer.from(job.stdin, "utf8");
    const shimJob: ShimJob = {
      nonce,
      commands: job.commands,
      env: { HOME: HOME_PATH, TMPDIR: "/tmp", LANG: "C.UTF-8", CI: "1", ...job.env },
      cwd: TREE_PATH,
      stdinBytes: stdin.length,
    };
    await this.container.write(Buffer.concat([Buffer.from(`${JSON.stringify(shimJob)}\n`), stdin]));
    this.container.endInput();
  }
}

/** One run: reads the output, watches the caps, and remembers the first reason to end. */
class RunWatch {
  private readonly container: EngineContainer;
  private readonly job: SandboxJob;
  private readonly prefix: string;
  private readonly clock: Clock;
  private readonly splitters: Readonly<Record<AttachChunk["stream"], LineSplitter>>;
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly killed: Promise<void>;
  private announceKill: () => void = () => undefined;
  private startedMs = 0;
  private outputBytes = 0;
  private reason: SandboxEnd["reason"] = "exited";
  private failedCommand: number | null = null;
  private missingProgram: string | null = null;
  private allPassed = false;
  private isSpeaking = false;
  /** An empty line that is the shim's if its message follows, and the program's otherwise. */
  private heldEmptyLine = false;

  constructor(options: { container: EngineContainer; job: SandboxJob; nonce: string; clock: Clock }) {
    this.container = options.container;
    this.job = options.job;
    this.prefix = shimLinePrefix(options.nonce);
    this.clock = options.clock;
    const splitter = (stream: AttachChunk["stream"]): LineSplitter =>
      new LineSplitter({ maxLineBytes: MAX_LINE_BYTES, onLine: (line) => this.onLine(stream, line) });
    this.splitters = { stdout: splitter("stdout"), stderr: splitter("stderr") };
    this.killed = new Promise((resolve) => (this.announceKill = resolve));
  }

  begin(): void {
    this.startedMs = this.clock.monotonicMs();
    this.timers.push(setTimeout(() => this.stop("wall-clock"), this.job.wallClockMs));
    if (this.job.firstOutputMs !== undefined && this.job.firstOutputMs < this.job.wallClockMs) {
      const check = (): void => {
        if (!this.isSpeaking) this.stop("first-output");
      };
      this.timers.push(setTimeout(check, this.job.firstOutputMs));
    }
  }

  /** Ends the run at once; the first reason wins. */
  stop(reason: Exclude<SandboxEnd["reason"], "exited" | "lost">): void {
    if (this.reason !== "exited") return;
    this.reason = reason;
    this.container.kill().then(this.announceKill, this.announceKill);
  }

  async read(output: AsyncGenerator<AttachChunk>): Promise<void> {
    for await (const { stream, bytes } of output) {
      this.splitters[stream].push(bytes);
      this.outputBytes += bytes.length;
      if (this.outputBytes > this.job.outputBytes) this.stop("output");
    }
    this.splitters.stdout.finish();
    this.splitters.stderr.finish();
  }

  /** When the container has ended by itself, or was killed and has ended then. */
  async ended(): Promise<Awaited<ReturnType<EngineContainer["end"]>>> {
    return await Promise.race([
      this.container.end(),
      this.killed.then(async () => await this.container.endAfterKill()),
    ]);
  }

  result(end: { readonly exitCode: number | null; readonly outOfMemory: boolean }): SandboxRun {
    const reason = this.reason === "exited" && end.exitCode === null ? "lost" : this.reason;
    const allPassed = this.allPassed && reason === "exited" && end.exitCode === 0 && !end.outOfMemory;
    return {
      end: {
        exitCode: end.exitCode,
        reason,
        outOfMemory: end.outOfMemory,
        durationMs: Math.round(this.clock.monotonicMs() - this.startedMs),
        outputBytes: this.outputBytes,
        droppedBytes: this.splitters.stdout.droppedBytes + this.splitters.stderr.droppedBytes,
      },
      failedCommand: this.failedCommand,
      missingProgram: this.missingProgram,
      allPassed,
    };
  }

  dispose(): void {
    for (const timer of this.timers) clearTimeout(timer);
  }

  private onLine(stream: AttachChunk["stream"], line: SplitLine): void {
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

  private handOn(stream: AttachChunk["stream"], line: SplitLine): void {
    this.isSpeaking = true;
    // After the cap nothing more is handed on, or the reader would see more than was allowed while the kill is under way.
    if (this.reason === "exited") this.job.onLine({ stream, ...line });
  }

  private onShimMessage(message: ShimMessage): void {
    switch (message.type) {
      case "command-missing":
        this.missingProgram = messageOf(message.message);
        this.failedCommand = message.index;
        break;
      case "command-finished":
        if (message.exitCode !== 0) this.failedCommand = message.index;
        break;
      case "all-passed":
        this.allPassed = true;
        break;
      case "self-check":
      case "command-started":
        break;
    }
  }
}

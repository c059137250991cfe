import { randomBytes } from "node:crypto";
import type { Clock } from "../contracts/clock.ts";
import type { Sandbox, SandboxJob, SandboxRun } from "../contracts/sandbox.ts";
import type { SelfCheck } from "../core/event-fields.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import { SandboxStop } from "../core/sandbox-stop.ts";
import type { ShimJob } from "../core/shim-protocol.ts";
import type { EnclosedProgram, ProgramOutput } from "./enclosed-program.ts";
import { readSelfCheck } from "./read-self-check.ts";
import { RunWatch } from "./run-watch.ts";

/** What is a back end's own about a job: where it runs, and its way out. */
export interface SandboxPlace {
  readonly cwd: string;
  /** What the place gives every command, HOME and TMPDIR among it; the job's own variables come over it. */
  readonly env: Readonly<Record<string, string>>;
  readonly forward: ShimJob["forward"];
}

/**
 * A sandbox around the shim, which runs already: takes its self-check, and refuses the sandbox for every difference
 * from what was asked. Where it is refused, nothing of it is left.
 */
export async function startEnclosedSandbox(options: {
  /** The shim. */
  readonly program: EnclosedProgram;
  /** In which ways the sandbox looks different from the inside than it should. */
  readonly differences: (check: SelfCheck) => readonly string[];
  readonly clock: Clock;
  readonly place: SandboxPlace;
}): Promise<Sandbox> {
  const { program, clock, place } = options;
  const output = program.output();
  try {
    const selfCheck = await readSelfCheck(output);
    const differences = options.differences(selfCheck);
    if (differences.length > 0) {
      throw new NightwardenError({
        code: "refused.sandbox",
        message: `the sandbox is weaker than it should be: it ${differences.join("; it ")}`,
        hint: "Nothing untrusted was started in it. Update the engine; see docs/containment.md.",
      });
    }
    return new EnclosedSandbox({ program, output, selfCheck, clock, place });
  } catch (error) {
    await program.remove();
    throw error;
  }
}

class EnclosedSandbox implements Sandbox {
  readonly id: string;
  readonly selfCheck: SelfCheck;
  private readonly program: EnclosedProgram;
  private readonly output: AsyncGenerator<ProgramOutput>;
  private readonly clock: Clock;
  private readonly place: SandboxPlace;

  constructor(options: {
    program: EnclosedProgram;
    output: AsyncGenerator<ProgramOutput>;
    selfCheck: SelfCheck;
    clock: Clock;
    place: SandboxPlace;
  }) {
    this.program = options.program;
    this.id = options.program.id.slice(0, 12);
    this.output = options.output;
    this.selfCheck = options.selfCheck;
    this.clock = options.clock;
    this.place = options.place;
  }

  async run(job: SandboxJob, signal: AbortSignal): Promise<SandboxRun> {
    const nonce = randomBytes(16).toString("hex");
    const watch = new RunWatch({ program: this.program, job, nonce, clock: this.clock });
    const reading = watch.read(this.output);
    reading.catch(() => undefined);
    const onAbort = (): void => {
      const reason: unknown = signal.reason;
      watch.stop(reason instanceof SandboxStop ? reason.why : "stopped");
    };
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      watch.begin();
      await this.sendJob(job, nonce);
      return await watch.result(await watch.ended(reading));
    } finally {
      signal.removeEventListener("abort", onAbort);
      watch.dispose();
    }
  }

  async destroy(): Promise<void> {
    await this.program.remove();
  }

  private async sendJob(job: SandboxJob, nonce: string): Promise<void> {
    const stdin = Buffer.from(job.stdin, "utf8");
    const { cwd, env, forward } = this.place;
    const shimJob: ShimJob = {
      nonce,
      commands: job.commands,
      env: { LANG: "C.UTF-8", CI: "1", ...env, ...job.env },
      cwd,
      ...(job.path ? { path: job.path.map((folder) => `${cwd}/${folder}`) } : {}),
      forward,
      stdinBytes: stdin.length,
      ...(job.stdinOf === undefined ? {} : { stdinOf: job.stdinOf }),
      ...(job.tests ? { tests: job.tests } : {}),
    };
    await this.program.write(Buffer.concat([Buffer.from(`${JSON.stringify(shimJob)}\n`), stdin]));
    this.program.endInput();
  }
}

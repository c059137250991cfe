import type { OpenGateway } from "../contracts/gateway.ts";
import type { OutputLine, Sandboxes, SandboxRun } from "../contracts/sandbox.ts";
import type { Trees } from "../contracts/trees.ts";
import type { AttemptRef } from "../core/attempt.ts";
import type { SelfCheck } from "../core/event-fields.ts";
import type { AttemptId, TaskId } from "../core/ids.ts";
import type { Limits } from "../core/limits.ts";

/** What a probe needs to run a program as a task's would run. */
export interface ProbeSandboxDeps {
  readonly sandboxes: Sandboxes;
  readonly trees: Trees;
  readonly newToken: () => string;
  /** What bounds the trees on disk, for a person; absent: nothing is said about it. */
  readonly treeBound?: string;
}

export interface ProbeCommand {
  /** The image's id. */
  readonly image: string;
  readonly limits: Limits;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly wallClockMs: number;
  readonly maxLineBytes?: number;
  readonly onLine: (line: OutputLine) => void;
}

const MAX_OUTPUT_BYTES = 1024 * 1024;
const SLOT = 0;

/** The identity of what a probe has on the engine. */
export function probeAttempt(probe: string, deps: Pick<ProbeSandboxDeps, "newToken">): AttemptRef {
  return { task: probe as TaskId, attempt: `${probe}.1` as AttemptId, token: deps.newToken() };
}

/**
 * Runs a command on an empty tree, in a sandbox like the one in which tasks run, and leaves nothing behind. Throws a
 * NightwardenError where there is no sandbox, or its own check does not agree.
 */
export async function runInProbeSandbox(
  deps: ProbeSandboxDeps,
  options: ProbeCommand & {
    readonly attempt: AttemptRef;
    readonly role: "agent" | "verify";
    readonly gateway?: OpenGateway;
    /** Aborted when the probe has to end; then this throws its reason. */
    readonly signal: AbortSignal;
    /** Ends the run alone, with a SandboxStop as its reason. */
    readonly giveUp?: AbortSignal;
  },
): Promise<{ readonly run: SandboxRun; readonly selfCheck: SelfCheck }> {
  const { attempt, role, image, limits, gateway, signal } = options;
  const runSignal = options.giveUp ? AbortSignal.any([signal, options.giveUp]) : signal;
  const trees = await deps.trees.open({ attempt, slot: SLOT });
  try {
    signal.throwIfAborted();
    const place = { attempt, role, image, trees, tree: role, limits, slot: SLOT };
    const sandbox = await deps.sandboxes.start({ ...place, ...(gateway ? { gateway } : {}) });
    try {
      signal.throwIfAborted();
      await gateway?.ready();
      const { env = {}, stdin = "", command, wallClockMs, maxLineBytes, onLine } = options;
      const job = { commands: [command], env, stdin, wallClockMs, outputBytes: MAX_OUTPUT_BYTES, onLine };
      const run = await sandbox.run({ ...job, ...(maxLineBytes ? { maxLineBytes } : {}) }, runSignal);
      signal.throwIfAborted();
      return { run, selfCheck: sandbox.selfCheck };
    } finally {
      await sandbox.destroy();
    }
  } finally {
    await trees.close();
  }
}

import type { Sandbox } from "../../contracts/sandbox.ts";
import type { CanaryId } from "../../core/canary.ts";
import type { SandboxEnd } from "../../core/event-fields.ts";
import { readProbeAnswer, type ProbeAnswers } from "./probe-answers.ts";
import type { ProbeTargets } from "./probe-targets.ts";
import { probeProgram } from "./probes.ts";

const MIB = 1024 * 1024;
const WALL_CLOCK_MS = 45_000;

/** Runs the probes of `canaries` in a sandbox that has run nothing yet. */
export async function askSandbox(options: {
  readonly sandbox: Sandbox;
  readonly node: string;
  readonly canaries: readonly CanaryId[];
  readonly targets: ProbeTargets;
  /** A random word: what another program prints is no answer. */
  readonly nonce: string;
  /** Told of each answer as it comes. */
  readonly onAnswer?: (canary: CanaryId) => void;
  readonly signal: AbortSignal;
}): Promise<ProbeAnswers> {
  const { sandbox, node, canaries, targets, nonce, onAnswer, signal } = options;
  const prefix = `@canary:${nonce} `;
  const answers: ProbeAnswers = new Map();
  const { end } = await sandbox.run(
    {
      commands: [[node, "-"]],
      env: {},
      stdin: probeProgram({ canaries, targets, prefix }),
      wallClockMs: WALL_CLOCK_MS,
      outputBytes: MIB,
      maxLineBytes: MIB,
      onLine: ({ text }) => {
        const answer = readProbeAnswer(text, prefix);
        if (!answer) return;
        answers.set(answer.canary, answer);
        onAnswer?.(answer.canary);
      },
    },
    signal,
  );
  // A cap that is reached ends the whole sandbox, and then the probe cannot say so.
  const cap = capOf(end);
  if (cap && canaries.includes(cap) && !answers.has(cap)) {
    answers.set(cap, { reached: [], refused: [`the sandbox was ended at the cap ${cap}`], unclear: [] });
  }
  return answers;
}

function capOf(end: SandboxEnd): "memory" | "pids" | undefined {
  if (end.reason === "pids") return "pids";
  return end.reason === "memory" || end.outOfMemory ? "memory" : undefined;
}

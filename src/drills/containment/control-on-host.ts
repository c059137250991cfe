import type { CanaryId } from "../../core/canary.ts";
import { runProcess } from "../../lib/run-process.ts";
import type { DrillCaps, DrillHost } from "./drill-host.ts";
import { readProbeAnswer, type ProbeAnswers } from "./probe-answers.ts";
import { probeProgram } from "./probes.ts";
import { endProcesses, processesNamed } from "./processes-named.ts";

const DEADLINE_MS = 45_000;
const MAX_OUTPUT_BYTES = 1024 * 1024;
const PREFIX = "@control ";

/** The same probes without a guard, as a child of ours on this host: each must succeed. Leaves nothing. */
export async function controlOnHost(options: {
  readonly host: DrillHost;
  readonly canaries: readonly CanaryId[];
  readonly limits: DrillCaps;
  readonly signal: AbortSignal;
}): Promise<ProbeAnswers> {
  const { host, canaries, limits, signal } = options;
  const targets = host.controlTargets(limits);
  const answers: ProbeAnswers = new Map();
  try {
    const { stdout } = await runProcess({
      name: "the drill's control",
      file: process.execPath,
      args: ["-"],
      ...host.controlProcess,
      stdin: probeProgram({ canaries, targets, prefix: PREFIX }),
      timeoutMs: DEADLINE_MS,
      maxStdoutBytes: MAX_OUTPUT_BYTES,
      // Whoever ends the host for memory may end it with any code: what it has said counts.
      exitCodes: Array.from({ length: 256 }, (_, code) => code),
      signal,
    });
    for (const line of stdout.toString("utf8").split("\n")) {
      const answer = readProbeAnswer(line, PREFIX);
      if (answer) answers.set(answer.canary, answer);
    }
  } finally {
    // What it left behind must be seen to live: that is what is looked for after the sandbox.
    const left = await processesNamed(targets.survivorMarker);
    endProcesses(left);
    if (left.length > 0) answers.set("survivor", { reached: ["it lives on"], refused: [], unclear: [] });
  }
  return answers;
}

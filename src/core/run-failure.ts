import { failed, type Outcome } from "./attempt.ts";
import { formatByteSize } from "./byte-size.ts";
import { formatDuration } from "./duration.ts";
import type { SandboxEnd } from "./event.ts";
import type { Limits } from "./limits.ts";

/** What a sandbox's run says about the programs in it. */
export interface RunFacts {
  readonly end: SandboxEnd;
  readonly missingProgram: string | null;
  readonly allPassed: boolean;
}

/** Why the agent's run cannot become a candidate; undefined: it may. Its exit code 0 is no more than that. */
export function agentFailure(run: RunFacts, limits: Limits): Outcome | undefined {
  const ended = commonFailure(run, limits);
  if (ended) return ended;
  switch (run.end.reason) {
    case "wall-clock":
      return failed(
        "cap-wall-clock",
        `it worked for more than ${formatDuration(limits.wallClock)} (limit wallClock)`,
      );
    case "first-output":
      return failed(
        "cap-first-output",
        `it said nothing for ${formatDuration(limits.firstOutput)} (limit firstOutput)`,
      );
    case "output":
      return failed("cap-output", `it printed more than ${formatByteSize(limits.output)} (limit output)`);
    case "exited":
    case "stopped":
    case "lost":
      break;
  }
  if (run.missingProgram !== null) return failed("agent-not-started", run.missingProgram);
  if (!run.allPassed)
    return failed("agent-failed", `the agent ended with exit code ${run.end.exitCode ?? "unknown"}`);
  return undefined;
}

/** Why a verify run does not let the commit land; undefined: every command passed. */
export function verifyFailure(
  run: RunFacts,
  limits: Limits,
  failedCommand: string | null,
): Outcome | undefined {
  const ended = commonFailure(run, limits);
  if (ended) return ended;
  if (run.end.reason === "wall-clock") {
    const limit = formatDuration(limits.verifyTime);
    return failed("cap-verify-time", `the verify commands ran for more than ${limit} (limit verifyTime)`);
  }
  if (run.end.reason === "output")
    return failed("cap-output", `verify printed more than ${formatByteSize(limits.output)}`);
  if (run.allPassed) return undefined;
  const command = failedCommand === null ? "a command" : `"${failedCommand}"`;
  return failed("verify-failed", `${command} ended with exit code ${run.end.exitCode ?? "unknown"}`);
}

function commonFailure(run: RunFacts, limits: Limits): Outcome | undefined {
  if (run.end.reason === "stopped") return failed("stopped", "the night was asked to stop");
  if (run.end.reason === "lost") return failed("sandbox-lost", "the container was gone before it had ended");
  // Also where the program went on after one of its processes was killed: its result cannot be trusted then.
  if (run.end.outOfMemory) {
    return failed("cap-memory", `it needed more than ${formatByteSize(limits.memory)} (limit memory)`);
  }
  return undefined;
}

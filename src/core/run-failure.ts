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

/** Why a verify run does not let the commit land; undefined: every command passed. */
export function verifyFailure(
  run: RunFacts,
  limits: Limits,
  failedCommand: string | null,
): Outcome | undefined {
  const ended = containerFailure(run, limits);
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

/** What a run means where its container did not end as its program would have ended it; undefined: it did. */
export function containerFailure(run: RunFacts, limits: Limits): Outcome | undefined {
  if (run.end.reason === "stopped") return failed("stopped", "the night was asked to stop");
  if (run.end.reason === "lost") return failed("sandbox-lost", "the container was gone before it had ended");
  // Also where the program went on after one of its processes was killed: its result cannot be trusted then.
  if (run.end.outOfMemory) {
    return failed("cap-memory", `it needed more than ${formatByteSize(limits.memory)} (limit memory)`);
  }
  return treeFailure(run.end, limits);
}

/** The caps on what a tree takes while a program works in it, agent's or verify's. */
function treeFailure({ reason, seen }: SandboxEnd, limits: Limits): Outcome | undefined {
  if (reason === "disk") {
    const words = seen === undefined ? "more" : formatByteSize(seen);
    return failed(
      "cap-disk",
      `its files took ${words} on disk, of ${formatByteSize(limits.disk)} (limit disk)`,
    );
  }
  if (reason === "inodes")
    return failed("cap-inodes", `its tree held ${seen ?? "more"} files, of ${limits.inodes} (limit inodes)`);
  return undefined;
}

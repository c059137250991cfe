import { failed, type Outcome } from "./attempt.ts";
import { exceeded } from "./cap.ts";
import type { SandboxEnd } from "./event-fields.ts";
import type { Limits } from "./limits.ts";

/** What a sandbox's run says about the programs in it. */
export interface RunFacts {
  readonly end: SandboxEnd;
  readonly missingProgram: string | null;
  readonly allPassed: boolean;
}

/** 128 + SIGXFSZ, by which the kernel ends a program that writes beyond the largest file it may. */
const FILE_TOO_LARGE = 153;

/** Why a verify run does not let the commit land; undefined: every command passed. */
export function verifyFailure(
  run: RunFacts,
  limits: Limits,
  failedCommand: string | null,
): Outcome | undefined {
  const ended = containerFailure(run, limits);
  if (ended) return ended;
  const { end } = run;
  if (end.reason === "wall-clock")
    return exceeded({ name: "verifyTime", limit: limits.verifyTime, seen: end.durationMs });
  if (end.reason === "output")
    return exceeded({ name: "output", limit: limits.output, seen: seenOf(end, end.outputBytes) });
  if (run.allPassed) return undefined;
  const command = failedCommand === null ? "a command" : `"${failedCommand}"`;
  return failed("verify-failed", `${command} ended with exit code ${end.exitCode ?? "unknown"}`);
}

/** What a run means where its container did not end as its program would have ended it; undefined: it did. */
export function containerFailure(run: RunFacts, limits: Limits): Outcome | undefined {
  const { reason, exitCode, outOfMemory } = run.end;
  if (reason === "stopped") return failed("stopped", "the night was asked to stop");
  if (reason === "lost") return failed("sandbox-lost", "the container was gone before it had ended");
  if (reason === "host-memory") {
    const detail = "a process of it was killed for memory, and it had not reached its own limit";
    return failed("host-memory", detail);
  }
  // Also where the program went on after one of its processes was killed: its result cannot be trusted then.
  if (outOfMemory || reason === "memory") return atLimit("memory", limits);
  if (reason === "pids") return atLimit("pids", limits);
  if (!run.allPassed && reason === "exited" && exitCode === FILE_TOO_LARGE)
    return atLimit("fileSize", limits);
  return treeFailure(run.end, limits);
}

/** The kernel lets nothing beyond these happen: what was wanted is not known. */
function atLimit(name: "memory" | "pids" | "fileSize", limits: Limits): Outcome {
  return exceeded({ name, limit: limits[name], seen: limits[name], atLeast: true });
}

const TREE_CAPS = {
  disk: "disk",
  inodes: "inodes",
  "changed-files": "changedFiles",
  "changed-lines": "changedLines",
} as const;

/** The caps on a tree while a program works in it, agent's or verify's: each count ends where it is over. */
function treeFailure(end: SandboxEnd, limits: Limits): Outcome | undefined {
  const { reason } = end;
  if (!isTreeCap(reason)) return undefined;
  const name = TREE_CAPS[reason];
  return exceeded({ name, limit: limits[name], seen: seenOf(end, limits[name]), atLeast: true });
}

function isTreeCap(reason: SandboxEnd["reason"]): reason is keyof typeof TREE_CAPS {
  return Object.hasOwn(TREE_CAPS, reason);
}

/** What was seen of what the cap counts. */
export function seenOf({ seen }: SandboxEnd, otherwise: number): number {
  return seen ?? otherwise;
}

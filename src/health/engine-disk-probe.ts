import { ENGINE_DISK, judgeDisk } from "../core/judge-disk.ts";
import type { ProbeFinding } from "../core/probe.ts";
import type { Probe } from "./probe.ts";
import { probeAttempt, runInProbeSandbox } from "./probe-sandbox.ts";
import type { ProbeImage } from "./sandbox-probe.ts";

const DEADLINE_MS = 60_000;

/**
 * Room for trees and images. Asked from inside a sandbox: the engine's folders may be on another machine, or in a
 * virtual one, but a tree is always on the same file system as they are.
 */
export function engineDiskProbe(options: ProbeImage & { readonly sandbox: Probe }): Probe {
  return {
    name: "disk",
    subject: "engine",
    deadlineMs: DEADLINE_MS,
    cleanUpMs: DEADLINE_MS,
    needs: [options.sandbox],
    lack: "the engine's disk is full",
    run: async ({ signal }) => {
      const deps = await options.deps();
      const printed: string[] = [];
      await runInProbeSandbox(deps, {
        attempt: probeAttempt("probe-disk", deps),
        role: "verify",
        image: await options.image(),
        limits: options.limits,
        command: ["df", "-P", "-k", "."],
        wallClockMs: DEADLINE_MS,
        signal,
        onLine: ({ text }) => printed.push(text),
      });
      const finding = judgePrinted(printed);
      const { treeBound } = deps;
      return treeBound === undefined ? finding : { ...finding, message: `${finding.message}; ${treeBound}` };
    },
  };
}

function judgePrinted(lines: readonly string[]): ProbeFinding {
  const freeBytes = lines.map(freeBytesOf).find((bytes) => bytes !== undefined);
  if (freeBytes !== undefined) return judgeDisk(ENGINE_DISK, freeBytes);
  return {
    verdict: "warning",
    message: "how much room the engine has is not known: the image has no df that says it",
    hint: "Look at it yourself: docker system df, and df on the engine's machine.",
  };
}

/** POSIX: file system, blocks of 1024 bytes, used, available, capacity, mounted on. */
function freeBytesOf(line: string): number | undefined {
  const free = /\s\d+\s+\d+\s+(\d+)\s+\d+%\s/.exec(line)?.[1];
  return free === undefined ? undefined : Number(free) * 1024;
}

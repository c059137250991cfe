import { formatByteSize, GIB, MIB } from "./byte-size.ts";
import type { ProbeFinding } from "./probe.ts";

interface DiskNeed {
  readonly place: string;
  readonly warnBelowBytes: number;
  readonly refuseBelowBytes: number;
  readonly hint: string;
}

/** Journal, outputs and shadow repositories grow by some hundred MiB in a long night. */
export const WORKSPACE_DISK: DiskNeed = {
  place: "where the workspace keeps its state",
  warnBelowBytes: 2 * GIB,
  refuseBelowBytes: 512 * MIB,
  hint: "Make room there: old nights are in .nightwarden/output, shadow repositories in .nightwarden/shadow.",
};

/** One attempt has two trees, and an image that must be built anew takes some GiB. */
export const ENGINE_DISK: DiskNeed = {
  place: "where the engine keeps its data",
  warnBelowBytes: 5 * GIB,
  refuseBelowBytes: GIB,
  hint: "Make room on the engine: docker system df says what takes it, docker system prune removes what is unused.",
};

/** `freeBytes`: what is left there for others than root. */
export function judgeDisk(need: DiskNeed, freeBytes: number): ProbeFinding {
  const message = `${formatByteSize(freeBytes)} free ${need.place}`;
  if (freeBytes >= need.warnBelowBytes) return { verdict: "ok", message };
  const isTooLittle = freeBytes < need.refuseBelowBytes;
  const wanted = isTooLittle ? need.refuseBelowBytes : need.warnBelowBytes;
  return {
    verdict: isTooLittle ? "refused" : "warning",
    message: `${message}; ${formatByteSize(wanted)} are ${isTooLittle ? "needed" : "advised"}`,
    hint: need.hint,
  };
}

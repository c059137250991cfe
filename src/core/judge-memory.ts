import { formatByteSize, MIB } from "./byte-size.ts";
import type { ProbeFinding } from "./probe.ts";

/** What a gateway's container may use. */
const GATEWAY_BYTES = 256 * MIB;
/** For the supervisor, the collector and git. */
const RESERVE_BYTES = 256 * MIB;
/** A sandbox rarely uses all that it may. With less than this, hardly any test suite runs. */
const SMALL_SANDBOX_BYTES = 512 * MIB;

export interface MemoryFacts {
  /** What programs could still get on this machine; null: the sandboxes run on another one. */
  readonly availableBytes: number | null;
  /** All memory of the machine on which sandboxes run; null: the engine does not say. */
  readonly engineBytes: number | null;
  /** The limit of one sandbox. */
  readonly sandboxBytes: number;
  /** Sandboxes with an agent at one time. */
  readonly parallel: number;
}

/** A machine without memory kills what it likes, which looks like any failure but what it is. */
export function judgeMemory(facts: MemoryFacts): ProbeFinding {
  const { availableBytes, engineBytes, sandboxBytes, parallel } = facts;
  const perSandbox = (bytes: number): number => (bytes + GATEWAY_BYTES) * parallel + RESERVE_BYTES;
  const fullBytes = perSandbox(sandboxBytes);
  const leastBytes = perSandbox(Math.min(sandboxBytes, SMALL_SANDBOX_BYTES));
  const bytes = availableBytes ?? engineBytes;
  if (bytes === null) {
    return {
      verdict: "warning",
      message: "neither this machine nor the engine says how much memory there is",
      hint: `See that the engine's machine has ${formatByteSize(fullBytes)} of memory to spare.`,
    };
  }
  const message = `${formatByteSize(bytes)} of memory ${availableBytes === null ? "on the engine's machine" : "available"}`;
  if (bytes >= fullBytes) return { verdict: "ok", message };
  const isTooLittle = bytes < leastBytes;
  return {
    verdict: isTooLittle ? "refused" : "warning",
    message: isTooLittle
      ? `${message}; even a small sandbox needs ${formatByteSize(leastBytes)}`
      : `${message}; a sandbox that uses all of its limit needs ${formatByteSize(fullBytes)}`,
    hint: "End other programs, give the engine's machine more memory, or lower limits.memory in nightwarden.yaml.",
  };
}

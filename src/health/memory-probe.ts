import { freemem, totalmem } from "node:os";
import type { EngineFacts } from "../core/judge-engine.ts";
import { judgeMemory } from "../core/judge-memory.ts";
import type { Limits } from "../core/limits.ts";
import type { Probe } from "./probe.ts";

/** Memory for the sandboxes of a night. */
export function memoryProbe(options: {
  readonly limits: Pick<Limits, "memory">;
  /** Sandboxes with an agent at one time. */
  readonly parallel: number;
  readonly describeEngine: () => Promise<Pick<EngineFacts, "memoryBytes">>;
  readonly engine: Probe;
  readonly machine?: () => { readonly totalBytes: number; readonly availableBytes: number };
}): Probe {
  const { limits, parallel, describeEngine, machine = thisMachine } = options;
  return {
    name: "memory",
    subject: "sandboxes",
    deadlineMs: 10_000,
    cleanUpMs: 0,
    needs: [options.engine],
    lack: "there is not enough memory",
    run: async () => {
      const { memoryBytes } = await describeEngine();
      const { totalBytes, availableBytes } = machine();
      // Two machines with the same memory to the byte are one, seen twice. Another's free memory is not known here.
      const isThisMachine = memoryBytes === totalBytes;
      return judgeMemory({
        availableBytes: isThisMachine ? availableBytes : null,
        engineBytes: memoryBytes,
        sandboxBytes: limits.memory,
        parallel,
      });
    },
  };
}

function thisMachine(): { readonly totalBytes: number; readonly availableBytes: number } {
  return { totalBytes: totalmem(), availableBytes: freemem() };
}

import { judgeEngine, type EngineFacts } from "../core/judge-engine.ts";
import type { Probe } from "./probe.ts";

/** Whether an engine answers, and which. */
export function engineProbe(options: {
  /** Throws a NightwardenError where none answers. */
  readonly describeEngine: () => Promise<EngineFacts>;
}): Probe {
  return {
    name: "engine",
    subject: "docker",
    deadlineMs: 30_000,
    cleanUpMs: 0,
    needs: [],
    lack: "the engine does not answer",
    run: async () => judgeEngine(await options.describeEngine()),
  };
}

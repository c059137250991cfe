import type { Clock } from "../contracts/clock.ts";
import { judgeEngineClock } from "../core/judge-clock.ts";
import type { EngineFacts } from "../core/judge-engine.ts";
import type { Probe } from "./probe.ts";

/** Whether the engine's machine and this one agree about the time. */
export function engineClockProbe(options: {
  readonly clock: Pick<Clock, "now">;
  readonly describeEngine: () => Promise<Pick<EngineFacts, "timeMs">>;
  readonly engine: Probe;
}): Probe {
  return {
    name: "clock",
    subject: "engine",
    deadlineMs: 10_000,
    cleanUpMs: 0,
    needs: [options.engine],
    lack: "the engine's clock is wrong",
    run: async () => {
      const { timeMs } = await options.describeEngine();
      if (timeMs !== null) return judgeEngineClock(options.clock.now().getTime(), timeMs);
      return {
        verdict: "warning",
        message: "the engine does not say what time it has",
        hint: "See that a time service sets the clock of the engine's machine.",
      };
    },
  };
}

import { safeLine } from "../core/safe-text.ts";
import type { RecordedDrill } from "../night/record-drill.ts";

/** A drill that ran a night of its own, as `--json` prints it: see docs/json.md. */
export function drillJson({ drill, demotion }: RecordedDrill): object {
  const { observations = [], of = null, trial, ...rest } = drill;
  return {
    ...rest,
    observations: observations.map(({ what, expected, seen, held }) => ({
      what,
      expected,
      seen: safeLine(seen),
      held,
    })),
    of,
    ...(drill.drill === "docker" ? { trial: trial ? { ...trial, why: safeLine(trial.why) } : null } : {}),
    demotion: demotion ? { ...demotion, why: safeLine(demotion.why) } : null,
  };
}

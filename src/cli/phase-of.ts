import { NightwardenError } from "../core/nightwarden-error.ts";
import { PHASES, type Phase } from "../core/policy.ts";
import { safeLine } from "../core/safe-text.ts";

/** The phase that a person names. Throws `usage.arguments`. */
export function phaseOf(asked: string): Phase {
  const phase = PHASES.find((each) => each === asked);
  if (phase !== undefined) return phase;
  throw new NightwardenError({
    code: "usage.arguments",
    message: `there is no phase "${safeLine(asked)}"`,
    hint: `the phases are ${PHASES.join(", ")}`,
  });
}

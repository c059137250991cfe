import type { GateEvidence } from "./gate-evidence.ts";
import type { GateKey } from "./gate-policy.ts";
import type { Loosening } from "./policy.ts";

/** How a threshold was lowered; empty: it was not. */
export function looseningsOf({ loosened }: Pick<GateEvidence, "loosened">, key: GateKey): Loosening[] {
  return loosened.filter((each) => each.key === `gate.${key}`);
}

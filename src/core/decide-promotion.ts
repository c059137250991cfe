import type { EventData } from "./event.ts";
import { PHASES, type Phase } from "./policy.ts";
import type { WorkspaceGate } from "./workspace-gate.ts";

/** What stands in the way of a promotion, beside a criterion's name: the journals are not whole. */
const JOURNAL = "journal";

export type Promotion =
  | { readonly kind: "promote"; readonly data: EventData<"phase.promoted"> }
  /** Nobody can be promoted there from here, whatever was measured. */
  | { readonly kind: "no-way"; readonly why: string }
  /** `unmet`: the criteria, by name, and `journal` where there is a gap. */
  | { readonly kind: "unmet"; readonly unmet: readonly string[] };

/** Whether a workspace moves to phase `to`. `force`: a person's reason to do it though the gate says no. */
export function decidePromotion(
  gate: Pick<WorkspaceGate, "phase" | "next" | "criteria" | "gaps" | "policyHash">,
  to: Phase,
  force: string | undefined,
): Promotion {
  const { phase: from, next, policyHash } = gate;
  if (to !== next) return { kind: "no-way", why: whyNot(from, to, next) };
  const unmet = [
    ...gate.criteria.filter(({ met }) => !met).map(({ criterion }) => criterion),
    ...(gate.gaps.length > 0 ? [JOURNAL] : []),
  ];
  if (unmet.length > 0 && force === undefined) return { kind: "unmet", unmet };
  // What was met needed no force, whatever was asked for.
  const forced = unmet.length > 0 && force !== undefined ? { reason: force, unmet } : null;
  return { kind: "promote", data: { from, to, forced, policyHash } };
}

function whyNot(from: Phase, to: Phase, next: Phase | null): string {
  if (from === to) return `the workspace is in phase ${to} already`;
  if (PHASES.indexOf(to) < PHASES.indexOf(from)) return `phase ${to} is below phase ${from}`;
  return `phase ${next ?? from} comes next after phase ${from}, and no phase is left out`;
}

import { forcedInWords } from "../core/forced-promotion.ts";
import type { Criterion, Evidence } from "../core/gate-criterion.ts";
import type { Loosening } from "../core/policy.ts";
import type { WorkspaceGate } from "../core/workspace-gate.ts";
import { fitWidth } from "./fit-width.ts";
import type { TextTarget } from "./text-target.ts";

/** Of a criterion's events the last ones; `--json` has all. */
const SHOWN_EVENTS = 3;
const INDENT = "       ";

/** A gate for a terminal: each condition with what was measured, in what, and the events behind it. */
export function renderGatesText(gate: WorkspaceGate, target: TextTarget): string {
  const fit = (line: string): string => fitWidth(line, target.width);
  const lines = [
    target.paint("bold", fit(gateHeadline(gate))),
    ...looserLines(gate),
    ...forcedLines(gate),
    ...gapLines(gate).map((line) => target.paint("red", line)),
    "",
    ...gate.criteria.flatMap((criterion) => criterionLines(criterion, target)),
    ...nightLines(gate).map(fit),
    "",
    fit(nextLine(gate)),
  ];
  return `${lines.join("\n")}\n`;
}

/** How far it is, in one line. */
export function gateHeadline({
  phase,
  next,
  criteria,
}: Pick<WorkspaceGate, "phase" | "next" | "criteria">): string {
  const met = criteria.filter((criterion) => criterion.met).length;
  const goal = next === null ? "of being complete" : `for phase ${next}`;
  return `Phase ${phase}: ${met} of ${criteria.length} criteria ${goal} met`;
}

/** What a policy loosens, each value beside the phase's own, and why. Told whole, however narrow the terminal is. */
export function looserLines({
  phase,
  loosened,
  loosenedReason,
}: Pick<WorkspaceGate, "phase" | "loosened" | "loosenedReason">): string[] {
  if (loosened.length === 0) return [];
  const values = loosened.map(looseningInWords).join(", ");
  return [`Looser than phase ${phase}: ${values}. Reason: ${loosenedReason ?? "none given"}`];
}

/** Promotions that were forced: shown ever after. */
export function forcedLines({ forced }: Pick<WorkspaceGate, "forced">): string[] {
  return forced.map(forcedInWords);
}

export function gapLines({ gaps }: Pick<WorkspaceGate, "gaps">): string[] {
  return gaps.map(({ night, message }) => `Night ${night}: ${message}`);
}

/** A condition in one line: what is asked for, and what was measured. */
export function criterionLine({ says, measured, sample: { of, what } }: Criterion): string {
  if (what === "drills")
    return `${says}: ${of === 0 ? "not run yet" : of === 1 ? "run once" : `run ${of} times`}`;
  return `${says}: ${measured}, in ${of} ${of === 1 ? what.slice(0, -1) : what}`;
}

function criterionLines(criterion: Criterion, target: TextTarget): string[] {
  const { met, loosened, evidence } = criterion;
  const verdict = met ? target.paint("green", "met  ") : target.paint("red", "unmet");
  const omitted = evidence.length - SHOWN_EVENTS;
  return [
    `${verdict}  ${fitWidth(criterionLine(criterion), Math.max(0, target.width - INDENT.length))}`,
    ...loosened.map((each) => `${INDENT}looser: ${looseningInWords(each)}`),
    ...(omitted > 0 ? [`${INDENT}… ${omitted} more; --json has them all`] : []),
    ...evidence
      .slice(-SHOWN_EVENTS)
      .map((each) => target.paint("dim", fitWidth(`${INDENT}${evidenceLine(each)}`, target.width))),
  ];
}

function evidenceLine({ night, seq, at, what }: Evidence): string {
  return `${night ?? "workspace"}, event ${seq}, ${at}: ${what}`;
}

function nightLines({ nights }: WorkspaceGate): string[] {
  const uncounted = nights.filter((night) => night.uncounted !== null);
  if (uncounted.length === 0) return [];
  return [
    "",
    "Nights that do not count:",
    ...uncounted.map(({ night, uncounted: why }) => `${INDENT}${night}: ${why ?? ""}`),
  ];
}

function nextLine({ ok, next, gaps }: WorkspaceGate): string {
  if (gaps.length > 0) return "A promotion is refused while the journals are not whole";
  if (next === null) return ok ? "Complete: a whole night alone is earned" : "Not complete yet";
  return ok ? `Promote with: nightwarden promote ${next}` : `Phase ${next} is refused until all are met`;
}

function looseningInWords({ key, specified, used }: Loosening): string {
  return `${key} ${used} (specified: ${specified})`;
}

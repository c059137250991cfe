import { formatDuration } from "../core/duration.ts";
import type { EventData } from "../core/event.ts";
import { demotionInWords } from "../core/phase-state.ts";
import { safeLine } from "../core/safe-text.ts";
import { column, displayWidth } from "./fit-width.ts";
import type { TextStyle, TextTarget } from "./text-target.ts";

type Drill = EventData<"drill.finished">;

const MARKS: Readonly<Record<Drill["verdict"], readonly [mark: string, style: TextStyle]>> = {
  held: ["✓", "green"],
  survived: ["✗", "red"],
  inconclusive: ["?", "yellow"],
};
const VERDICT_COLUMNS = Math.max(...Object.keys(MARKS).map((verdict) => verdict.length));

/** Drills as a table, one line each; below one that did not hold, or the only one, what it saw. */
export function renderGuardDrillsText(
  results: readonly {
    readonly drill: Drill;
    readonly demotion: EventData<"phase.demoted"> | undefined;
  }[],
  target: TextTarget,
): string {
  const nameColumns = Math.max(...results.map(({ drill }) => displayWidth(drill.drill)));
  const lines = results.flatMap(({ drill }) => {
    const [mark, style] = MARKS[drill.verdict];
    const again = drill.runs > 1 ? `, run ${drill.runs} times` : "";
    const head = [
      `${target.paint(style, mark)} ${column(drill.drill, nameColumns)}`,
      column(drill.verdict, VERDICT_COLUMNS),
      `${drill.isolation}, ${formatDuration(drill.durationMs)}${again}`,
    ].join("  ");
    const isTold = results.length === 1 || drill.verdict !== "held";
    return isTold ? [head, ...observationLines(drill, target)] : [head];
  });
  const demotions = results.flatMap(({ demotion }) =>
    demotion ? [target.paint("red", demotionInWords({ ...demotion, why: safeLine(demotion.why) }))] : [],
  );
  const trials = results.flatMap(({ drill }) => (drill.drill === "docker" ? [trialInWords(drill)] : []));
  const held = results.filter(({ drill }) => drill.verdict === "held").length;
  const end = target.paint("bold", trials[0] ?? `${held} of ${results.length} held`);
  return `${[...lines, "", end, ...demotions].join("\n")}\n`;
}

function trialInWords({ trial }: Drill): string {
  if (trial) return `containers here: ${trial.answer}. ${safeLine(trial.why)}`;
  return "no verdict: all but the prompt works; put that right, and hold the trial again";
}

function observationLines({ observations = [] }: Drill, target: TextTarget): string[] {
  const columns = Math.max(0, ...observations.map(({ what }) => displayWidth(what)));
  return observations.map(({ what, expected, seen, held }) => {
    const mark = held ? target.paint("green", "✓") : target.paint("red", "✗");
    const instead = held ? "" : `, in place of ${safeLine(expected)}`;
    return `    ${mark} ${column(what, columns)}  ${safeLine(seen)}${instead}`;
  });
}

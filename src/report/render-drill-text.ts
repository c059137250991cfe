import { CANARIES, type CanaryId, type CanaryResult } from "../core/canary.ts";
import { formatDuration } from "../core/duration.ts";
import type { EventData } from "../core/event.ts";
import { demotionInWords } from "../core/phase-state.ts";
import { safeLine } from "../core/safe-text.ts";
import { column, displayWidth, fitWidth } from "./fit-width.ts";
import type { TextStyle, TextTarget } from "./text-target.ts";

const MARKS: Readonly<Record<CanaryResult["verdict"], readonly [mark: string, style: TextStyle]>> = {
  held: ["✓", "green"],
  survived: ["✗", "red"],
  inconclusive: ["?", "yellow"],
  "not-promised": ["–", "dim"],
};

const VERDICT_COLUMNS = Math.max(...Object.keys(MARKS).map((verdict) => verdict.length));
/** What went wrong is told whole, however narrow the terminal is. */
const MAX_DETAIL_CHARS = 2000;

/** A containment drill as a table: mark, canary, verdict, and what was asked or, where it was not held, what was found. */
export function renderDrillText(
  result: {
    readonly drill: EventData<"drill.finished">;
    readonly demotion: EventData<"phase.demoted"> | undefined;
  },
  target: TextTarget,
): string {
  const { drill, demotion } = result;
  const canaryColumns = Math.max(0, ...drill.canaries.map(({ canary }) => displayWidth(canary)));
  const before = 2 + canaryColumns + 2 + VERDICT_COLUMNS + 2;
  const lines = drill.canaries.map(({ canary, verdict, detail }) => {
    const [mark, style] = MARKS[verdict];
    const isAnswer = verdict === "survived" || verdict === "inconclusive";
    const about = isAnswer
      ? safeLine(detail, MAX_DETAIL_CHARS)
      : fitWidth(questionOf(canary), Math.max(0, target.width - before));
    return [
      `${target.paint(style, mark)} ${column(canary, canaryColumns)}`,
      column(verdict, VERDICT_COLUMNS),
      about,
    ].join("  ");
  });
  const end = [
    target.paint("bold", conclusion(drill)),
    ...(demotion ? [target.paint("red", demotionInWords({ ...demotion, why: safeLine(demotion.why) }))] : []),
  ];
  return `${lines.join("\n")}\n\n${end.join("\n")}\n`;
}

/** A journal may hold canaries of another version. */
function questionOf(canary: string): string {
  return Object.hasOwn(CANARIES, canary) ? CANARIES[canary as CanaryId].question : "";
}

function conclusion({ canaries, verdict, runs, isolation, durationMs }: EventData<"drill.finished">): string {
  const count = (wanted: CanaryResult["verdict"]): number =>
    canaries.filter((each) => each.verdict === wanted).length;
  const unasked = count("not-promised");
  const words = [
    `${count("held")} held`,
    ...(verdict === "held" ? [] : [`${count("survived")} survived`, `${count("inconclusive")} inconclusive`]),
    ...(unasked > 0 ? [`${unasked} not promised by this isolation`] : []),
  ].join(", ");
  const again = runs > 1 ? `, asked ${runs} times` : "";
  const what = verdict === "held" ? "" : ": a night would not start";
  return `${isolation}: ${words}, in ${formatDuration(durationMs)}${again}${what}`;
}

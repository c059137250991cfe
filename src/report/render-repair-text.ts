import { formatByteSize } from "../core/byte-size.ts";
import { removalHint } from "../core/removal-hint.ts";
import type { Residue } from "../core/residue.ts";
import { safeLine } from "../core/safe-text.ts";
import type { TextTarget } from "./text-target.ts";

/** What a repair removed, each thing with its bytes, and what it could not remove, with what a person can do. */
export function renderRepairText(
  repair: {
    readonly verdict: "clean" | "leaked" | "unknown";
    readonly removed: readonly Residue[];
    readonly bytes: number;
    readonly left: readonly { readonly residue: Residue; readonly why: string }[];
    readonly unknown: readonly { readonly place: string; readonly message: string }[];
  },
  target: TextTarget,
): string {
  const { removed, left, unknown, bytes, verdict } = repair;
  const lines = [
    ...removed.map((each) => `${target.paint("green", "removed")}  ${words(each)}`),
    ...left.flatMap(({ residue, why }) => [
      `${target.paint("red", "left")}     ${words(residue)}: ${safeLine(why)}`,
      `         hint: ${safeLine(removalHint(residue))}`,
    ]),
    ...unknown.map(
      ({ place, message }) =>
        `${target.paint("red", "unknown")}  ${safeLine(place)}: ${safeLine(message, MAX_MESSAGE_CHARS)}`,
    ),
  ];
  const freed = bytes > 0 ? `, ${formatByteSize(bytes)} freed` : "";
  const conclusion =
    verdict === "clean"
      ? `Clean${removed.length === 0 ? ": nothing was left" : ""}${freed}: nightwarden run`
      : `Not clean${freed}: no night starts until this is repaired`;
  return `${[...lines, ...(lines.length > 0 ? [""] : []), target.paint("bold", conclusion)].join("\n")}\n`;
}

/** An engine that was looked for in ten places is told with all of them. */
const MAX_MESSAGE_CHARS = 2000;

function words({ kind, place, name, attempt, bytes }: Residue): string {
  const size = bytes === null ? "" : `, ${formatByteSize(bytes)}`;
  const whose = attempt === null ? "" : `, of ${attempt}`;
  return safeLine(`${kind} ${name} (${place})${whose}${size}`, MAX_MESSAGE_CHARS);
}

import { safeLine } from "../core/safe-text.ts";

/** Characters that a terminal draws two columns wide: the East Asian blocks and the pictures. */
const WIDE =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97C\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]|\p{Emoji_Presentation}/u;
/** Marks that are drawn onto the character before them. */
const COMBINING = /\p{M}/u;

/** The columns that inert text takes on a terminal. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
}

/** Inert text, cut to `columns`. */
export function fitWidth(text: string, columns: number): string {
  const line = safeLine(text, Number.POSITIVE_INFINITY);
  if (displayWidth(line) <= columns) return line;
  let kept = "";
  let width = 1; // for the ellipsis
  for (const character of line) {
    width += widthOf(character);
    if (width > columns) break;
    kept += character;
  }
  return columns > 0 ? `${kept.trimEnd()}…` : "";
}

/** Inert text, cut or filled up to exactly `columns`. */
export function column(text: string, columns: number): string {
  const fitted = fitWidth(text, columns);
  return fitted + " ".repeat(Math.max(0, columns - displayWidth(fitted)));
}

function widthOf(character: string): number {
  if (COMBINING.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

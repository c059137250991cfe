/**
 * What an agent wrote (output, file names, messages of its tools) is shown on terminals, in Markdown and in commit
 * messages. It must not be able to move a cursor, hide or reorder text, fill a clipboard, open a link, mention a person
 * or close an issue there. All of it goes through this file.
 */

const REPLACEMENT = "\uFFFD";

/**
 * Escape sequences of terminals, in their 7-bit and 8-bit forms, in this order:
 * 1. strings with a terminator (OSC, DCS, SOS, PM, APC), on one line; without one only their introducer is an escape
 * 2. CSI: parameters, intermediates, one final
 * 3. every other escape: intermediates, one final
 * No body may hold a control character, so that each character is looked at a bounded number of times.
 */
const TERMINAL_SEQUENCE = new RegExp(
  [
    String.raw`(?:\u001B[\]PX^_]|[\u0090\u0098\u009D-\u009F])[^\u0000-\u0008\u000A-\u001F\u007F-\u009F]*(?:\u0007|\u001B\\|\u009C)`,
    String.raw`(?:\u001B\[|\u009B)[0-?]*[ -/]*[@-~]`,
    String.raw`\u001B[ -/]*[0-~]`,
  ].join("|"),
  "g",
);

/**
 * Everything that Unicode calls control, format (bidi, zero-width, tags, soft hyphen), line or paragraph separator or
 * lone surrogate, and the variation selectors that can smuggle bytes; except tab and line feed.
 */
const INVISIBLE = /[^\P{Cc}\t\n]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u{E0100}-\u{E01EF}]/gu;

const MAX_LINE_CHARS = 300;
const MAX_BLOCK_CHARS = 16_384;

/** Inert text that keeps its lines and tabs, `maxChars` UTF-16 units at most. A carriage return survives as U+FFFD. */
export function safeBlock(text: string, maxChars = MAX_BLOCK_CHARS): string {
  const inert = text
    .replaceAll("\r\n", "\n")
    .replaceAll(TERMINAL_SEQUENCE, "")
    .replaceAll(INVISIBLE, REPLACEMENT);
  return cut(inert, maxChars);
}

/** Inert text on one line: runs of white space become one space. `maxChars` UTF-16 units at most. */
export function safeLine(text: string, maxChars = MAX_LINE_CHARS): string {
  const line = safeBlock(text, Number.POSITIVE_INFINITY).replaceAll(/\s+/g, " ").trim();
  return cut(line, maxChars);
}

/** Inert text as a fenced block of Markdown, which nothing inside can end. */
export function markdownFence(text: string, maxChars = MAX_BLOCK_CHARS): string {
  const body = safeBlock(text, maxChars).replace(/\n+$/, "");
  const fence = "`".repeat(Math.max(3, longestBacktickRun(body) + 1));
  return `${fence}text\n${body}\n${fence}`;
}

/** What a forge turns into a link or a mention after rendering, where escaping no longer helps; code spans are left alone. */
const ACTIVE_WORD = /[@#]|:\/|www\.|^GH-/i;
/** What is markup wherever it stands, and what is a list or a heading at the beginning. */
const MARKUP = /[\\`*_{}[\]<>|~&$!]|^[-+=]|^\d+(?=[.)])/g;

/**
 * Inert text for one line of Markdown: no part of it becomes a heading, a list, HTML, a link or an image; words that a
 * forge would make a mention, an issue or an address become code.
 */
export function markdownText(text: string, maxChars = MAX_LINE_CHARS): string {
  return safeLine(text, maxChars)
    .split(" ")
    .map((word) => (ACTIVE_WORD.test(word) ? markdownCode(word) : escapeMarkup(word)))
    .join(" ");
}

function escapeMarkup(word: string): string {
  return word.replaceAll(MARKUP, (markup) => (/^\d/.test(markup) ? `${markup}\\` : `\\${markup}`));
}

/** Inert text as a code span. */
export function markdownCode(text: string, maxChars = MAX_LINE_CHARS): string {
  const code = safeLine(text, maxChars);
  const ticks = "`".repeat(longestBacktickRun(code) + 1);
  const space = code.startsWith("`") || code.endsWith("`") ? " " : "";
  return code === "" ? "" : `${ticks}${space}${code}${space}${ticks}`;
}

function longestBacktickRun(text: string): number {
  return (text.match(/`+/g) ?? []).reduce((longest, run) => Math.max(longest, run.length), 0);
}

function cut(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const kept = text.slice(0, maxChars - 1);
  return `${/[\uD800-\uDBFF]$/.test(kept) ? kept.slice(0, -1) : kept}…`;
}

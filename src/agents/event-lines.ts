import { z } from "zod";
import type { OutputLine } from "../contracts/sandbox.ts";

const MAX_MESSAGE_CHARS = 500;
const MAX_CODE_CHARS = 80;

const event = z.looseObject({ type: z.string() });
/** One JSON object of a client's event stream; only its type is known to be there. */
export type ClientEvent = z.infer<typeof event>;

/**
 * What the streams of events of both clients have in common: JSON objects on standard output, one on each line, words
 * for people on standard error. Keeps no more than a few hundred characters, whatever comes.
 */
export class EventLines {
  /** Lines of standard output that should have been events and were not. */
  malformed = 0;
  /** The last line of plain text: where a client cannot even begin, it says why there. */
  lastWords = "";
  private readonly onEvent: (event: ClientEvent) => boolean;

  /** `onEvent` says whether the event was what one of its type looks like. */
  constructor(onEvent: (event: ClientEvent) => boolean) {
    this.onEvent = onEvent;
  }

  push({ stream, text, cut }: OutputLine): void {
    if (text.trim() === "" && !cut) return;
    if (stream === "stdout") {
      const parsed = cut ? undefined : parseEvent(text);
      if (parsed && this.onEvent(parsed)) return;
      this.malformed += 1;
      if (text.startsWith("{")) return;
    }
    this.lastWords = boundedMessage(text);
  }
}

function parseEvent(text: string): ClientEvent | undefined {
  try {
    return event.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // a tool, or a crash, wrote in between
  }
}

export function boundedMessage(text: string): string {
  return bounded(text.trim(), MAX_MESSAGE_CHARS);
}

/** A client's name for a failure; null where it gave none. */
export function boundedCode(code: string | null | undefined): string | null {
  return code === null || code === undefined || code === "" ? null : bounded(code, MAX_CODE_CHARS);
}

/** Half a character, as cutting or a hostile escape leaves it, could not be written to the journal as it is. */
function bounded(text: string, maxChars: number): string {
  const cut = text.length > maxChars ? `${text.slice(0, maxChars - 1)}…` : text;
  return cut.replaceAll(/\p{Cs}/gu, "\uFFFD");
}

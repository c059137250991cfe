import type { Usage } from "../core/usage.ts";
import type { Json } from "./filter-json.ts";

/** How to read a provider's answers: the usage in them, how they end, and what went wrong. */
export interface AnswerFormat {
  /**
   * How the data of an event begins that only brings text, and has neither usage nor an end in it. Such events are most
   * of a stream: they are not parsed.
   */
  readonly deltaPrefixes: readonly string[];
  /** What is before the text in such an event; text without any of these is not counted. */
  readonly textMarkers: readonly string[];
  /** Data that is no JSON and ends a stream; null: there is none. */
  readonly endMark: string | null;
  readEvent(event: Json): AnswerChange;
  /** An answer that is not a stream. */
  readWhole(answer: Json): AnswerChange;
}

/** What an event, or a whole answer, says. */
export interface AnswerChange {
  /** Counts that replace those known before; a kind that is left out stays as it is. */
  readonly usage?: Partial<Usage> | undefined;
  /** Bytes of text that the model wrote. */
  readonly textBytes?: number;
  /** It is the last thing that a whole answer has. */
  readonly isEnd?: boolean;
  /** The API gave up: the code as it names it, or null. */
  readonly refusal?: { readonly code: string | null };
}

export const NO_CHANGE: AnswerChange = {};

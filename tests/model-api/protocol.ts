import type { Answer, Reply } from "./scenario.ts";
import type { SseEvent } from "./sse-event.ts";

/** What a request says about the conversation that it continues. */
export interface Conversation {
  readonly model: string;
  readonly streams: boolean;
  /** All text of the conversation but the system's and the tools'. A scenario is chosen by it. */
  readonly prompt: string;
  /** How many of the scenario's turns have been answered with their tools' results. */
  readonly turn: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What is whole when it is sent: a status, a head, and a body of JSON. */
export interface WholeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** One model API's way to say things. Pure: ids come from `nextId`. */
export interface Protocol {
  read(body: Readonly<Record<string, unknown>>): Conversation;
  /** An answer of the model, as events; `reply.fault` is not the protocol's business. */
  events(reply: Reply, context: ReplyContext): Iterable<SseEvent>;
  /** The same answer for a request that does not stream. */
  whole(reply: Reply, context: ReplyContext): unknown;
  error(answer: Extract<Answer, { kind: "error" }>): WholeAnswer;
  /** An error inside a stream that began well. */
  failure(failure: { readonly code: string; readonly message: string }, context: ReplyContext): SseEvent[];
  /** What the provider answers when the conversation is too long. */
  readonly contextOverflow: Extract<Answer, { kind: "error" | "failed" }>;
}

export interface ReplyContext {
  readonly conversation: Conversation;
  /** A number that the server has not given away before. */
  readonly nextId: () => number;
}

/**
 * The id of a tool call names the turn that made it. So the results in a conversation say where it is, however a client
 * groups, repeats or orders them.
 */
export function callId(prefix: string, turn: number, id: number): string {
  return `${prefix}_turn${turn}_${id}`;
}

/** The turn after the last one of these calls; 0 without any. */
export function turnAfter(callIds: readonly string[]): number {
  const turns = callIds.map((id) => Number(/_turn(\d+)_\d+$/.exec(id)?.[1] ?? -1));
  return Math.max(-1, ...turns) + 1;
}

import type { ScriptedUsage } from "./scenario.ts";

/** One event of a streamed answer. Both protocols repeat its name in the data's `type`. */
export interface SseEvent {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export const DEFAULT_USAGE: ScriptedUsage = { input: 1000, cacheRead: 300, cacheWrite: 200, output: 42 };

export function sseEvent(type: string, data: Readonly<Record<string, unknown>> = {}): SseEvent {
  return { type, data: { type, ...data } };
}

/** As it goes over the wire. */
export function encodeSseEvent(event: SseEvent): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event.data)}\n\n`;
}

/** The same event, cut in the middle of its JSON, with an end that makes a reader take it for whole. */
export function encodeTornSseEvent(event: SseEvent): string {
  const json = JSON.stringify(event.data);
  return `event: ${event.type}\ndata: ${json.slice(0, Math.ceil(json.length / 2))}\n\n`;
}

import { createHash } from "node:crypto";
import type { z } from "zod";
import { canonicalJson } from "../core/canonical-json.ts";
import { EVENT_DATA, type Fact, type NightwardenEvent } from "../core/event.ts";
import type { NightId } from "../core/ids.ts";

/** The longest line, its line feed included. What is unbounded (output, prompts) is kept elsewhere. */
export const MAX_LINE_BYTES = 4 * 1024 * 1024;

/** Where a chain ends: the number and the hash of its last event. */
export interface ChainEnd {
  readonly seq: number;
  readonly hash: string;
}

/** The end of an empty chain: the first event has the number 0, and 64 zeros for a predecessor. */
export const CHAIN_START: ChainEnd = { seq: -1, hash: "0".repeat(64) };

/** What all lines of one file share. */
export interface StreamIdentity {
  readonly stream: string;
  readonly workspace: string;
  readonly night: NightId | null;
}

export interface SealedEvent {
  readonly event: NightwardenEvent;
  /** The line as it is written: the canonical JSON of the event, and a line feed. */
  readonly line: Buffer;
}

/**
 * Puts a fact into its envelope and chains it to the event before. Data that does not fit its schema, or a line over
 * the limit, is a mistake of the program and throws a TypeError.
 */
export function sealEvent(options: {
  readonly fact: Fact;
  readonly identity: StreamIdentity;
  readonly actor: string;
  readonly at: Date;
  readonly after: ChainEnd;
}): SealedEvent {
  const { fact, identity, actor, at, after } = options;
  const schema: z.ZodType = EVENT_DATA[fact.type];
  const data = schema.safeParse(fact.data);
  if (!data.success) throw new TypeError(`"${fact.type}" cannot be recorded: ${data.error.message}`);
  const unsealed = {
    v: 1,
    stream: identity.stream,
    workspace: identity.workspace,
    seq: after.seq + 1,
    at: at.toISOString(),
    night: identity.night,
    actor,
    type: fact.type,
    data: data.data,
    prev: after.hash,
  };
  const event = { ...unsealed, hash: hashOf(unsealed) } as NightwardenEvent;
  const line = Buffer.from(`${canonicalJson(event)}\n`);
  if (line.length > MAX_LINE_BYTES) {
    throw new TypeError(
      `"${fact.type}" cannot be recorded: its line of ${line.length} bytes is over the limit`,
    );
  }
  return { event, line };
}

/** SHA-256, in hexadecimal, over the canonical JSON of the event without its member `hash`, as UTF-8. */
export function hashOf(event: object): string {
  const unsealed = { ...event, hash: undefined };
  return createHash("sha256").update(canonicalJson(unsealed)).digest("hex");
}

import { z } from "zod";
import { ATTEMPT_EVENTS } from "./attempt-events.ts";
import { nightId } from "./event-fields.ts";
import { NIGHT_EVENTS } from "./night-events.ts";
import { WORKSPACE_EVENTS } from "./workspace-events.ts";

/**
 * Every fact that the journal can hold. Status, resume, queue and summary are computed from these events and from
 * nothing else, so a fact that is not here does not exist.
 *
 * An effect that leaves the process has two events: one before it (`…started`: about to) and one after it
 * (`…finished`: done). A crash between them is visible on replay.
 */

export const EVENT_DATA = { ...WORKSPACE_EVENTS, ...NIGHT_EVENTS, ...ATTEMPT_EVENTS } as const;

export type EventType = keyof typeof EVENT_DATA;
export type EventData<T extends EventType> = z.infer<(typeof EVENT_DATA)[T]>;

/** A fact that is about to be recorded: what happened, without the envelope that the journal adds. */
export type Fact = { [T in EventType]: { readonly type: T; readonly data: EventData<T> } }[EventType];

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/**
 * The envelope of every line. `hash` is the SHA-256 of the event's canonical JSON without `hash`; `prev` is the hash
 * of the line before, 64 zeros in the first.
 */
export const envelopeSchema = z.strictObject({
  v: z.literal(1),
  /** The file. */
  stream: z.uuid(),
  workspace: z.uuid(),
  seq: z.number().int().nonnegative(),
  at: z.iso.datetime(),
  night: nightId.nullable(),
  actor: z.string(),
  type: z.string(),
  data: z.unknown(),
  prev: sha256,
  hash: sha256,
});

type Envelope = Omit<z.infer<typeof envelopeSchema>, "type" | "data">;

/** One line of a journal. */
export type NightwardenEvent = Envelope & Fact;

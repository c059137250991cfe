import { z } from "zod";
import { canonicalJson } from "../core/canonical-json.ts";
import { EVENT_DATA, envelopeSchema, type NightwardenEvent } from "../core/event.ts";
import { hashOf, type ChainEnd, type StreamIdentity } from "./seal-event.ts";

/** What is wrong with a line, in words that follow the file's name and the line's number. */
export class LineRefusal extends Error {
  override readonly name = "LineRefusal";
  /** The line may be sound, but of a Nightwarden that knows more. */
  readonly newer: boolean;

  constructor(message: string, options: { readonly newer?: boolean } = {}) {
    super(message);
    this.newer = options.newer ?? false;
  }
}

/** What is known of a stream before a line is read: each part that is absent is not compared. */
export interface Expected extends Partial<StreamIdentity> {
  readonly after: ChainEnd;
}

/**
 * The event of one line, or a LineRefusal. A line has one spelling only, the canonical JSON of its event, so that there
 * is no change of a byte that goes unnoticed.
 */
export function checkLine(line: Uint8Array, expected: Expected): NightwardenEvent {
  const { text, value } = parseLine(line);
  const version = z.object({ v: z.unknown() }).safeParse(value);
  if (!version.success) throw new LineRefusal("is not an event");
  if (version.data.v !== 1) {
    throw new LineRefusal(`has the version ${JSON.stringify(version.data.v)}, not 1`, { newer: true });
  }
  const envelope = envelopeSchema.safeParse(value);
  if (!envelope.success) throw new LineRefusal(`is not an event: ${firstIssue(envelope.error)}`);
  if (canonicalJson(value) !== text) throw new LineRefusal("is not spelled as Nightwarden writes it");
  const event = envelope.data;
  if (hashOf(event) !== event.hash)
    throw new LineRefusal("does not match its hash: it was changed after it was written");
  checkPlace(event, expected);
  if (!Object.hasOwn(EVENT_DATA, event.type)) {
    throw new LineRefusal(`has the unknown type "${event.type}"`, { newer: true });
  }
  const schema: z.ZodType = EVENT_DATA[event.type as keyof typeof EVENT_DATA];
  const data = schema.safeParse(event.data);
  if (!data.success)
    throw new LineRefusal(`has data that "${event.type}" cannot have: ${firstIssue(data.error)}`);
  return { ...event, data: data.data } as NightwardenEvent;
}

function parseLine(line: Uint8Array): { text: string; value: unknown } {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(line);
    return { text, value: JSON.parse(text) as unknown };
  } catch {
    throw new LineRefusal("is not JSON");
  }
}

function checkPlace(event: z.infer<typeof envelopeSchema>, expected: Expected): void {
  const { after } = expected;
  if (event.seq !== after.seq + 1) {
    throw new LineRefusal(
      `has the number ${event.seq} where ${after.seq + 1} follows: lines are missing or out of order`,
    );
  }
  if (event.prev !== after.hash) throw new LineRefusal("does not follow from the line before it");
  for (const field of ["stream", "workspace", "night"] as const) {
    const wanted = expected[field];
    if (wanted !== undefined && event[field] !== wanted) {
      throw new LineRefusal(`belongs to another ${field}: "${event[field]}", not "${wanted}"`);
    }
  }
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue ? `${issue.path.join(".") || "the line"}: ${issue.message}` : "it is not valid";
}

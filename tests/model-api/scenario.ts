import { z } from "zod";

/**
 * What the scripted model API answers, as data: it crosses a process boundary as JSON. The server imports only the
 * types of this file, so that it needs nothing but Node; `parseScenario` runs on the test's side.
 */

/** What the model asks for, in words of our own. Each protocol turns it into the tools that the request offers. */
const callSchema = z.discriminatedUnion("tool", [
  z.strictObject({ tool: z.literal("write"), path: z.string(), content: z.string() }),
  z.strictObject({ tool: z.literal("edit"), path: z.string(), from: z.string(), to: z.string() }),
  z.strictObject({ tool: z.literal("read"), path: z.string() }),
  z.strictObject({ tool: z.literal("run"), command: z.string() }),
  /** A tool that no request offers. */
  z.strictObject({ tool: z.literal("unknown") }),
]);

const usageSchema = z.strictObject({
  input: z.int().nonnegative(),
  cacheRead: z.int().nonnegative(),
  cacheWrite: z.int().nonnegative(),
  output: z.int().nonnegative(),
});

const headersSchema = z.record(z.string(), z.string());

/**
 * What goes wrong in the middle of a streamed answer. `after` is the number of events that are sent before; a negative
 * one counts from the end, so that -1 leaves out the terminal event. 0: the head alone.
 */
const faultSchema = z.strictObject({
  after: z.int(),
  /** `reset`: the connection breaks. `end`: the answer ends as if it were whole. `malformed`: one event is cut JSON. */
  what: z.enum(["reset", "end", "silence", "malformed"]),
});

const answerSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("reply"),
    thinking: z.string().optional(),
    text: z.string().optional(),
    /** The text is sent so many times, each as an event of its own. Absent: once. */
    repeat: z.int().positive().optional(),
    calls: z.array(callSchema).optional(),
    /** Absent: the model stops because it is done, or because it waits for its tools. */
    stop: z.enum(["max-tokens", "refusal"]).optional(),
    /** Absent: `DEFAULT_USAGE` of sse-event.ts. */
    usage: usageSchema.optional(),
    headers: headersSchema.optional(),
    /** A pause after each event. Absent: none. */
    paceMs: z.int().positive().optional(),
    fault: faultSchema.optional(),
    times: z.int().positive().optional(),
  }),
  /** An error in the provider's own form. What is absent is what the provider sends with this status. */
  z.strictObject({
    kind: z.literal("error"),
    status: z.int(),
    type: z.string().optional(),
    code: z.string().optional(),
    message: z.string().optional(),
    /** More fields of the error object. */
    fields: z.record(z.string(), z.json()).optional(),
    headers: headersSchema.optional(),
    times: z.int().positive().optional(),
  }),
  /** The conversation is too long, as the provider says it. */
  z.strictObject({ kind: z.literal("context-overflow"), times: z.int().positive().optional() }),
  /** Status 200, and then an error event inside the stream. */
  z.strictObject({
    kind: z.literal("failed"),
    code: z.string(),
    message: z.string(),
    times: z.int().positive().optional(),
  }),
  /** Anything else: HTML, a redirect. The body is sent `repeat` times; absent: once. */
  z.strictObject({
    kind: z.literal("raw"),
    status: z.int(),
    headers: headersSchema.optional(),
    body: z.string().optional(),
    repeat: z.int().positive().optional(),
    times: z.int().positive().optional(),
  }),
  /** An event stream that is small on the wire and has so many bytes when it is unpacked. */
  z.strictObject({
    kind: z.literal("gzip-bomb"),
    bytes: z.int().positive(),
    times: z.int().positive().optional(),
  }),
  /** A reply whose text is the request's headers, as JSON. */
  z.strictObject({ kind: z.literal("echo"), times: z.int().positive().optional() }),
  /** Not one byte, until the client gives up. */
  z.strictObject({ kind: z.literal("silence"), times: z.int().positive().optional() }),
  /** The connection breaks before the first byte. */
  z.strictObject({ kind: z.literal("reset"), times: z.int().positive().optional() }),
]);

/**
 * What is answered at one point of a conversation. Of a list, each answer is given `times` times (absent: once) before
 * the next one; the last one for ever.
 */
const turnSchema = z.union([answerSchema, z.array(answerSchema).min(1)]);

/**
 * The points of a conversation, in order. A turn is over when its calls' results come back; the last one stays. So a
 * client that repeats a request is at the same turn again.
 */
const turnsSchema = z.array(turnSchema).min(1);

const scenarioSchema = z.strictObject({
  turns: turnsSchema,
  /**
   * Other turns for a conversation whose prompt contains `includes`; the first match counts. Each entry counts its own
   * answers, so that six tasks of one night can share a run.
   */
  byPrompt: z.array(z.strictObject({ includes: z.string().min(1), turns: turnsSchema })).optional(),
});

export type Call = z.infer<typeof callSchema>;
export type Answer = z.infer<typeof answerSchema>;
export type Reply = Extract<Answer, { kind: "reply" }>;
export type Fault = z.infer<typeof faultSchema>;
export type Turn = z.infer<typeof turnSchema>;
export type Scenario = z.infer<typeof scenarioSchema>;
/** Tokens of one answer, as the scenario wants them counted. The four kinds do not overlap. */
export type ScriptedUsage = z.infer<typeof usageSchema>;

/** Throws, with every problem and its place, where this is no scenario. */
export function parseScenario(value: unknown): Scenario {
  const parsed = scenarioSchema.safeParse(value);
  if (!parsed.success) throw new TypeError(`this is no scenario:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

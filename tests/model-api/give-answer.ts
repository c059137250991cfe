import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";
import { createGzip } from "node:zlib";
import type { Protocol, ReplyContext, WholeAnswer } from "./protocol.ts";
import type { Answer, Fault, Reply } from "./scenario.ts";
import { encodeSseEvent, encodeTornSseEvent, type SseEvent } from "./sse-event.ts";

const EVENT_STREAM = { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" };

/** Gives one answer. Resolves when nothing more will be sent, which is never for a silence: `signal` ends that. */
export async function giveAnswer(options: {
  readonly answer: Answer;
  readonly protocol: Protocol;
  readonly context: ReplyContext;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}): Promise<"complete" | "broken"> {
  const { answer, protocol, context, request, response, signal } = options;
  switch (answer.kind) {
    case "reply":
      return await giveReply({ ...options, reply: answer });
    case "echo": {
      const text = JSON.stringify(request.headers);
      return await giveReply({ ...options, reply: { kind: "reply", text } });
    }
    case "error":
      return giveWhole(response, protocol.error(answer));
    case "context-overflow":
      return await giveAnswer({ ...options, answer: protocol.contextOverflow });
    case "failed":
      response.writeHead(200, EVENT_STREAM);
      for (const event of protocol.failure(answer, context)) response.write(encodeSseEvent(event));
      response.end();
      return "complete";
    case "raw":
      response.writeHead(answer.status, answer.headers);
      await pipeline(Readable.from(repeated(answer.body ?? "", answer.repeat ?? 1)), response, { signal });
      return "complete";
    case "gzip-bomb":
      response.writeHead(200, { ...EVENT_STREAM, "content-encoding": "gzip" });
      await pipeline(Readable.from(sseComments(answer.bytes)), createGzip(), response, { signal });
      return "complete";
    case "silence":
      return await untilGone(signal);
    case "reset":
      request.socket.destroy();
      return "broken";
  }
}

async function giveReply(options: {
  readonly reply: Reply;
  readonly protocol: Protocol;
  readonly context: ReplyContext;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
}): Promise<"complete" | "broken"> {
  const { reply, protocol, context, request, response, signal } = options;
  if (!context.conversation.streams) {
    const body = protocol.whole(reply, context);
    return giveWhole(response, { status: 200, headers: reply.headers ?? {}, body });
  }
  response.writeHead(200, { ...EVENT_STREAM, ...reply.headers });
  response.flushHeaders();
  const events = protocol.events(reply, context);
  let sent: Promise<void> | undefined;
  for (const step of reply.fault ? withFault([...events], reply.fault) : eventSteps(events)) {
    if (step.do === "silence") return await untilGone(signal);
    if (step.do === "reset") {
      await sent; // what waits in this process would be lost with the connection
      request.socket.destroy();
      return "broken";
    }
    const { promise, hasRoom } = write(response, step.text);
    sent = promise;
    if (!hasRoom) await once(response, "drain", { signal });
    if (reply.paceMs !== undefined) await pause(reply.paceMs, undefined, { signal });
  }
  response.end();
  return "complete";
}

type Step =
  { readonly do: "send"; readonly text: string } | { readonly do: "silence" } | { readonly do: "reset" };

function* eventSteps(events: Iterable<SseEvent>): Generator<Step> {
  for (const event of events) yield { do: "send", text: encodeSseEvent(event) };
}

/** What is left of an answer when something goes wrong in it. */
export function withFault(events: readonly SseEvent[], fault: Fault): Step[] {
  const before = [...eventSteps(events.slice(0, fault.after))];
  const [faulty, ...rest] = events.slice(fault.after);
  switch (fault.what) {
    case "end":
      return before;
    case "reset":
    case "silence":
      return [...before, { do: fault.what }];
    case "malformed": {
      const torn: Step[] = faulty ? [{ do: "send", text: encodeTornSseEvent(faulty) }] : [];
      return [...before, ...torn, ...eventSteps(rest)];
    }
  }
}

/** `promise` resolves when the text has left this process, or never will. */
function write(response: ServerResponse, text: string): { promise: Promise<void>; hasRoom: boolean } {
  let hasRoom = true;
  const promise = new Promise<void>((resolve) => {
    hasRoom = response.write(text, () => resolve());
  });
  return { promise, hasRoom };
}

function giveWhole(response: ServerResponse, { status, headers, body }: WholeAnswer): "complete" {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
  return "complete";
}

/** Rejects, as every other wait does, when the client has gone. */
async function untilGone(signal: AbortSignal): Promise<never> {
  signal.throwIfAborted();
  await once(signal, "abort");
  throw signal.reason;
}

function* repeated(text: string, times: number): Generator<Buffer> {
  const chunk = Buffer.from(text);
  for (let sent = 0; sent < times; sent += 1) yield chunk;
}

/** A well-formed event stream that says nothing, so that a reader goes on unpacking it. */
function* sseComments(bytes: number): Generator<Buffer> {
  const comments = Buffer.from(`: ${"-".repeat(60)}\n\n`.repeat(1024));
  for (let sent = 0; sent < bytes; sent += comments.length) yield comments.subarray(0, bytes - sent);
}

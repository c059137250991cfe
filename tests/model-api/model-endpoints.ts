import type { IncomingMessage, ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { anthropicMessages } from "./anthropic-messages.ts";
import type { ExchangeLog } from "./exchange-log.ts";
import { giveAnswer } from "./give-answer.ts";
import { asObject, type JsonObject } from "./json-value.ts";
import { openaiResponses } from "./openai-responses.ts";
import type { Protocol } from "./protocol.ts";
import type { ScriptedRun } from "./scripted-run.ts";

const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  "POST /v1/messages": anthropicMessages,
  "POST /v1/responses": openaiResponses,
};
const COUNT_TOKENS = "POST /v1/messages/count_tokens";

/** Requests without a run in their path belong to this one. */
const DEFAULT_RUN = "default";

/** The model APIs of all runs: `/<run>/v1/messages` and its like. */
export class ModelEndpoints {
  readonly runs = new Map<string, ScriptedRun>();
  private readonly log: ExchangeLog;
  private lastId = 0;

  constructor(log: ExchangeLog) {
    this.log = log;
  }

  async handle(request: IncomingMessage, response: ServerResponse, connection: number): Promise<void> {
    const { run, path } = placeOf(request.url ?? "");
    const record = this.log.add({
      run,
      connection,
      method: request.method ?? "",
      url: request.url ?? "",
      path,
      httpVersion: request.httpVersion,
      rawHeaders: request.rawHeaders,
      headers: textHeaders(request),
      body: "",
      prompt: null,
      turn: null,
      answer: null,
      status: null,
      end: "open",
    });
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    try {
      const body = await buffer(request);
      record.body = body.toString("latin1");
      const protocol = PROTOCOLS[`${record.method} ${path}`];
      const script = this.runs.get(run);
      const json = parseObject(body);
      if (!protocol || !script || !json) {
        giveSimple(response, `${record.method} ${path}`, { hasScript: script !== undefined, json });
        record.end = "complete";
        return;
      }
      const conversation = protocol.read(json);
      const chosen = script.next(conversation);
      record.prompt = chosen.prompt;
      record.turn = chosen.turn;
      record.answer = chosen.answer.kind;
      this.log.changed();
      const context = { conversation, nextId: () => (this.lastId += 1) };
      const { answer } = chosen;
      record.end = await giveAnswer({ answer, protocol, context, request, response, signal: gone.signal });
    } catch (error) {
      // Waits are cut by the client's end; anything else is the server's own fault, and must not look like that.
      const isGone = gone.signal.aborted || request.destroyed;
      record.end = isGone ? "client-gone" : "broken";
      if (!isGone) throw error;
    } finally {
      record.status = response.headersSent ? response.statusCode : null;
      this.log.changed();
    }
  }
}

function placeOf(url: string): { run: string; path: string } {
  const [pathname = ""] = url.split("?");
  const found = /^\/(?!v1(?:\/|$))([^/]*)(.*)$/.exec(pathname);
  if (!found) return { run: DEFAULT_RUN, path: pathname };
  return { run: found[1] ?? "", path: found[2] ?? "" };
}

/** Answers what no scenario is asked about. */
function giveSimple(
  response: ServerResponse,
  route: string,
  { hasScript, json }: { hasScript: boolean; json: JsonObject | undefined },
): void {
  const give = (status: number, body: JsonObject): void => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  };
  const refuse = (status: number, type: string, message: string): void =>
    give(status, { type: "error", error: { type, message } });
  if (hasScript && route === COUNT_TOKENS) return give(200, { input_tokens: 1234 });
  if (!(route in PROTOCOLS)) return refuse(404, "not_found_error", `there is no ${route}`);
  if (!hasScript) return refuse(404, "not_found_error", "this run has no scenario");
  if (!json) return refuse(400, "invalid_request_error", "the body is no JSON object");
}

function parseObject(body: Buffer): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return value === asObject(value) ? asObject(value) : undefined;
  } catch {
    return undefined;
  }
}

function textHeaders(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headersDistinct).map(([name, values]) => [name, (values ?? []).join(", ")]),
  );
}

import { once } from "node:events";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TestCertificates } from "./test-certificates.ts";

export interface RecordedRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Script = (request: RecordedRequest, response: ServerResponse, socket: Socket) => void;

/** A model API on this machine that speaks TLS, answers by a script, and keeps every byte that it has received. */
export class ScriptedUpstream {
  readonly requests: RecordedRequest[] = [];
  script: Script = answerAnthropic;
  /** Connections that were accepted. */
  connections = 0;
  private readonly server: https.Server;
  private readonly chunks: Buffer[] = [];
  private readonly sockets = new Set<Socket>();
  private waiting: (() => void)[] = [];

  private constructor(certificates: TestCertificates) {
    this.server = https.createServer({ cert: certificates.cert, key: certificates.key });
    this.server.on("secureConnection", (socket) => {
      this.connections += 1;
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket));
      socket.on("data", (chunk: Buffer) => this.chunks.push(chunk));
      socket.on("error", () => undefined);
    });
    this.server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      const body: Buffer[] = [];
      request.on("data", (chunk: Buffer) => body.push(chunk));
      request.on("end", () => {
        const recorded = {
          method: request.method ?? "",
          target: request.url ?? "",
          headers: request.headers,
          body: Buffer.concat(body).toString("utf8"),
        };
        this.requests.push(recorded);
        for (const wake of this.waiting.splice(0)) wake();
        this.script(recorded, response, request.socket);
      });
    });
  }

  static async start(certificates: TestCertificates): Promise<ScriptedUpstream> {
    const upstream = new ScriptedUpstream(certificates);
    upstream.server.listen(0, "127.0.0.1");
    await once(upstream.server, "listening");
    return upstream;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `https://localhost:${this.port}`;
  }

  /** All that was received, as it came out of the TLS. */
  get received(): string {
    return Buffer.concat(this.chunks).toString("latin1");
  }

  /** The last request, with its body as JSON. */
  get last(): RecordedRequest & { readonly json: Record<string, unknown> } {
    const request = this.requests.at(-1);
    if (!request) throw new Error("nothing was received");
    return { ...request, json: JSON.parse(request.body) as Record<string, unknown> };
  }

  async untilRequests(count: number): Promise<void> {
    while (this.requests.length < count) await new Promise<void>((wake) => this.waiting.push(wake));
  }

  /** Closes what is open, as an API does with connections that were idle for long. */
  dropConnections(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  reset(script: Script = answerAnthropic): void {
    this.requests.length = 0;
    this.chunks.length = 0;
    this.script = script;
  }

  async close(): Promise<void> {
    this.dropConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

export function sse(...events: readonly object[]): string {
  return events
    .map(
      (event) =>
        `event: ${"type" in event ? String(event.type) : "message"}\ndata: ${JSON.stringify(event)}\n\n`,
    )
    .join("");
}

export const MESSAGE_START = {
  type: "message_start",
  message: {
    id: "msg_1",
    usage: {
      input_tokens: 100,
      cache_creation_input_tokens: 20,
      cache_read_input_tokens: 30,
      output_tokens: 1,
    },
  },
};

export function textDelta(text: string): object {
  return { type: "content_block_delta", index: 0, delta: { type: "text_delta", text } };
}

export const ANTHROPIC_STREAM = sse(
  MESSAGE_START,
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  textDelta("Hello"),
  { type: "content_block_stop", index: 0 },
  { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 7 } },
  { type: "message_stop" },
);

/** The answer of an API that is well. */
export function answerAnthropic(request: RecordedRequest, response: ServerResponse): void {
  if (request.target.startsWith("/v1/messages/count_tokens")) {
    sendJson(response, 200, { input_tokens: 42 });
  } else if ((JSON.parse(request.body) as { stream?: boolean }).stream === true) {
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "request-id": "req_1",
      "set-cookie": "a=b",
      "x-internal": "secret",
    });
    response.end(ANTHROPIC_STREAM);
  } else {
    sendJson(response, 200, { type: "message", content: [], usage: { input_tokens: 5, output_tokens: 6 } });
  }
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { Agent } from "node:https";
import type { Duplex } from "node:stream";
import type { GatewayConfig, GatewayMessage } from "../core/gateway-protocol.ts";
import { presentsToken } from "./attempt-token.ts";
import { Budget } from "./budget.ts";
import { checkRequestHead, isJsonType } from "./check-request-head.ts";
import type { Denial, DenialRule } from "./denial.ts";
import { DenialLog } from "../egress/denial-log.ts";
import { Exchange, type Refusal } from "./exchange.ts";
import { findRoute, type FoundRoute } from "./find-route.ts";
import { prepareBody } from "./prepare-body.ts";
import type { ProviderRules } from "./provider-rules.ts";
import { PROVIDER_TABLE } from "./provider-table.ts";
import { refusalStatus } from "./refusal-status.ts";
import { requestHeaders } from "./request-headers.ts";
import { RequestRate } from "./request-rate.ts";
import { sendError, type ErrorAnswer } from "./send-error.ts";
import { upstreamAgent } from "../egress/upstream-agent.ts";

const MAX_HEADER_BYTES = 16 * 1024;
const TIMEOUT_CHECK_MS = 1_000;
const MAX_CONNECTIONS = 64;
/** Well below any limit on silence that makes sense. */
const ALIVE_INTERVAL_MS = 5_000;
/** A quota that is back sooner is the client's to wait for. */
const MAX_CLIENT_WAIT_MS = 60_000;

/** How long a client may take to send a request, in milliseconds: its header lines, and all of it. */
export interface RequestTimeouts {
  readonly headersMs: number;
  readonly requestMs: number;
}

/** Codes of the parser that mean that a client has gone, not that it has said something wrong. */
const GONE = new Set(["ECONNRESET", "EPIPE", "HPE_INVALID_EOF_STATE"]);

/** Where such a request ends is not certain, or it waits for an answer before it goes on. */
const HAS_NO_CERTAIN_END: ReadonlySet<DenialRule> = new Set<DenialRule>([
  "http.malformed",
  "http.target",
  "http.upgrade",
  "http.expect",
  "http.duplicate-header",
  "http.transfer-encoding",
]);

/**
 * The gateway's HTTP side: decides about each request of the sandbox, and hands those that pass to an exchange. It is a
 * reverse proxy for one API: no request can say where it goes.
 */
export class GatewayServer {
  readonly http: http.Server;
  private readonly config: GatewayConfig;
  private readonly rules: ProviderRules;
  private readonly say: (message: GatewayMessage) => void;
  private readonly agent: Agent;
  private readonly url: URL;
  private readonly budget: Budget;
  private readonly denials: DenialLog;
  private readonly rate: RequestRate;
  private readonly exchanges = new Set<Exchange>();
  private running = 0;
  private bufferedBytes = 0;
  /** What every request is answered with from now on: another one would get the same from the API. */
  private closed: ErrorAnswer | undefined;
  private aliveToldMs = -Infinity;

  constructor(options: {
    readonly config: GatewayConfig;
    readonly timeouts: RequestTimeouts;
    readonly say: (message: GatewayMessage) => void;
  }) {
    const { config, say } = options;
    this.config = config;
    this.say = say;
    this.rules = PROVIDER_TABLE[config.provider];
    this.url = new URL(config.upstream.url);
    this.agent = upstreamAgent(config.upstream, config.caps.concurrent);
    this.rate = new RequestRate(config.caps.requestsPerMinute);
    this.denials = new DenialLog((denial) => say({ type: "denied", denial }));
    this.budget = new Budget({
      caps: config.caps,
      prices: config.prices,
      onOver: (over) => {
        say({ type: "over-budget", ...over });
        for (const exchange of this.exchanges) exchange.cut();
      },
    });
    this.http = this.createServer(options.timeouts);
  }

  /** Ends what is running, and tells all that is still to be told: first what was used. */
  finish(): void {
    for (const exchange of this.exchanges) exchange.cancel();
    this.denials.flush();
  }

  private createServer(timeouts: RequestTimeouts): http.Server {
    const server = http.createServer({
      insecureHTTPParser: false,
      // Without a host is a host that is not ours: we refuse it ourselves, and say so.
      requireHostHeader: false,
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: timeouts.headersMs,
      requestTimeout: timeouts.requestMs,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      keepAliveTimeout: 60_000,
      noDelay: true,
    });
    // The parser would leave out what is above its own limit without a word: we count, and refuse.
    server.maxHeadersCount = 0;
    server.maxConnections = MAX_CONNECTIONS;
    const handle = (request: IncomingMessage, response: ServerResponse): void => {
      // It rejects only where we are wrong ourselves: then the gateway ends, and says so.
      void this.onRequest(request, response);
    };
    server.on("request", handle);
    server.on("checkContinue", handle);
    server.on("checkExpectation", handle);
    server.on("connect", (request: IncomingMessage, socket: Duplex) => {
      this.deny({ rule: "http.target", detail: "CONNECT" }, request);
      this.answerRaw(socket, "http.target");
    });
    server.on("drop", () => {
      const denial: Denial = { rule: "rate.connections", detail: `${MAX_CONNECTIONS} at one time` };
      this.denials.add(denial, { method: "", target: "" });
    });
    server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
      if (GONE.has(error.code ?? "") || !socket.writable) {
        socket.destroy();
        return;
      }
      const rule = ruleOfParser(error.code);
      this.denials.add({ rule, detail: error.code ?? "" }, { method: "", target: "" });
      this.answerRaw(socket, rule);
    });
    return server;
  }

  private async onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const headDenial = checkRequestHead(
      {
        method: request.method ?? "",
        target: request.url ?? "",
        httpVersion: request.httpVersion,
        rawHeaders: request.rawHeaders,
      },
      this.config.caps.requestBytes,
    );
    if (headDenial) {
      this.refuse(headDenial, request, response);
      return;
    }
    const found = findRoute(this.rules.routes, this.config.models, {
      method: request.method ?? "",
      target: request.url ?? "",
    });
    if (!found) {
      this.refuse({ rule: "route", detail: "not a route of this API" }, request, response);
    } else if (!presentsToken(request.headers, this.rules.tokenHeaders, this.config.token)) {
      this.refuse({ rule: "token", detail: "missing or wrong" }, request, response);
    } else if (!isJsonType(request.headers["content-type"])) {
      const detail = request.headers["content-type"] ?? "none";
      this.refuse({ rule: "http.content-type", detail }, request, response);
    } else {
      await this.serve(found, request, response);
    }
  }

  /** A request that is the sandbox's own and has a route. */
  private async serve(found: FoundRoute, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.isEnded(request, response)) return;
    const { caps } = this.config;
    const length = Number(request.headers["content-length"] ?? 0);
    // Two of the largest, or many small ones: what is held at one time is bounded.
    if (this.running >= caps.concurrent || this.bufferedBytes + length > 2 * caps.requestBytes) {
      const denial: Denial = { rule: "rate.concurrent", detail: `${this.running} at one time` };
      this.refuse(denial, request, response, { "retry-after": "1" });
      return;
    }
    const waitMs = this.rate.admit(performance.now());
    if (waitMs > 0) {
      const denial: Denial = { rule: "rate.per-minute", detail: `${caps.requestsPerMinute} in a minute` };
      this.refuse(denial, request, response, { "retry-after": String(Math.ceil(waitMs / 1000)) });
      return;
    }
    this.running += 1;
    this.bufferedBytes += length;
    response.once("close", () => {
      this.running -= 1;
      this.bufferedBytes -= length;
    });
    const received = await bodyOf(request);
    if (received && !response.destroyed) this.exchange(found, received, request, response);
  }

  private exchange(
    found: FoundRoute,
    received: Buffer,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    // While the body came, another answer may have been the last one.
    if (this.isEnded(request, response)) return;
    const { config, rules, budget } = this;
    const body = prepareBody({
      found,
      received,
      models: config.models,
      token: config.token,
      maxOutputTokens: (model) => Math.min(config.maxOutputTokens, budget.affordableOutput(model)),
    });
    const { credential } = config;
    const headers = requestHeaders({ rules, received: request.headers, credential });
    if (!body.ok || !headers.ok) {
      const denial = body.ok ? headers : body;
      if (!denial.ok) this.refuse(denial.error, request, response);
      return;
    }
    const exchange = new Exchange({
      rules,
      request: {
        agent: this.agent,
        host: this.url.hostname.replace(/^\[(.*)\]$/, "$1"),
        port: this.url.port || 443,
        method: found.route.method,
        path: `${this.url.pathname === "/" ? "" : this.url.pathname}${found.target}`,
      },
      headers: headers.value,
      body: body.value.bytes,
      model: body.value.model,
      isStream: body.value.isStream,
      isCounted: found.route.cost === "counted",
      caps: config.caps,
      budget,
      key: credential.value,
      token: config.token,
      client: response,
      onPiece: () => this.tellAlive(),
      onAnswer: (answer) => {
        this.exchanges.delete(exchange);
        this.say({ type: "answered", answer });
      },
      onRefusal: (refusal) => this.onRefusal(refusal),
    });
    this.exchanges.add(exchange);
    exchange.start();
  }

  private tellAlive(): void {
    const nowMs = performance.now();
    if (nowMs - this.aliveToldMs < ALIVE_INTERVAL_MS) return;
    this.aliveToldMs = nowMs;
    this.say({ type: "alive" });
  }

  /** Refuses a request that comes after the last one; whether it did. */
  private isEnded(request: IncomingMessage, response: ServerResponse): boolean {
    if (this.closed) {
      this.deny({ rule: "ended", detail: `HTTP ${this.closed.status}` }, request);
      answerAfterBody(request, response, this.closed);
    } else if (!this.budget.admits()) {
      this.deny({ rule: "budget", detail: this.budget.over?.cap ?? "" }, request);
      const message = "The attempt's budget is used up.";
      answerAfterBody(request, response, {
        status: 402,
        headers: this.noRetry(),
        body: this.rules.errorBody({ status: 402, message, code: "over_budget" }),
      });
    } else return false;
    return true;
  }

  private onRefusal({ answer, retryAtMs }: Refusal): void {
    const isFinal = answer.status === 401 || answer.status === 403;
    const isLong = retryAtMs !== null && retryAtMs - Date.now() > MAX_CLIENT_WAIT_MS;
    if (!isFinal && !isLong) return;
    this.closed ??= { ...answer, headers: { ...answer.headers, ...this.noRetry() } };
  }

  private deny(denial: Denial, request: IncomingMessage): void {
    this.denials.add(denial, { method: request.method ?? "", target: request.url ?? "" });
  }

  private refuse(
    denial: Denial,
    request: IncomingMessage,
    response: ServerResponse,
    headers: Readonly<Record<string, string>> = {},
  ): void {
    this.deny(denial, request);
    const retry = headers["retry-after"] === undefined ? this.noRetry() : {};
    const answer = { ...this.refusalAnswer(denial.rule), headers: { ...retry, ...headers } };
    if (!HAS_NO_CERTAIN_END.has(denial.rule)) answerAfterBody(request, response, answer);
    else sendError(response, { ...answer, headers: { ...answer.headers, connection: "close" } });
  }

  /** Nothing of what was sent is in it. */
  private refusalAnswer(rule: DenialRule): Pick<ErrorAnswer, "status" | "body"> {
    const status = refusalStatus(rule);
    const message = `The gateway does not let this request pass (${rule}).`;
    return { status, body: this.rules.errorBody({ status, message, code: rule }) };
  }

  /** For connections that have no request to answer. */
  private answerRaw(socket: Duplex, rule: DenialRule): void {
    const { status, body } = this.refusalAnswer(rule);
    const text = JSON.stringify(body);
    socket.end(
      `HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? ""}\r\nconnection: close\r\ncontent-type: application/json\r\n` +
        `content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
    );
    socket.once("finish", () => socket.destroy());
    socket.on("error", () => undefined);
  }

  private noRetry(): Readonly<Record<string, string>> {
    return this.rules.hasRetryHeader ? { "x-should-retry": "false" } : {};
  }
}

function ruleOfParser(code: string | undefined): DenialRule {
  if (code === "HPE_HEADER_OVERFLOW") return "http.header-size";
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return "http.timeout";
  return "http.malformed";
}

/**
 * Reads what is still coming, bounded by the time for a request, and answers then: a client that is cut off while it sends
 * does not see why.
 */
function answerAfterBody(request: IncomingMessage, response: ServerResponse, answer: ErrorAnswer): void {
  if (request.readableEnded) {
    sendError(response, answer);
    return;
  }
  request.once("end", () => sendError(response, answer));
  request.resume();
}

/** The whole body, whose length was checked before; undefined: the client went away. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  } catch {
    return undefined;
  }
}

import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import https from "node:https";
import type { GatewayCaps, ModelAnswer } from "../core/gateway-protocol.ts";
import { NO_USAGE, type Usage } from "../core/usage.ts";
import { AnswerReader } from "./answer-reader.ts";
import type { Budget } from "./budget.ts";
import { endOfStream } from "./end-of-stream.ts";
import type { ExchangeEnd } from "./exchange-end.ts";
import { errorCodeOf, nameOf, objectAt, textAt } from "./json-fields.ts";
import { parsedJson } from "./parsed-json.ts";
import type { ProviderRules } from "./provider-rules.ts";
import { relayError } from "./relay-error.ts";
import { responseHeaders } from "./response-headers.ts";
import { retryAtOf } from "./retry-at.ts";
import { SecretGuard } from "../egress/secret-guard.ts";
import { sendError, type ErrorAnswer } from "./send-error.ts";
import { wrongForm } from "./wrong-form.ts";

/** An error's JSON; what is longer is not one. */
const MAX_ERROR_BYTES = 64 * 1024;
/** A connection that the API had closed while it was idle says so within one round trip. */
const STALE_MS = 2_000;
const WAITING_STATUSES = new Set([429, 503, 529]);

/** The API said no. */
export interface Refusal {
  readonly answer: ErrorAnswer;
  readonly retryAtMs: number | null;
}

export interface ExchangeOptions {
  readonly rules: ProviderRules;
  /** Where to send it: constant but for the path. */
  readonly request: Pick<https.RequestOptions, "agent" | "host" | "port" | "method" | "path">;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly model: string;
  readonly isStream: boolean;
  readonly isCounted: boolean;
  readonly caps: GatewayCaps;
  readonly budget: Budget;
  /** In no answer that the client sees. */
  readonly key: string;
  /** In no error. A model may repeat it elsewhere: the agent knows it. */
  readonly token: string;
  readonly client: ServerResponse;
  /** Called with each piece of an answer. */
  readonly onPiece: () => void;
  /** Called once, before the client sees the end: whatever the client does then comes after the fact. */
  readonly onAnswer: (answer: ModelAnswer) => void;
  readonly onRefusal: (refusal: Refusal) => void;
}

/** Sends one request to the API and its answer to the client. Whatever happens, there is one end, and one fact about it. */
export class Exchange {
  private readonly options: ExchangeOptions;
  private readonly reader: AnswerReader;
  private readonly guard: SecretGuard;
  private readonly id = Symbol("exchange");
  private readonly startedMs = performance.now();
  private readonly timers: NodeJS.Timeout[] = [];
  private idle: NodeJS.Timeout | undefined;
  private upstream: ClientRequest | undefined;
  private answer: IncomingMessage | undefined;
  private firstByteMs: number | null = null;
  private bytes = 0;
  private hasEnded = false;

  constructor(options: ExchangeOptions) {
    this.options = options;
    this.reader = new AnswerReader(options.rules.answer);
    this.guard = new SecretGuard(options.key);
  }

  start(): void {
    const { caps, client } = this.options;
    this.timers.push(
      setTimeout(() => this.onFirstByteTimeout(), caps.firstByteMs),
      setTimeout(() => this.breakOff({ result: "timeout", errorCode: "answer-time" }), caps.answerMs),
    );
    client.once("close", () => this.cancel());
    this.send({ mayRetry: true });
  }

  /** The attempt's budget is used up. */
  cut(): void {
    this.breakOff({ result: "over-budget" });
  }

  /** Nobody waits for the answer any more. */
  cancel(): void {
    // A client may leave as soon as it has seen the API's own end, or that nothing more can come of the answer.
    const { isEnded, isMalformed, refusal } = this.reader;
    const isOver = isEnded || isMalformed || refusal !== null;
    this.breakOff(isOver ? endOfStream(this.reader) : { result: "cancelled" });
  }

  private send(options: { readonly mayRetry: boolean }): void {
    const request = https.request({
      ...this.options.request,
      headers: { ...this.options.headers, "content-length": String(this.options.body.length) },
    });
    this.upstream = request;
    request.setNoDelay(true);
    request.on("response", (answer) => this.onResponse(answer));
    request.on("error", (error: NodeJS.ErrnoException) => {
      if (this.hasEnded || request !== this.upstream) return;
      const isStale =
        request.reusedSocket &&
        !this.answer &&
        (error.code === "ECONNRESET" || error.code === "EPIPE") &&
        performance.now() - this.startedMs < STALE_MS;
      if (isStale && options.mayRetry) this.send({ mayRetry: false });
      else if (this.answer) this.breakOff({ result: "cut" });
      else
        this.fail(502, { result: "unreachable", errorCode: error.code ?? "connection" }, "cannot be reached");
    });
    request.end(this.options.body);
  }

  private onResponse(answer: IncomingMessage): void {
    if (this.hasEnded) {
      answer.destroy();
      return;
    }
    this.answer = answer;
    this.firstByteMs = performance.now() - this.startedMs;
    clearTimeout(this.timers[0]);
    this.idle = setTimeout(() => this.onIdle(), this.options.caps.idleMs);
    answer.on("error", () => this.breakOff({ result: "cut" }));
    // Without an end before it, the connection broke.
    answer.once("close", () => this.breakOff({ result: "cut" }));
    const status = answer.statusCode ?? 0;
    const wrong = wrongForm(answer, { status, isStream: this.options.isStream });
    if (wrong !== undefined)
      this.fail(502, { result: "malformed", errorCode: wrong }, "gave no proper answer");
    else if (status !== 200) this.collect(MAX_ERROR_BYTES, (body) => this.refuse(status, body));
    else if (this.options.isStream) this.stream(answer);
    else this.collect(this.options.caps.responseBytes, (body) => this.deliver(body));
  }

  private stream(answer: IncomingMessage): void {
    const { client, caps } = this.options;
    const begin = (): void => {
      if (client.headersSent) return;
      client.writeHead(200, {
        ...this.passingHeaders(),
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-cache",
      });
    };
    // With the first bytes, if those are here already: one packet less before a client's first word.
    setImmediate(() => {
      if (this.bytes > 0 || this.hasEnded) return;
      begin();
      client.flushHeaders();
    });
    client.on("drain", () => answer.resume());
    answer.on("data", (chunk: Buffer) => {
      // What was here already comes, even if the answer has been ended: it is nobody's.
      if (this.hasEnded) return;
      this.bytes += chunk.length;
      this.idle?.refresh();
      this.options.onPiece();
      const passing = this.guard.push(chunk);
      if (passing === undefined) {
        this.breakOff(QUOTES_KEY);
        return;
      }
      this.reader.push(chunk);
      if (this.options.isCounted) {
        this.options.budget.update(this.id, this.options.model, this.reader.usageSoFar());
      }
      // The budget may have ended it just now.
      if (this.hasEnded) return;
      if (this.bytes > caps.responseBytes) this.breakOff({ result: "cut", errorCode: "response-bytes" });
      else {
        begin();
        if (passing.length > 0 && !client.write(passing)) answer.pause();
      }
    });
    answer.once("end", () => {
      if (this.hasEnded) return;
      this.finish(endOfStream(this.reader));
      begin();
      const rest = this.guard.rest();
      if (rest.length > 0) client.write(rest);
      client.end();
    });
  }

  /** Waits for the whole of a short answer. */
  private collect(maxBytes: number, done: (body: Buffer) => void): void {
    const chunks: Buffer[] = [];
    this.answer?.on("data", (chunk: Buffer) => {
      if (this.hasEnded) return;
      this.bytes += chunk.length;
      this.idle?.refresh();
      if (this.bytes > maxBytes) {
        this.fail(502, { result: "cut", errorCode: "response-bytes" }, "gave an answer that is too long");
      } else chunks.push(chunk);
    });
    this.answer?.once("end", () => {
      if (!this.hasEnded) done(Buffer.concat(chunks));
    });
  }

  private deliver(body: Buffer): void {
    const { client } = this.options;
    if (this.guard.isIn(body)) {
      this.fail(502, QUOTES_KEY, "gave no proper answer");
      return;
    }
    const json = parsedJson(body);
    if (json === undefined) {
      this.fail(502, { result: "malformed", errorCode: "not-json" }, "gave no proper answer");
      return;
    }
    if (this.options.isCounted) this.reader.whole(json);
    const headers = this.passingHeaders();
    this.finish({
      result: this.reader.refusal ? "refused" : "complete",
      errorCode: this.reader.refusal?.code ?? null,
    });
    client.writeHead(200, {
      ...headers,
      "content-type": "application/json",
      "content-length": String(body.length),
    });
    client.end(body);
  }

  private refuse(status: number, received: Buffer): void {
    const { rules, onRefusal } = this.options;
    const body = parsedJson(received);
    const headers = this.answer?.headers ?? {};
    const retryAtMs = WAITING_STATUSES.has(status)
      ? retryAtOf({ headers, error: body, nowMs: Date.now() })
      : null;
    const error = objectAt(body, "error");
    this.finish({
      result: "refused",
      // Gemini's codes are numbers; its names are in `status`.
      errorCode: errorCodeOf(error) ?? nameOf(textAt(error, "status")),
      retryAtMs,
    });
    const answer = {
      status,
      headers: this.passingHeaders(),
      body: relayError({ rules, status, body, secrets: this.secrets }),
    };
    onRefusal({ answer, retryAtMs });
    sendError(this.options.client, answer);
  }

  private onFirstByteTimeout(): void {
    this.fail(504, { result: "timeout", errorCode: "first-byte" }, "did not answer in time");
  }

  private onIdle(): void {
    // Silence that the client has caused by not reading is the client's.
    if (this.options.client.writableNeedDrain) this.breakOff({ result: "cancelled" });
    else this.breakOff({ result: "timeout", errorCode: "silence" });
  }

  /** An end before the client has seen anything. */
  private fail(status: number, end: ExchangeEnd, what: string): void {
    if (this.hasEnded) return;
    const { client, rules } = this.options;
    this.finish(end);
    const message = `The model API ${what}.`;
    sendError(client, {
      status,
      headers: {},
      body: rules.errorBody({ status, message, code: "upstream_error" }),
    });
  }

  /** An end in the middle: the client must see that it is none. */
  private breakOff(end: ExchangeEnd): void {
    if (this.hasEnded) return;
    if (!this.options.client.headersSent && end.result !== "cancelled") {
      const status = end.result === "timeout" ? 504 : end.result === "over-budget" ? 402 : 502;
      this.fail(status, end, BROKEN_OFF[end.result] ?? "broke off its answer");
      return;
    }
    this.finish(end);
    this.options.client.destroy();
  }

  private finish(end: ExchangeEnd): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    for (const timer of this.timers) clearTimeout(timer);
    clearTimeout(this.idle);
    // A connection can be used again only where all of the answer was read.
    if (!this.answer?.readableEnded) this.upstream?.destroy();
    const usage = this.usage(end.result);
    if (this.options.isCounted) this.options.budget.settle(this.id, this.options.model, usage);
    this.options.onAnswer({
      model: this.options.model,
      result: end.result,
      status: this.answer?.statusCode ?? null,
      errorCode: this.withoutSecrets(end.errorCode ?? null),
      retryAt: typeof end.retryAtMs !== "number" ? null : new Date(end.retryAtMs).toISOString(),
      usage,
      costUsd: this.options.budget.costOf(this.options.model, usage),
      firstByteMs: this.firstByteMs === null ? null : Math.round(this.firstByteMs),
      durationMs: Math.round(performance.now() - this.startedMs),
      bytes: this.bytes,
    });
  }

  /**
   * A request that the API may have worked on counts, even if its answer never came: else a client could work for nothing
   * by going away before the counts.
   */
  private usage(result: ExchangeEnd["result"]): Usage {
    const isFree = !this.options.isCounted || result === "unreachable" || this.isRefusedAtOnce();
    return isFree ? NO_USAGE : this.reader.finalUsage(this.options.body.length);
  }

  private get secrets(): readonly string[] {
    return [this.options.key, this.options.token];
  }

  private passingHeaders(): Record<string, string> {
    const passing = Object.entries(responseHeaders(this.answer?.headers ?? {}, this.options.rules));
    return Object.fromEntries(passing.filter(([, value]) => !this.guard.isIn(Buffer.from(value))));
  }

  /** A code is the API's own word, and may be anything. */
  private withoutSecrets(code: string | null): string | null {
    const isQuoted = code !== null && this.secrets.some((secret) => code.includes(secret));
    return isQuoted ? "[redacted]" : code;
  }

  private isRefusedAtOnce(): boolean {
    return this.answer !== undefined && this.answer.statusCode !== 200;
  }
}

/** No API does that; a proxy before it, or a server that writes down what it gets, might. */
const QUOTES_KEY: ExchangeEnd = { result: "malformed", errorCode: "quotes-key" };

const BROKEN_OFF: Partial<Record<ExchangeEnd["result"], string>> = {
  timeout: "did not answer in time",
  "over-budget": "is not asked any more: the attempt's budget is used up",
};

import https from "node:https";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { bareHost } from "../egress/proxy-tunnel.ts";
import { SecretGuard } from "../egress/secret-guard.ts";
import { upstreamAgent } from "../egress/upstream-agent.ts";
import type { RegistryCaps, RegistryConfig, RegistryUpstream } from "../core/registry-protocol.ts";
import type { ByteMeter } from "./byte-meter.ts";
import type { RegistryDenial } from "./registry-rules.ts";
import { hasLinks, localLink, rewritePage, type Page } from "./rewrite-page.ts";
import { UpstreamPaths } from "./upstream-paths.ts";

/** Of an answer, what its client needs. */
const PASSING = ["content-type", "etag", "last-modified", "retry-after", "x-pypi-last-serial"];
const MAX_ACCEPT_LENGTH = 1000;

/**
 * One registry that wants a credential: requests below its prefix go to its server, with the credential added here, and
 * its pages come back with their links leading through here. A redirect is never followed: one to the same server leads
 * through here again, one elsewhere is the client's to follow, without the credential and only where a tunnel may lead.
 */
export class RegistryServerSide {
  readonly prefix: string;
  private readonly url: URL;
  private readonly agent: https.Agent;
  private readonly paths: UpstreamPaths;
  private readonly authorization: string;
  private readonly secrets: readonly string[];
  private readonly caps: RegistryCaps;
  private readonly meter: ByteMeter;
  private readonly local: string;

  constructor(options: {
    readonly upstream: RegistryUpstream;
    readonly config: RegistryConfig;
    readonly meter: ByteMeter;
    /** Where the client finds this gateway: `http://127.0.0.1:PORT`. */
    readonly origin: string;
  }) {
    const { upstream, config } = options;
    const { user, value } = upstream.credential;
    const basic = Buffer.from(`${user ?? ""}:${value}`).toString("base64");
    this.prefix = upstream.prefix;
    this.url = new URL(upstream.url);
    this.caps = config.caps;
    this.meter = options.meter;
    this.agent = upstreamAgent({ url: upstream.url, ca: upstream.ca, proxy: config.proxy }, 16);
    this.paths = new UpstreamPaths(this.url.pathname.replace(/\/$/, ""));
    this.authorization = user === null ? `Bearer ${value}` : `Basic ${basic}`;
    this.secrets = user === null ? [value] : [value, basic];
    this.local = `${options.origin}${upstream.prefix}`;
  }

  /** Answers the request for `target`, a path of the server. The denial, if it is not one that may be asked for. */
  serve(target: string, request: IncomingMessage, response: ServerResponse): RegistryDenial | undefined {
    if (!this.paths.allows(target)) return { rule: "request.path", detail: target };
    const accept = (request.headers.accept ?? "*/*").slice(0, MAX_ACCEPT_LENGTH);
    const upstream = https.request({
      agent: this.agent,
      host: bareHost(this.url.hostname),
      port: this.url.port || 443,
      method: request.method === "HEAD" ? "HEAD" : "GET",
      path: target,
      headers: {
        host: this.url.host,
        accept,
        "accept-encoding": "identity",
        authorization: this.authorization,
        "user-agent": "nightwarden",
      },
      timeout: this.caps.idleMs,
    });
    upstream.once("timeout", () => upstream.destroy(new Error("it is silent")));
    upstream.once("error", (error: NodeJS.ErrnoException) =>
      fail(response, 502, `the registry cannot be reached (${error.code ?? "it is silent"})`),
    );
    upstream.once("response", (answer) => {
      this.relay({ answer, target, response }).catch(() => {
        answer.destroy();
        fail(response, 502, "the registry's answer broke off");
      });
    });
    response.once("close", () => upstream.destroy());
    upstream.end();
    return undefined;
  }

  private async relay(exchange: {
    readonly answer: IncomingMessage;
    readonly target: string;
    readonly response: ServerResponse;
  }): Promise<void> {
    const { answer, target, response } = exchange;
    const status = answer.statusCode ?? 502;
    const contentType = answer.headers["content-type"] ?? "application/octet-stream";
    if ((answer.headers["content-encoding"] ?? "identity") !== "identity") {
      answer.destroy();
      fail(response, 502, "the registry compressed its answer, which it was asked not to");
      return;
    }
    const page = {
      contentType,
      url: new URL(target, this.url),
      local: this.local,
      onLink: (link: string) => this.paths.add(link),
    };
    const headers = this.passing(answer.headers, page);
    if (response.req.method === "HEAD" || status === 204 || status === 304) {
      answer.resume();
      response.writeHead(status, headers).end();
    } else if (status === 200 && hasLinks(contentType)) {
      await this.relayPage({ answer, response, headers, page });
    } else {
      await this.relayBytes({ answer, response, headers, status });
    }
  }

  private async relayPage(exchange: {
    readonly answer: IncomingMessage;
    readonly response: ServerResponse;
    readonly headers: Record<string, string>;
    readonly page: Omit<Page, "text">;
  }): Promise<void> {
    const { answer, response, headers, page } = exchange;
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (!this.meter.receive(chunk.length) || bytes > this.caps.pageBytes) {
        answer.destroy();
        fail(response, 502, "the registry's page is larger than the cap");
        return;
      }
      chunks.push(chunk);
    }
    const received = Buffer.concat(chunks);
    const text = this.quotesSecret(received)
      ? undefined
      : rewritePage({ ...page, text: received.toString("utf8") });
    // Looked at again: what was escaped in the page, or had a tab in a link, is written plainly now.
    if (text === undefined || this.quotesSecret(Buffer.from(text)))
      fail(response, 502, "the registry's page is not what its type says");
    else response.writeHead(200, { ...headers, "content-length": String(Buffer.byteLength(text)) }).end(text);
  }

  private async relayBytes(exchange: {
    readonly answer: IncomingMessage;
    readonly response: ServerResponse;
    readonly headers: Record<string, string>;
    readonly status: number;
  }): Promise<void> {
    const { answer, response, headers, status } = exchange;
    const guards = this.secrets.map((secret) => new SecretGuard(secret));
    response.writeHead(status, headers);
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      let passing: Buffer | undefined = this.meter.receive(chunk.length) ? chunk : undefined;
      for (const guard of guards) passing = passing && guard.push(passing);
      if (passing === undefined) {
        answer.destroy();
        response.destroy();
        return;
      }
      if (passing.length > 0 && !response.write(passing))
        await new Promise<void>((resolve) => {
          response.once("drain", resolve);
          response.once("close", resolve);
        });
    }
    // What each guard still holds goes through those behind it.
    for (const [at, guard] of guards.entries()) {
      let rest: Buffer | undefined = guard.rest();
      for (const later of guards.slice(at + 1)) rest = rest && later.push(rest);
      if (rest === undefined) {
        response.destroy();
        return;
      }
      if (rest.length > 0) response.write(rest);
    }
    response.end();
  }

  private passing(received: IncomingHttpHeaders, page: Pick<Page, "url" | "local" | "onLink">) {
    const passed: Record<string, string> = {};
    for (const name of PASSING) {
      const value = received[name];
      if (typeof value === "string" && !this.quotesSecret(Buffer.from(value))) passed[name] = value;
    }
    const { location } = received;
    if (location === undefined) return passed;
    const written = localLink(location, page) ?? location;
    if (!this.quotesSecret(Buffer.from(`${location} ${written}`))) passed["location"] = written;
    return passed;
  }

  private quotesSecret(bytes: Buffer): boolean {
    return this.secrets.some((secret) => new SecretGuard(secret).isIn(bytes));
  }
}

/** Words of ours; nothing of what was received is in it. */
export function fail(response: ServerResponse, status: number, words: string): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(status, { "content-type": "text/plain" }).end(`The registry gateway: ${words}\n`);
}

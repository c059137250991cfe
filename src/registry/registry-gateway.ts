import http, { type IncomingMessage, type ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { DenialLog } from "../egress/denial-log.ts";
import { GATEWAY_PORT } from "../core/gateway-protocol.ts";
import type { RegistryConfig, RegistryMessage } from "../core/registry-protocol.ts";
import { ByteMeter } from "./byte-meter.ts";
import { checkConnect, checkRequest } from "./check-request.ts";
import type { Resolve } from "./find-addresses.ts";
import { parseAuthority } from "./parse-authority.ts";
import type { RegistryDenial } from "./registry-rules.ts";
import { fail, RegistryServerSide } from "./registry-server-side.ts";
import { answer, runTunnel } from "./tunnel.ts";

const MAX_HEADER_BYTES = 16 * 1024;
const MAX_CONNECTIONS = 128;
const HEADERS_MS = 10_000;
/** Codes of the parser that mean that a client has gone, not that it has said something wrong. */
const GONE = new Set(["ECONNRESET", "EPIPE", "HPE_INVALID_EOF_STATE"]);

/**
 * The way out of a container that installs dependencies: tunnels to exactly the configured registries, and paths of its
 * own for those that want a credential. Nothing else is answered.
 */
export class RegistryGateway {
  readonly http: http.Server;
  private readonly config: RegistryConfig;
  private readonly resolve: Resolve;
  private readonly meter: ByteMeter;
  private readonly denials: DenialLog;
  private readonly registries: readonly RegistryServerSide[];
  private running = 0;

  constructor(options: {
    readonly config: RegistryConfig;
    readonly resolve: Resolve;
    readonly say: (message: RegistryMessage) => void;
  }) {
    const { config, say } = options;
    this.config = config;
    this.resolve = options.resolve;
    this.meter = new ByteMeter(config.caps);
    this.denials = new DenialLog((denial) => say({ type: "denied", denial }));
    const origin = `http://127.0.0.1:${GATEWAY_PORT}`;
    this.registries = config.upstreams.map(
      (upstream) => new RegistryServerSide({ upstream, config, origin, meter: this.meter }),
    );
    this.http = this.createServer();
  }

  /** Tells what has not been told yet. */
  finish(): void {
    this.denials.flush();
  }

  private createServer(): http.Server {
    const server = http.createServer({
      insecureHTTPParser: false,
      requireHostHeader: false,
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_MS,
      requestTimeout: HEADERS_MS,
      connectionsCheckingInterval: 1000,
      noDelay: true,
    });
    server.maxHeadersCount = 0;
    server.maxConnections = MAX_CONNECTIONS;
    const handle = (request: IncomingMessage, response: ServerResponse): void => {
      const denial = this.onRequest(request, response);
      if (!denial) return;
      this.deny(denial, request);
      response.setHeader("connection", "close");
      fail(response, denial.rule === "request.method" ? 405 : 403, denial.rule);
    };
    server.on("request", handle);
    server.on("checkContinue", handle);
    server.on("checkExpectation", handle);
    server.on("connect", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (!(socket instanceof Socket)) throw new TypeError("a tunnel that is no socket");
      const denial = this.onConnect(request, socket, head);
      if (!denial) return;
      this.deny(denial, request);
      socket.on("error", () => socket.destroy());
      answer(socket, denial.rule === "limit.concurrent" ? 503 : 403, denial.rule);
    });
    server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
      if (GONE.has(error.code ?? "") || !(socket instanceof Socket) || !socket.writable) {
        socket.destroy();
        return;
      }
      const detail = error.code ?? "";
      this.denials.add({ rule: "request.malformed", detail }, { method: "", target: "" });
      answer(socket, 400, "request.malformed");
    });
    return server;
  }

  private onConnect(request: IncomingMessage, client: Socket, head: Buffer): RegistryDenial | undefined {
    const wrong = checkConnect(headOf(request));
    if (wrong) return wrong;
    const target = parseAuthority(request.url ?? "", this.config.tunnels);
    if (!target.ok) return target.error;
    const full = this.enter(client);
    if (full) return full;
    void runTunnel({
      client,
      head,
      target: target.value,
      proxy: this.config.proxy,
      caps: this.config.caps,
      meter: this.meter,
      resolve: this.resolve,
      onDenial: (denial) => this.deny(denial, request),
    });
    return undefined;
  }

  private onRequest(request: IncomingMessage, response: ServerResponse): RegistryDenial | undefined {
    const head = headOf(request);
    const wrong = checkRequest(head);
    if (wrong) return wrong;
    const registry = this.registries.find(({ prefix }) => head.target.startsWith(`${prefix}/`));
    if (!registry) return { rule: "request.path", detail: head.target };
    return (
      this.enter(response) ?? registry.serve(head.target.slice(registry.prefix.length), request, response)
    );
  }

  /** Counts something that begins; the denial, if there is no more room or nothing left for it. */
  private enter(ends: Socket | ServerResponse): RegistryDenial | undefined {
    if (this.meter.isUsedUp) return { rule: "limit.bytes", detail: "" };
    const { concurrent } = this.config.caps;
    if (this.running >= concurrent) return { rule: "limit.concurrent", detail: String(concurrent) };
    this.running += 1;
    ends.once("close", () => {
      this.running -= 1;
    });
    return undefined;
  }

  private deny(denial: RegistryDenial, request: IncomingMessage): void {
    this.denials.add(denial, { method: request.method ?? "", target: request.url ?? "" });
  }
}

function headOf(request: IncomingMessage): Parameters<typeof checkRequest>[0] {
  return {
    method: request.method ?? "",
    target: request.url ?? "",
    httpVersion: request.httpVersion,
    rawHeaders: request.rawHeaders,
  };
}

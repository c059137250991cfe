import http, { type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http";
import net from "node:net";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The connection broke before the end. */
  readonly isBroken: boolean;
}

export interface ClientRequestOptions {
  readonly method?: string;
  readonly target?: string;
  /** Undefined: left out. */
  readonly headers?: OutgoingHttpHeaders;
  /** An object is sent as JSON. */
  readonly body?: object | string;
  readonly signal?: AbortSignal;
}

/** A client of a gateway's socket, with the attempt's token. */
export class GatewayClient {
  readonly socket: string;
  private readonly token: string;

  constructor(options: { readonly socket: string; readonly token: string }) {
    this.socket = options.socket;
    this.token = options.token;
  }

  /** One request on a connection of its own. */
  async request(options: ClientRequestOptions): Promise<Answer> {
    return await this.beginRequest(options).answer;
  }

  /** As `request`, for whoever acts in the middle of an answer. */
  beginRequest(options: ClientRequestOptions): {
    readonly answer: Promise<Answer>;
    readonly untilFirstBytes: Promise<void>;
  } {
    const { method = "POST", target = "/v1/messages", body = {}, signal } = options;
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const headers = Object.entries({
      host: "127.0.0.1:8402",
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
      "x-api-key": this.token,
      ...options.headers,
    });
    let announce: () => void;
    const untilFirstBytes = new Promise<void>((resolve) => (announce = resolve));
    const answer = new Promise<Answer>((resolve, reject) => {
      const request = http.request({
        socketPath: this.socket,
        agent: false,
        method,
        path: target,
        headers: Object.fromEntries(headers.filter(([, value]) => value !== undefined)),
        ...(signal ? { signal } : {}),
      });
      request.on("error", reject);
      request.on("response", (response) => {
        const chunks: Buffer[] = [];
        const done = (): void =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString("utf8"),
            isBroken: !response.complete,
          });
        response.on("data", (chunk: Buffer) => {
          chunks.push(chunk);
          announce();
        });
        response.on("error", () => undefined);
        response.on("close", done);
      });
      request.end(text);
    });
    return { answer, untilFirstBytes };
  }

  /** Sends bytes as they are, and gives what comes back until the gateway closes the connection. */
  async raw(bytes: string | Buffer): Promise<string> {
    const socket = net.connect(this.socket);
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", () => undefined);
    socket.write(bytes);
    await new Promise((resolve) => socket.once("close", resolve));
    return Buffer.concat(chunks).toString("latin1");
  }

  /** A connection to play with. */
  connect(): net.Socket {
    return net.connect(this.socket).on("error", () => undefined);
  }
}

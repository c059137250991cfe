import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TestCertificates } from "../gateway/test-certificates.ts";

/** A registry on this machine that speaks TLS and keeps who came and what was asked. */
export class RecordingServer {
  readonly requests: { readonly target: string; readonly headers: IncomingMessage["headers"] }[] = [];
  /** TCP connections, whatever was said on them. */
  connections = 0;
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) => {
    response.end("hello");
  };
  private readonly server: https.Server;
  private waiting: (() => void)[] = [];
  private readonly sockets = new Set<Socket>();

  private constructor({ cert, key }: TestCertificates) {
    this.server = https.createServer({ cert, key }, (request, response) => {
      this.requests.push({ target: request.url ?? "", headers: request.headers });
      this.answer(request, response);
    });
    this.server.on("connection", (socket: Socket) => {
      this.connections += 1;
      this.sockets.add(socket);
      for (const wake of this.waiting.splice(0)) wake();
      socket.on("error", () => undefined);
      socket.on("close", () => this.sockets.delete(socket));
    });
    this.server.on("tlsClientError", () => undefined);
  }

  static async start(certificates: TestCertificates, host = "127.0.0.1"): Promise<RecordingServer> {
    const server = new RecordingServer(certificates);
    server.server.listen(0, host);
    await once(server.server, "listening");
    return server;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async untilConnections(count: number): Promise<void> {
    while (this.connections < count) await new Promise<void>((wake) => this.waiting.push(wake));
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}

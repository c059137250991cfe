import { once } from "node:events";
import http from "node:http";
import net, { type AddressInfo } from "node:net";

/** An HTTP proxy that is asked by CONNECT, and knows where some names lead. */
export class CompanyProxy {
  /** By `name:port`, a port of this machine. */
  readonly targets: Map<string, number>;
  private readonly server: http.Server;
  private readonly sockets = new Set<{ destroy: () => void }>();

  private constructor(targets: Map<string, number>) {
    this.targets = targets;
    this.server = http.createServer();
    this.server.on("connect", (request, client) => {
      const port = this.targets.get(request.url ?? "");
      client.on("error", () => undefined);
      this.sockets.add(client);
      if (port === undefined) {
        client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
        return;
      }
      const out = net.connect(port, "127.0.0.1", () => {
        client.write("HTTP/1.1 200 OK\r\n\r\n");
        client.pipe(out).pipe(client);
      });
      out.on("error", () => client.destroy());
    });
  }

  static async start(targets: Map<string, number>): Promise<CompanyProxy> {
    const proxy = new CompanyProxy(targets);
    proxy.server.listen(0, "0.0.0.0");
    await once(proxy.server, "listening");
    return proxy;
  }

  get url(): string {
    return `http://172.17.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}

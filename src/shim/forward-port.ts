import net from "node:net";

const HOST = "127.0.0.1";
/** More than any client opens; fewer than would use up the sandbox's files. */
const MAX_CONNECTIONS = 64;

export interface ForwardedPort {
  readonly port: number;
  /** Ends all connections. */
  close(): Promise<void>;
}

/**
 * Listens on the loopback interface and joins each connection with one to a Unix socket: clients know how to reach a port,
 * and the socket is the only way out of a sandbox. Port 0: any free one. Resolves when it listens.
 */
export async function forwardPort(options: {
  readonly port: number;
  readonly socket: string;
}): Promise<ForwardedPort> {
  const open = new Set<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const gateway = net.connect({ path: options.socket, allowHalfOpen: true });
    for (const [end, other] of [
      [client, gateway],
      [gateway, client],
    ] as const) {
      open.add(end);
      end.once("close", () => open.delete(end));
      // An error ends both; an end only its own direction, which `pipe` hands on.
      end.on("error", () => other.destroy());
      end.once("close", (hadError) => {
        if (hadError || !end.readableEnded) other.destroy();
      });
    }
    client.pipe(gateway);
    gateway.pipe(client);
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: HOST, port: options.port }, () => {
      server.off("error", reject);
      // A connection that could not be taken is not the end of the others.
      server.on("error", () => undefined);
      resolve();
    });
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : options.port,
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

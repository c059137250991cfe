import net, { type Socket } from "node:net";
import { proxyTunnel } from "../egress/proxy-tunnel.ts";
import type { RegistryCaps, TunnelTarget } from "../core/registry-protocol.ts";
import type { ByteMeter } from "./byte-meter.ts";
import { findAddresses, type Resolve } from "./find-addresses.ts";
import { judgeServerName } from "./judge-server-name.ts";
import { readClientHello } from "./read-client-hello.ts";
import type { RegistryDenial } from "./registry-rules.ts";

/** How many addresses of a name are tried. */
const MAX_ADDRESSES = 4;

export interface TunnelOptions {
  readonly client: Socket;
  /** What came with the CONNECT already. */
  readonly head: Buffer;
  readonly target: TunnelTarget;
  readonly proxy: string | null;
  readonly caps: RegistryCaps;
  readonly meter: ByteMeter;
  readonly resolve: Resolve;
  readonly onDenial: (denial: RegistryDenial) => void;
}

/**
 * One tunnel, from its permission to its end: the name is resolved, the connection is made to exactly what it meant, and
 * the first bytes that the client sends must open TLS with the same name. Only then does anything pass. Never rejects.
 */
export async function runTunnel(options: TunnelOptions): Promise<void> {
  const { client, target, onDenial } = options;
  client.on("error", () => client.destroy());
  let upstream: Socket | undefined;
  try {
    if (options.proxy !== null) {
      // Who resolves the name is the proxy: it is the company's own, and the configuration says so.
      upstream = await proxyTunnel(new URL(options.proxy), `${target.host}:${target.port}`);
    } else {
      const addresses = await findAddresses(target, options.resolve);
      if (!addresses.ok) {
        onDenial(addresses.error);
        answer(client, 403, addresses.error.rule);
        return;
      }
      upstream = await connectToOne(addresses.value, target.port, options.caps.helloMs);
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "no connection";
    answer(client, 502, `${target.host} cannot be reached (${code})`);
    return;
  }
  const other = upstream;
  other.on("error", () => other.destroy());
  if (client.destroyed) other.destroy();
  else join(options, other);
}

/** Waits for the first message, judges it, and joins the two. */
function join(options: TunnelOptions, upstream: Socket): void {
  const { client, target, caps, meter, onDenial } = options;
  client.once("close", () => upstream.destroy());
  upstream.once("close", () => client.destroy());
  let received = Buffer.alloc(0);
  const end = (denial: RegistryDenial): void => {
    clearTimeout(timer);
    onDenial(denial);
    client.destroy();
  };
  const timer = setTimeout(() => end({ rule: "tls.timeout", detail: target.host }), caps.helloMs);
  client.once("close", () => clearTimeout(timer));
  const onData = (chunk: Buffer): void => {
    received = Buffer.concat([received, chunk]);
    const read = readClientHello(received);
    if (read.kind === "incomplete") return;
    client.off("data", onData);
    const denial = read.kind === "refused" ? read.denial : judgeServerName(read.serverName, target.host);
    if (denial) {
      end(denial);
      return;
    }
    clearTimeout(timer);
    client.pause();
    if (!meter.send(received.length)) {
      end({ rule: "limit.bytes", detail: target.host });
      return;
    }
    upstream.write(received);
    relay(options, upstream);
  };
  client.on("data", onData);
  client.write("HTTP/1.1 200 Connection established\r\n\r\n");
  if (options.head.length > 0) onData(options.head);
  client.resume();
}

function relay({ client, target, caps, meter, onDenial }: TunnelOptions, upstream: Socket): void {
  const overCap = (): void => {
    if (client.destroyed) return;
    onDenial({ rule: "limit.bytes", detail: target.host });
    client.destroy();
  };
  client.on("data", (chunk: Buffer) => {
    if (!meter.send(chunk.length)) overCap();
  });
  upstream.on("data", (chunk: Buffer) => {
    if (!meter.receive(chunk.length)) overCap();
  });
  for (const socket of [client, upstream]) socket.setTimeout(caps.idleMs, () => socket.destroy());
  client.pipe(upstream);
  upstream.pipe(client);
}

async function connectToOne(addresses: readonly string[], port: number, timeoutMs: number): Promise<Socket> {
  let last: unknown = new Error("no address");
  for (const host of addresses.slice(0, MAX_ADDRESSES)) {
    try {
      return await connect(host, port, timeoutMs);
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

async function connect(host: string, port: number, timeoutMs: number): Promise<Socket> {
  return await new Promise((resolve, reject) => {
    const socket = net.connect({ host, port, noDelay: true });
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error("no connection in time")));
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.setTimeout(0);
      socket.off("error", reject);
      resolve(socket);
    });
  });
}

/** Words of ours; nothing of what was sent is in it. */
export function answer(client: Socket, status: 400 | 403 | 502 | 503, words: string): void {
  const body = `The registry gateway: ${words}\n`;
  client.end(
    `HTTP/1.1 ${status} ${words.replace(/[^\w .:()-]/g, "")}\r\nconnection: close\r\ncontent-type: text/plain\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import net, { type Socket } from "node:net";
import { dirname, join } from "node:path";
import tls from "node:tls";
import type { EgressDenial } from "../../src/core/gateway-protocol.ts";
import type { RegistryCaps, RegistryConfig, RegistryMessage } from "../../src/core/registry-protocol.ts";
import { RegistryGateway } from "../../src/registry/registry-gateway.ts";
import type { Resolve } from "../../src/registry/find-addresses.ts";
import { newSocketPath } from "../gateway/running-gateway.ts";

const PROGRAM = join(import.meta.dirname, "../../src/registry/main.ts");

export const TEST_CAPS: RegistryCaps = {
  concurrent: 16,
  sentBytes: 1024 * 1024,
  receivedBytes: 16 * 1024 * 1024,
  pageBytes: 1024 * 1024,
  idleMs: 10_000,
  helloMs: 5_000,
};

export function testConfig(changes: Partial<RegistryConfig> = {}): RegistryConfig {
  return { tunnels: [], upstreams: [], proxy: null, caps: TEST_CAPS, ...changes };
}

/** A client of a registry gateway's socket, and what the gateway has told. */
export abstract class RegistryClient {
  readonly socket = newSocketPath();
  readonly messages: RegistryMessage[] = [];
  private waiting: (() => void)[] = [];

  get denials(): EgressDenial[] {
    return this.messages.flatMap((message) => (message.type === "denied" ? [message.denial] : []));
  }

  async until(holds: (messages: readonly RegistryMessage[]) => boolean): Promise<void> {
    while (!holds(this.messages)) await new Promise<void>((wake) => this.waiting.push(wake));
  }

  /** Sends bytes as they are; resolves with all that came back when the connection is closed. */
  async raw(bytes: string | Buffer): Promise<string> {
    const socket = net.connect(this.socket);
    let received = "";
    socket.on("data", (chunk: Buffer) => (received += chunk.toString("latin1")));
    socket.on("error", () => undefined);
    socket.write(bytes);
    await once(socket, "close");
    return received;
  }

  /** Asks for a tunnel. The status, and the connection as it is then. */
  async connect(authority: string): Promise<{ readonly status: number; readonly socket: Socket }> {
    const socket = net.connect(this.socket);
    socket.on("error", () => undefined);
    socket.write(`CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n\r\n`, "latin1");
    const [head] = (await once(socket, "data")) as [Buffer];
    return { status: Number(head.toString("latin1").split(" ")[1]), socket };
  }

  /** A request in a tunnel, over TLS with this server name. What came back, or the error. */
  async fetch(authority: string, servername: string, ca: string): Promise<string> {
    const { status, socket } = await this.connect(authority);
    if (status !== 200) return `HTTP ${status}`;
    const secure = tls.connect({ socket, servername, ca, checkServerIdentity: () => undefined });
    const failed = new Promise<string>((resolve) => {
      secure.once("error", ({ message }) => resolve(message));
      secure.once("close", () => resolve("closed"));
    });
    secure.write("GET /hello HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    return await Promise.race([once(secure, "data").then(([chunk]) => String(chunk)), failed]);
  }

  protected take(message: RegistryMessage): void {
    this.messages.push(message);
    for (const wake of this.waiting.splice(0)) wake();
  }
}

/** The real program as a process of this machine. */
export class RunningRegistry extends RegistryClient {
  stderr = "";
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly exit: Promise<number | null>;

  constructor(firstLine: string) {
    super();
    this.child = spawn(process.execPath, [PROGRAM, this.socket]);
    this.child.stderr.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    let partial = "";
    this.child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const lines = `${partial}${text}`.split("\n");
      partial = lines.pop() ?? "";
      for (const line of lines) this.take(JSON.parse(line) as RegistryMessage);
    });
    this.exit = once(this.child, "close").then(([code]) => code as number | null);
    this.child.stdin.on("error", () => undefined);
    this.child.stdin.write(firstLine);
  }

  static async start(config: RegistryConfig): Promise<RunningRegistry> {
    const registry = new RunningRegistry(`${JSON.stringify(config)}\n`);
    await registry.until((messages) => messages.some(({ type }) => type === "ready"));
    return registry;
  }

  /** Ends its input, as a supervisor does that goes away; resolves with the exit code. */
  async close(): Promise<number | null> {
    this.child.stdin.end();
    return await this.ended();
  }

  async ended(): Promise<number | null> {
    const code = await this.exit;
    rmSync(dirname(this.socket), { recursive: true, force: true });
    return code;
  }
}

/** The same in this process, where names mean what a test says. */
export class RegistryHere extends RegistryClient {
  private readonly gateway: RegistryGateway;

  private constructor(config: RegistryConfig, resolve: Resolve) {
    super();
    this.gateway = new RegistryGateway({ config, resolve, say: (message) => this.take(message) });
  }

  static async start(config: RegistryConfig, resolve: Resolve): Promise<RegistryHere> {
    const registry = new RegistryHere(config, resolve);
    registry.gateway.http.listen(registry.socket);
    await once(registry.gateway.http, "listening");
    return registry;
  }

  close(): void {
    this.gateway.http.closeAllConnections();
    this.gateway.http.close();
    this.gateway.finish();
    rmSync(dirname(this.socket), { recursive: true, force: true });
  }
}

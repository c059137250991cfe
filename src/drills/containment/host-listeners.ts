import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { once } from "node:events";
import http from "node:http";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** What our resolver answers to every question: an address for documentation. */
export const RESOLVED_ADDRESS = "192.0.2.53";
const HEADER_BYTES = 12;
const MAX_HEARD = 1000;

/**
 * What a drill wants to be reached at: a service and a resolver on every address of the host, and a Unix socket. They
 * remember what they were told, so that an attack need not be believed. And, on the loopback interface alone, a gateway
 * without a rule, which shows its key: for the control.
 */
export class HostListeners {
  private readonly greetings: string[] = [];
  private readonly questions: string[] = [];
  private readonly service: Server;
  private readonly resolver: DatagramSocket;
  private readonly unix: Server;
  private readonly openGateway: http.Server;
  private readonly connections = new Set<Socket>();

  private constructor(resolver: DatagramSocket, key: string) {
    this.resolver = resolver;
    this.openGateway = http.createServer((request, response) => {
      request.resume();
      response.end(`no rule, and the key is ${key}`);
    });
    this.service = createServer((socket) => this.greet(socket));
    this.unix = createServer((socket) => this.greet(socket));
  }

  static async open(options: {
    /** Where the Unix socket is made. */
    readonly socketPath: string;
    /** Of the open gateway. Opens nothing. */
    readonly key: string;
  }): Promise<HostListeners> {
    const listeners = new HostListeners(await openDatagrams(), options.key);
    try {
      await listen(listeners.service, { port: 0 }); // on every address, of both families where there are two
      await listen(listeners.unix, { path: options.socketPath });
      await listen(listeners.openGateway, { port: 0, host: "127.0.0.1" });
      listeners.resolver.on("message", (question, from) => {
        hear(listeners.questions, question.subarray(HEADER_BYTES).toString("latin1"));
        listeners.resolver.send(answerTo(question), from.port, from.address, () => undefined);
      });
      listeners.resolver.on("error", () => undefined);
      return listeners;
    } catch (error) {
      await listeners.close();
      throw error;
    }
  }

  get tcpPort(): number {
    return (this.service.address() as AddressInfo).port;
  }

  get udpPort(): number {
    return this.resolver.address().port;
  }

  get gatewayUrl(): string {
    return `http://127.0.0.1:${(this.openGateway.address() as AddressInfo).port}`;
  }

  serviceHeard(word: string): boolean {
    return this.greetings.some((each) => each.includes(word));
  }

  resolverHeard(word: string): boolean {
    return this.questions.some((each) => each.includes(word));
  }

  async close(): Promise<void> {
    for (const socket of this.connections) socket.destroy();
    this.resolver.close();
    this.openGateway.closeAllConnections();
    await Promise.all([closed(this.service), closed(this.unix), closed(this.openGateway)]);
  }

  private greet(socket: Socket): void {
    this.connections.add(socket);
    socket.once("close", () => this.connections.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      hear(this.greetings, chunk.toString("latin1"));
      socket.end("hello from the host");
    });
  }
}

function hear(heard: string[], text: string): void {
  if (heard.length < MAX_HEARD) heard.push(text.slice(0, 300));
}

async function openDatagrams(): Promise<DatagramSocket> {
  for (const type of ["udp6", "udp4"] as const) {
    const socket = createSocket(type);
    try {
      const listening = once(socket, "listening");
      socket.bind(0);
      await listening;
      return socket;
    } catch (error) {
      socket.close();
      if (type === "udp4") throw error;
    }
  }
  throw new TypeError("one of the two families was tried last");
}

async function listen(
  server: Server,
  where: { port: number; host?: string } | { path: string },
): Promise<void> {
  const listening = once(server, "listening");
  server.listen(where);
  await listening;
  server.on("error", () => undefined);
}

async function closed(server: Server): Promise<void> {
  if (!server.listening) return;
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

/** A DNS answer: the question as it came, and one address for its name. */
function answerTo(question: Buffer): Buffer {
  const header = Buffer.from(question.subarray(0, HEADER_BYTES));
  header.writeUInt16BE(0x8180, 2); // an answer, without an error
  header.writeUInt16BE(1, 6); // with one record,
  header.writeUInt32BE(0, 8); // and nothing behind it
  const nameEnd = question.indexOf(0, HEADER_BYTES);
  const asked = question.subarray(HEADER_BYTES, nameEnd + 5);
  const name = Buffer.from([0xc0, HEADER_BYTES]); // that of the question
  const addressForAMinute = Buffer.from([0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
  const record = Buffer.concat([
    name,
    addressForAMinute,
    Buffer.from(RESOLVED_ADDRESS.split(".").map(Number)),
  ]);
  return Buffer.concat([header, asked, record]);
}

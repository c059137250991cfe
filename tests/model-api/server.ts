import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createNetServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { parseArgs } from "node:util";
import { ControlPlane } from "./control-plane.ts";
import { ExchangeLog } from "./exchange-log.ts";
import { ModelEndpoints } from "./model-endpoints.ts";
import { TappedStream } from "./tapped-stream.ts";

/**
 * The scripted model API as a program: needs nothing but Node and the files beside it. Prints one line of JSON with its
 * two ports when it serves.
 */
const { values } = parseArgs({
  options: {
    host: { type: "string", default: "127.0.0.1" },
    /** 0: a free one. */
    port: { type: "string", default: "0" },
    "control-port": { type: "string", default: "0" },
    /** PEM files. Without them the API speaks plain HTTP, as the shim does to a client. */
    certificate: { type: "string" },
    key: { type: "string" },
    /** So that it does not outlive who started it. A container's standard input has ended from the start. */
    "until-stdin-ends": { type: "boolean", default: false },
  },
});

const log = new ExchangeLog();
const endpoints = new ModelEndpoints(log);
const control = new ControlPlane({ endpoints, log });
const connectionIds = new WeakMap<object, number>();

const api = createHttpServer({ requestTimeout: 0, keepAliveTimeout: 60_000 }, (request, response) =>
  answerOrReport(response, endpoints.handle(request, response, connectionIds.get(request.socket) ?? 0)),
);
const controlServer = createHttpServer((request: IncomingMessage, response) =>
  answerOrReport(response, control.handle(request, response)),
);

function accept(socket: Socket): void {
  const connection = log.connect();
  const stream = new TappedStream(socket, (bytes) => connection.chunks.push(bytes));
  stream.on("error", () => stream.destroy());
  connectionIds.set(stream, connection.id);
  malformed.set(stream, (reason) => (connection.malformed = reason));
  api.emit("connection", stream);
}

const malformed = new WeakMap<object, (reason: string) => void>();
api.on("clientError", (error, stream) => {
  malformed.get(stream)?.(error.message);
  if (stream.writable) stream.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  else stream.destroy();
});
api.on("upgrade", (_request, stream) => stream.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n"));

function listener(): Server {
  if (values.certificate === undefined || values.key === undefined) return createNetServer(accept);
  const server = createTlsServer(
    { cert: readFileSync(values.certificate), key: readFileSync(values.key), ALPNProtocols: ["http/1.1"] },
    accept,
  );
  server.on("tlsClientError", (error) => (log.connect().handshakeError = error.message));
  return server;
}

async function listen(server: Server, port: string): Promise<number> {
  server.listen(Number(port), values.host);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

function answerOrReport(response: ServerResponse, work: Promise<void>): void {
  work.catch((error: unknown) => {
    process.stderr.write(`${String(error instanceof Error ? error.stack : error)}\n`);
    response.destroy();
  });
}

const apiPort = await listen(listener(), values.port);
const controlPort = await listen(controlServer, values["control-port"]);
process.stdout.write(`${JSON.stringify({ apiPort, controlPort })}\n`);
process.once("SIGTERM", () => process.exit()); // as the first process of a container it would not end by itself
if (values["until-stdin-ends"]) process.stdin.resume().once("end", () => process.exit());

/**
 * The one way out of a sandbox: a reverse proxy to one model API, apart from the sandbox. It holds the key and gets it
 * on standard input; what it has to tell goes to standard output, a line of JSON for each fact. It imports nothing but
 * core: it is copied into images.
 *
 * Its argument says where it listens: a socket's path, or `127.0.0.1:0` for any free port of the loopback interface.
 */
import { chmodSync, rmSync } from "node:fs";
import { GATEWAY_SOCKET, type GatewayMessage } from "../core/gateway-protocol.ts";
import { GatewayServer } from "./gateway-server.ts";
import { parseConfig } from "./parse-config.ts";
import { readConfigLine } from "../egress/read-config-line.ts";

/** A client on the same machine sends its header lines at once; and a body, however busy the machine. */
const TIMEOUTS = { headersMs: 10_000, requestMs: 20_000 };
const LOOPBACK = "127.0.0.1:0";
const EXIT_BAD_CONFIG = 64;
const EXIT_CRASHED = 70;

function say(message: GatewayMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function crash(error: unknown): void {
  // Never the message: it may quote a request, or the configuration. Where it happened says enough.
  const { name, code, stack }: NodeJS.ErrnoException = error instanceof Error ? error : new Error();
  const frames = (stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  process.stderr.write(`gateway: ${name} ${code ?? ""}\n${frames.slice(0, 10).join("\n")}\n`);
  process.exit(EXIT_CRASHED);
}

async function main(): Promise<void> {
  const line = await readConfigLine(process.stdin);
  const config = line === undefined ? undefined : parseConfig(line);
  if (!config?.ok) {
    process.stderr.write(`gateway: no configuration: ${config?.error ?? "the input ended before it"}\n`);
    process.exit(EXIT_BAD_CONFIG);
  }
  const server = new GatewayServer({ config: config.value, timeouts: TIMEOUTS, say });
  const end = (): void => {
    server.finish();
    process.exit(0);
  };
  process.stdin.once("end", end);
  process.stdin.once("error", end);
  process.once("SIGTERM", end);
  const socket = process.argv[2] ?? GATEWAY_SOCKET;
  if (socket === LOOPBACK) {
    server.http.listen({ host: "127.0.0.1", port: 0 }, () => {
      const address = server.http.address();
      say({ type: "ready", ...(typeof address === "object" && address ? { port: address.port } : {}) });
    });
    return;
  }
  rmSync(socket, { force: true });
  server.http.listen(socket, () => {
    // The sandbox's user is another one, and can write nothing else in the socket's folder.
    chmodSync(socket, 0o666);
    say({ type: "ready" });
  });
}

process.on("uncaughtException", crash);
process.on("unhandledRejection", crash);
// Nobody listens any more.
process.stdout.on("error", () => process.exit(0));
await main();

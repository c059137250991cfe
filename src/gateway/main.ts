/**
 * The one way out of a sandbox: a reverse proxy to one model API, apart from the sandbox. It holds the key and gets it
 * on standard input; what it has to tell goes to standard output, a line of JSON for each fact. It imports nothing but
 * core: it is copied into images.
 *
 * Its argument says where it listens: a socket's path, or `127.0.0.1:0` for any free port of the loopback interface.
 */
import { GATEWAY_SOCKET, type GatewayMessage } from "../core/gateway-protocol.ts";
import { serveFromConfig } from "../egress/serve-from-config.ts";
import { GatewayServer } from "./gateway-server.ts";
import { parseConfig } from "./parse-config.ts";

/** A client on the same machine sends its header lines at once; and a body, however busy the machine. */
const TIMEOUTS = { headersMs: 10_000, requestMs: 20_000 };

function say(message: GatewayMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

await serveFromConfig({
  program: "gateway",
  parse: parseConfig,
  open: (config) => new GatewayServer({ config, timeouts: TIMEOUTS, say }),
  address: process.argv[2] ?? GATEWAY_SOCKET,
  onReady: (port) => say({ type: "ready", ...(port === undefined ? {} : { port }) }),
});

/**
 * The way out of a container that installs dependencies: tunnels to the configured registries, and a reverse proxy for
 * those that want a credential, in a container of its own. It gets the credentials on standard input; what it has to tell
 * goes to standard output, a line of JSON for each fact. It is copied into images with all that it imports.
 */
import { GATEWAY_SOCKET } from "../core/gateway-protocol.ts";
import type { RegistryMessage } from "../core/registry-protocol.ts";
import { serveFromConfig } from "../egress/serve-from-config.ts";
import { resolveName } from "./find-addresses.ts";
import { parseRegistryConfig } from "./parse-registry-config.ts";
import { RegistryGateway } from "./registry-gateway.ts";

function say(message: RegistryMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

await serveFromConfig({
  program: "registry",
  parse: parseRegistryConfig,
  open: (config) => new RegistryGateway({ config, resolve: resolveName, say }),
  address: process.argv[2] ?? GATEWAY_SOCKET,
  onReady: () => say({ type: "ready" }),
});

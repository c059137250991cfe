/**
 * The way out of a container that installs dependencies: tunnels to the configured registries, and a reverse proxy for
 * those that want a credential, in a container of its own. It gets the credentials on standard input; what it has to tell
 * goes to standard output, a line of JSON for each fact. It is copied into images with all that it imports.
 */
import { chmodSync, rmSync } from "node:fs";
import { readConfigLine } from "../egress/read-config-line.ts";
import { GATEWAY_SOCKET } from "../core/gateway-protocol.ts";
import type { RegistryMessage } from "../core/registry-protocol.ts";
import { resolveName } from "./find-addresses.ts";
import { parseRegistryConfig } from "./parse-registry-config.ts";
import { RegistryGateway } from "./registry-gateway.ts";

const EXIT_BAD_CONFIG = 64;
const EXIT_CRASHED = 70;

function say(message: RegistryMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function crash(error: unknown): void {
  // Never the message: it may quote a request, or the configuration. Where it happened says enough.
  const { name, code, stack }: NodeJS.ErrnoException = error instanceof Error ? error : new Error();
  const frames = (stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  process.stderr.write(`registry: ${name} ${code ?? ""}\n${frames.slice(0, 10).join("\n")}\n`);
  process.exit(EXIT_CRASHED);
}

async function main(): Promise<void> {
  const line = await readConfigLine(process.stdin);
  const config = line === undefined ? undefined : parseRegistryConfig(line);
  if (!config?.ok) {
    process.stderr.write(`registry: no configuration: ${config?.error ?? "the input ended before it"}\n`);
    process.exit(EXIT_BAD_CONFIG);
  }
  const gateway = new RegistryGateway({ config: config.value, resolve: resolveName, say });
  const end = (): void => {
    gateway.finish();
    process.exit(0);
  };
  process.stdin.once("end", end);
  process.stdin.once("error", end);
  process.once("SIGTERM", end);
  const socket = process.argv[2] ?? GATEWAY_SOCKET;
  rmSync(socket, { force: true });
  gateway.http.listen(socket, () => {
    // The container's user is another one, and can write nothing else in the socket's folder.
    chmodSync(socket, 0o666);
    say({ type: "ready" });
  });
}

process.on("uncaughtException", crash);
process.on("unhandledRejection", crash);
// Nobody listens any more.
process.stdout.on("error", () => process.exit(0));
await main();

import { chmodSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import type { Result } from "../core/result.ts";
import { readConfigLine } from "./read-config-line.ts";

const LOOPBACK = "127.0.0.1:0";
const EXIT_BAD_CONFIG = 64;
const EXIT_CRASHED = 70;

/** What serves, and can tell the rest of its facts before the process ends. */
interface Service {
  readonly http: Server;
  finish(): void;
}

/**
 * The life of a program that holds secrets and stands between a container and the world: takes its configuration from
 * the first line of standard input, serves, and ends with its input, or at SIGTERM. What it says on standard error never
 * has a word of a request or of the configuration.
 */
export async function serveFromConfig<Config>(options: {
  /** For people. */
  readonly program: string;
  readonly parse: (line: string) => Result<Config, string>;
  readonly open: (config: Config) => Service;
  /** A socket's path, or `127.0.0.1:0` for any free port of the loopback interface. */
  readonly address: string;
  /** It listens: on that port, or on the socket. */
  readonly onReady: (port: number | undefined) => void;
}): Promise<void> {
  const { program, parse, open, address } = options;
  const crash = (error: unknown): void => crashed(program, error);
  process.on("uncaughtException", crash);
  process.on("unhandledRejection", crash);
  // Nobody listens any more.
  process.stdout.on("error", () => process.exit(0));
  const line = await readConfigLine(process.stdin);
  const config = line === undefined ? undefined : parse(line);
  if (!config?.ok) {
    process.stderr.write(`${program}: no configuration: ${config?.error ?? "the input ended before it"}\n`);
    process.exit(EXIT_BAD_CONFIG);
  }
  const service = open(config.value);
  const end = (): void => {
    service.finish();
    process.exit(0);
  };
  process.stdin.once("end", end);
  process.stdin.once("error", end);
  process.once("SIGTERM", end);
  if (address === LOOPBACK) {
    service.http.listen({ host: "127.0.0.1", port: 0 }, () => {
      const bound = service.http.address();
      options.onReady(typeof bound === "object" && bound ? bound.port : undefined);
    });
    return;
  }
  rmSync(address, { force: true });
  service.http.listen(address, () => {
    // The user of the container beyond is another one, and can write nothing else in the socket's folder.
    chmodSync(address, 0o666);
    options.onReady(undefined);
  });
}

function crashed(program: string, error: unknown): void {
  // Never the message: it may quote a request, or the configuration. Where it happened says enough.
  const { name, code, stack }: NodeJS.ErrnoException = error instanceof Error ? error : new Error();
  const frames = (stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  process.stderr.write(`${program}: ${name} ${code ?? ""}\n${frames.slice(0, 10).join("\n")}\n`);
  process.exit(EXIT_CRASHED);
}

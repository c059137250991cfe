import path from "node:path";
import { messageOf } from "../core/nightwarden-error.ts";
import {
  currentContext,
  dockerConfigDir,
  readContext,
  type ReadText,
  type TlsFiles,
} from "./docker-context.ts";

/** One place where an engine may be. */
export interface EngineCandidate {
  /** Why it is looked for there, for people: `DOCKER_HOST`, `Docker context "desktop-linux"`, `known socket`. */
  readonly source: string;
  readonly host: string;
  readonly tls: TlsFiles | undefined;
  /** It cannot be tried at all, because of this. */
  readonly problem: string | undefined;
}

export interface LookupOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly homeDir: string;
  /** The user's number, where the system has such; for the folder of the user's own sockets. */
  readonly uid: number | undefined;
  readonly configured: string | undefined;
  readonly readText: ReadText;
}

/**
 * Where to look for the engine, in this order:
 *
 * 1. DOCKER_HOST
 * 2. `engine.host` of the configuration
 * 3. DOCKER_CONTEXT
 * 4. the Docker client's current context
 * 5. the sockets that engines are known to have
 *
 * 1, 2 and 3 are somebody's decision: nothing is tried after one of them, so that no night runs on an engine that its
 * owner did not mean.
 */
export async function engineCandidates(options: LookupOptions): Promise<EngineCandidate[]> {
  const { env, configured } = options;
  const dockerHost = env["DOCKER_HOST"];
  if (dockerHost) {
    return [
      await withProblems({ source: "DOCKER_HOST", host: dockerHost, tls: () => tlsOfEnvironment(options) }),
    ];
  }
  if (configured !== undefined) {
    return [
      await withProblems({ source: "engine.host", host: configured, tls: () => tlsOfEnvironment(options) }),
    ];
  }
  const context = await contextCandidate(options);
  if (context && env["DOCKER_CONTEXT"]) return [context];
  const sockets = knownSockets(options).map((socket) => ({
    source: "known socket",
    host: `unix://${socket}`,
    tls: undefined,
    problem: undefined,
  }));
  return [...(context ? [context] : []), ...sockets.filter(({ host }) => host !== context?.host)];
}

/** The sockets of the engines that people have, the system's own first. */
function knownSockets(options: Pick<LookupOptions, "env" | "homeDir" | "uid">): string[] {
  const runtimeDir =
    options.env["XDG_RUNTIME_DIR"] ?? (options.uid === undefined ? undefined : `/run/user/${options.uid}`);
  const home = (...parts: string[]): string => path.join(options.homeDir, ...parts);
  return [
    "/var/run/docker.sock",
    ...(runtimeDir === undefined ? [] : [path.join(runtimeDir, "docker.sock")]),
    home(".docker", "run", "docker.sock"),
    home(".docker", "desktop", "docker.sock"),
    home(".colima", "default", "docker.sock"),
    home(".rd", "docker.sock"),
    // Where scripts/engine starts one.
    "/run/nightwarden-engine/docker.sock",
    ...(runtimeDir === undefined ? [] : [path.join(runtimeDir, "podman", "podman.sock")]),
    "/run/podman/podman.sock",
  ];
}

async function contextCandidate(options: LookupOptions): Promise<EngineCandidate | undefined> {
  const { env, readText } = options;
  const configDir = dockerConfigDir(env, options.homeDir);
  const name = await currentContext({ env, configDir, readText });
  if (name === undefined) return undefined;
  const source = `Docker context "${name}"`;
  try {
    const { host, tls } = await readContext({ name, configDir, readText });
    return await withProblems({ source, host, tls: async () => Promise.resolve(tls) });
  } catch (error) {
    return { source, host: "", tls: undefined, problem: messageOf(error) };
  }
}

async function withProblems(options: {
  readonly source: string;
  readonly host: string;
  readonly tls: () => Promise<TlsFiles | undefined>;
}): Promise<EngineCandidate> {
  const { source } = options;
  // Docker itself takes "host:port" for a TCP address.
  const host = options.host.includes("://") ? options.host : `tcp://${options.host}`;
  const problem = unsupported(host);
  if (problem !== undefined) return { source, host, tls: undefined, problem };
  try {
    return {
      source,
      host,
      tls: host.startsWith("unix:") ? undefined : await options.tls(),
      problem: undefined,
    };
  } catch (error) {
    return { source, host, tls: undefined, problem: messageOf(error) };
  }
}

function unsupported(host: string): string | undefined {
  switch (host.slice(0, host.indexOf("://"))) {
    case "unix":
      return host.startsWith("unix:///")
        ? undefined
        : "the path of a socket must be absolute, as in unix:///var/run/docker.sock";
    case "tcp":
    case "http":
    case "https":
      return URL.canParse(host) && new URL(host).hostname !== "" ? undefined : "this is not an address";
    case "ssh":
      return "engines over ssh are not supported: forward the remote socket (ssh -L /path/of.sock:/var/run/docker.sock HOST) and use unix:///path/of.sock";
    case "npipe":
      return "Windows' named pipes are not supported: run Nightwarden in WSL, where Docker Desktop has a socket";
    default:
      return "the address must begin with unix:// or tcp://";
  }
}

/** What DOCKER_TLS_VERIFY and DOCKER_CERT_PATH ask for. Throws an Error where a file that they need is missing. */
async function tlsOfEnvironment(options: LookupOptions): Promise<TlsFiles | undefined> {
  const { env, readText } = options;
  const verify = (env["DOCKER_TLS_VERIFY"] ?? "") !== "";
  const certPath = env["DOCKER_CERT_PATH"];
  if (!verify && !certPath) return undefined;
  const folder = certPath || dockerConfigDir(env, options.homeDir);
  const [ca, cert, key] = await Promise.all(
    ["ca.pem", "cert.pem", "key.pem"].map(async (name) => readText(path.join(folder, name))),
  );
  if (ca === undefined && verify)
    throw new Error(`DOCKER_TLS_VERIFY is set, and there is no ca.pem in ${folder}`);
  return { ca, cert, key, skipVerify: !verify };
}

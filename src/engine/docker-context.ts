import { createHash } from "node:crypto";
import path from "node:path";
import { z } from "zod";

/** Reads a small file; undefined where there is none. */
export type ReadText = (file: string) => Promise<string | undefined>;

/** Certificates for an engine that is reached over TLS, as PEM. */
export interface TlsFiles {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly skipVerify: boolean;
}

export interface ContextEndpoint {
  readonly host: string;
  readonly tls: TlsFiles | undefined;
}

const configFile = z.looseObject({ currentContext: z.string().optional() });
const contextFile = z.looseObject({
  Endpoints: z.looseObject({
    docker: z.looseObject({ Host: z.string().optional(), SkipTLSVerify: z.boolean().optional() }),
  }),
});

/** The folder with the Docker client's configuration. */
export function dockerConfigDir(env: NodeJS.ProcessEnv, homeDir: string): string {
  return env["DOCKER_CONFIG"] || path.join(homeDir, ".docker");
}

/** The context that the Docker client would use. undefined: its default, which is no file of its own. */
export async function currentContext(options: {
  readonly env: NodeJS.ProcessEnv;
  readonly configDir: string;
  readonly readText: ReadText;
}): Promise<string | undefined> {
  const named = options.env["DOCKER_CONTEXT"];
  const name =
    named || configuredContext(await options.readText(path.join(options.configDir, "config.json")));
  return name === undefined || name === "" || name === "default" ? undefined : name;
}

function configuredContext(text: string | undefined): string | undefined {
  const config = configFile.safeParse(parseJson(text));
  return config.success ? config.data.currentContext : undefined;
}

/** Where a context leads, with its certificates. Throws an Error that says what is wrong with it. */
export async function readContext(options: {
  readonly name: string;
  readonly configDir: string;
  readonly readText: ReadText;
}): Promise<ContextEndpoint> {
  const id = createHash("sha256").update(options.name).digest("hex");
  const file = path.join(options.configDir, "contexts", "meta", id, "meta.json");
  const text = await options.readText(file);
  if (text === undefined) throw new Error("the context does not exist");
  const meta = contextFile.safeParse(parseJson(text));
  if (!meta.success || !meta.data.Endpoints.docker.Host) throw new Error("the context names no Docker host");
  const { Host, SkipTLSVerify } = meta.data.Endpoints.docker;
  const tlsDir = path.join(options.configDir, "contexts", "tls", id, "docker");
  const [ca, cert, key] = await Promise.all(
    ["ca.pem", "cert.pem", "key.pem"].map(async (name) => options.readText(path.join(tlsDir, name))),
  );
  const hasTls = ca !== undefined || cert !== undefined || SkipTLSVerify === true;
  return { host: Host, tls: hasTls ? { ca, cert, key, skipVerify: SkipTLSVerify === true } : undefined };
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import Docker, { type DockerOptions } from "dockerode";
import { z } from "zod";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import { engineCandidates, type EngineCandidate } from "./engine-candidates.ts";
import { guardEngine } from "./guard-engine.ts";

/** An engine that answers. */
export interface Engine {
  readonly docker: Docker;
  readonly host: string;
  /** Why this one was taken, for people. */
  readonly source: string;
  readonly version: string;
  readonly apiVersion: string;
  readonly os: string;
  /** As Docker names processors: amd64, arm64. */
  readonly arch: string;
  readonly cgroupVersion: "1" | "2" | "unknown";
  readonly securityOptions: readonly string[];
}

const DEADLINE_MS = 2000;

/** Finds the engine that the user means, or the first that answers. Refuses with all that was tried. */
export async function findEngine(options: {
  readonly env: NodeJS.ProcessEnv;
  /** `engine.host` of the configuration. */
  readonly configured?: string;
}): Promise<Engine> {
  const candidates = await engineCandidates({
    env: options.env,
    homeDir: options.env["HOME"] ?? homedir(),
    uid: process.getuid?.(),
    configured: options.configured,
    readText,
  });
  return firstThatAnswers(candidates);
}

/** Asks one candidate after the other. */
export async function firstThatAnswers(
  candidates: readonly EngineCandidate[],
  deadlineMs = DEADLINE_MS,
): Promise<Engine> {
  const tried: string[] = [];
  for (const candidate of candidates) {
    try {
      return await ask(candidate, deadlineMs);
    } catch (error) {
      tried.push(`    ${candidate.source}${candidate.host ? ` ${candidate.host}` : ""}: ${messageOf(error)}`);
    }
  }
  throw new NightwardenError({
    code: "refused.engine",
    message: `no Docker Engine answers. Tried:\n${tried.join("\n")}`,
    hint: "Start Docker, or set DOCKER_HOST to an engine's address; in a checkout, scripts/engine installs and starts one on Debian and Ubuntu.",
  });
}

async function ask(candidate: EngineCandidate, deadlineMs: number): Promise<Engine> {
  if (candidate.problem !== undefined) throw new Error(candidate.problem);
  const options = connection(candidate);
  const startedAt = performance.now();
  try {
    await new Docker({ ...options, timeout: deadlineMs }).ping();
  } catch (error) {
    const isLate = performance.now() - startedAt >= deadlineMs;
    throw new Error(isLate ? `no answer within ${deadlineMs / 1000} s` : reasonOf(error), { cause: error });
  }
  const docker = guardEngine(new Docker(options));
  const version = await docker.version();
  const info = engineInfo.parse(await docker.info());
  return {
    docker,
    host: candidate.host,
    source: candidate.source,
    version: version.Version,
    apiVersion: version.ApiVersion,
    os: version.Os,
    arch: version.Arch,
    cgroupVersion: info.CgroupVersion === "1" || info.CgroupVersion === "2" ? info.CgroupVersion : "unknown",
    securityOptions: info.SecurityOptions ?? [],
  };
}

const engineInfo = z.looseObject({
  CgroupVersion: z.string().optional(),
  SecurityOptions: z.array(z.string()).nullish(),
});

function connection({ host, tls }: EngineCandidate): DockerOptions {
  // What is not said here, dockerode takes from DOCKER_HOST: so all of it is said.
  const nothing = {
    host: undefined,
    port: undefined,
    socketPath: undefined,
    ca: undefined,
    cert: undefined,
    key: undefined,
  };
  if (host.startsWith("unix://")) {
    return { ...nothing, protocol: "http", socketPath: host.slice("unix://".length) };
  }
  const { hostname, port, protocol } = new URL(host);
  const isTls = tls !== undefined || protocol === "https:";
  if (tls?.skipVerify) {
    // dockerode has no such switch, and a night on an engine that anybody could pose as is none to offer.
    throw new Error(
      "certificates of the engine must be verified: set DOCKER_TLS_VERIFY=1, or give the context a CA",
    );
  }
  return {
    ...nothing,
    protocol: isTls ? "https" : "http",
    host: hostname,
    port: port || (isTls ? 2376 : 2375),
    ca: tls?.ca,
    cert: tls?.cert,
    key: tls?.key,
  };
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  switch (code) {
    case "ENOENT":
      return "there is no such socket";
    case "EACCES":
      return "you may not use this socket (are you in its group?)";
    case "ECONNREFUSED":
      return "nothing listens there";
    default:
      return messageOf(error);
  }
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch {
    return undefined;
  }
}

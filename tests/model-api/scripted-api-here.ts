import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import { makeCertificates } from "./certificates.ts";
import { scriptedApiClient, type ScriptedApi } from "./scripted-api-client.ts";

/**
 * The scripted API as a process of this machine, on loopback: for tests without containers. `tls: false` speaks plain
 * HTTP, as the shim does to a client in the sandbox; then `caFile` says nothing about the server.
 */
export async function startScriptedApiHere(options: { readonly tls?: boolean } = {}): Promise<ScriptedApi> {
  const folder = await mkdtemp(join(tmpdir(), "nightwarden-model-api-"));
  const { certificateFile, keyFile, ...authorities } = await makeCertificates({ parent: folder });
  const isTls = options.tls ?? true;
  const tlsArgs = isTls ? ["--certificate", certificateFile, "--key", keyFile] : [];
  const program = fileURLToPath(new URL("./server.ts", import.meta.url));
  const server = spawn(process.execPath, [program, "--until-stdin-ends", ...tlsArgs], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(server, "exit");
  const { apiPort, controlPort } = await readPorts(server.stdout, ended);
  return scriptedApiClient({
    baseUrl: `${isTls ? "https" : "http"}://127.0.0.1:${apiPort}`,
    controlUrl: `http://127.0.0.1:${controlPort}`,
    ...authorities,
    stop: async () => {
      server.stdin.end();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  });
}

interface Ports {
  readonly apiPort: number;
  readonly controlPort: number;
}

async function readPorts(output: NodeJS.ReadableStream, ended: Promise<unknown>): Promise<Ports> {
  const lines = createInterface({ input: output });
  const line = await Promise.race([once(lines, "line"), ended.then(() => undefined)]);
  lines.close();
  if (!line) throw new Error("the scripted API ended before it served; its standard error says why");
  return JSON.parse(String(line[0])) as Ports;
}

import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { GenericContainer, Wait } from "testcontainers";
import { NODE_PATH } from "../../src/core/sandbox-layout.ts";
import { engine } from "../fixtures/cli-engine.ts";
import { testEngine } from "../fixtures/test-engine.ts";
import { makeCertificates } from "./certificates.ts";
import { scriptedApiClient, type ScriptedApi } from "./scripted-api-client.ts";

/** By which a person, or the fixture's own test, finds what was left behind; its value is `id`. */
export const LABEL_SCRIPTED_API = "nightwarden.tests.model-api";

const API_PORT = 8443;
const CONTROL_PORT = 8080;
const FOLDER = "/model-api";

/** The files that the server is made of; the rest of this folder needs npm packages. */
const PROGRAM = [
  "anthropic-messages.ts",
  "control-plane.ts",
  "exchange-log.ts",
  "give-answer.ts",
  "json-value.ts",
  "model-endpoints.ts",
  "openai-responses.ts",
  "protocol.ts",
  "scripted-run.ts",
  "server.ts",
  "sse-event.ts",
  "tapped-stream.ts",
];

/**
 * The scripted API in a container of its own, as other containers on any bridge of the engine reach it: at a port that is
 * published on the host.
 */
export async function startScriptedApi(): Promise<ScriptedApi & { readonly id: string }> {
  // The reaper's image comes from a registry, and it would hold the engine's socket. `stop` removes what `start` made.
  process.env["TESTCONTAINERS_RYUK_DISABLED"] = "true";
  process.env["DOCKER_HOST"] ??= (await engine()).host;
  const id = randomUUID();
  const { docker, image } = await testEngine();
  const host = await bridgeAddress(docker);
  const folder = await mkdtemp(join(tmpdir(), "nightwarden-model-api-"));
  const { caFile, wrongCaFile, certificateFile, keyFile } = await makeCertificates({
    parent: folder,
    names: [host],
  });
  const program = PROGRAM.map((name) => fileContent(join(import.meta.dirname, name), name));
  const args = {
    host: "0.0.0.0",
    port: API_PORT,
    "control-port": CONTROL_PORT,
    certificate: `${FOLDER}/server.pem`,
    key: `${FOLDER}/server.key`,
  };
  const container = await new GenericContainer(image.replace("sha256:", ""))
    .withLabels({ [LABEL_SCRIPTED_API]: id })
    .withEntrypoint([NODE_PATH, "--disable-warning=ExperimentalWarning", `${FOLDER}/server.ts`])
    .withCommand(Object.entries(args).map(([name, value]) => `--${name}=${value}`))
    .withCopyContentToContainer([
      ...(await Promise.all(program)),
      { content: '{ "type": "module" }', target: `${FOLDER}/package.json` },
      await fileContent(certificateFile, "server.pem"),
      await fileContent(keyFile, "server.key"),
    ])
    .withExposedPorts(API_PORT, CONTROL_PORT)
    .withWaitStrategy(Wait.forLogMessage(/"controlPort"/))
    .start();
  const api = scriptedApiClient({
    baseUrl: `https://${host}:${container.getMappedPort(API_PORT)}`,
    controlUrl: `http://${container.getHost()}:${container.getMappedPort(CONTROL_PORT)}`,
    caFile,
    wrongCaFile,
    stop: async () => {
      await container.stop({ remove: true, removeVolumes: true });
      await rm(folder, { recursive: true, force: true });
    },
  });
  return { ...api, id };
}

async function fileContent(source: string, name: string): Promise<{ content: string; target: string }> {
  return { content: await readFile(source, "utf8"), target: `${FOLDER}/${name}` };
}

/** The host, as containers on every bridge see it. Some engines do not name the gateway, which is then the first address. */
async function bridgeAddress(docker: Docker): Promise<string> {
  const { IPAM } = (await docker.getNetwork("bridge").inspect()) as {
    IPAM: { Config: readonly { Subnet?: string; Gateway?: string }[] };
  };
  const [{ Gateway, Subnet } = {}] = IPAM.Config;
  const address = Gateway ?? Subnet?.replace(/\.0\/\d+$/, ".1");
  if (address === undefined) throw new Error("the engine's default bridge has no address");
  return address;
}

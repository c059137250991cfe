/**
 * What the gateway adds to an answer of the model API: client, forwarded port, socket, gateway and TLS to the API, beside
 * TLS from the client to the API. All of them are processes of this machine, each its own and without containers: what
 * a container's network and limits add is not in it. The API is scripted, and answers at once.
 */
import { fork, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { GatewayConfig } from "../../src/core/gateway-protocol.ts";
import { forwardPort } from "../../src/shim/forward-port.ts";
import { testCertificates, type TestCertificates } from "../../tests/gateway/test-certificates.ts";
import { benchOptions, interleaved, print, timed, type Measured } from "./measure.ts";

const GATEWAY = resolve(import.meta.dirname, "../../src/gateway/main.ts");
const TOKEN = "token-of-the-bench-0123456789";
const MIB = 1024 * 1024;
const FLOOD_BYTES = 32 * MIB;
const PACE_MS = 5;
const PACED_EVENTS = 400;
/** What a client sends before its first word: prompt and tools. */
const REQUEST_BYTES = 88_000;

type Scenario = "first-byte" | "paced" | "flood";

interface Target {
  readonly request: http.RequestOptions;
  readonly send: typeof http.request;
}

switch (process.argv[2] ?? "") {
  case "--serve-api":
    await serveApi();
    break;
  case "--forward":
    await forward(process.argv[3] ?? "");
    break;
  default:
    await bench();
}

async function bench(): Promise<void> {
  const options = benchOptions(50);
  const folder = mkdtempSync(join(tmpdir(), "nightwarden-bench-"));
  const certificates = testCertificates("DNS:localhost");
  const children: ChildProcess[] = [];
  try {
    const api = fork(import.meta.filename, ["--serve-api"]);
    children.push(api);
    api.send(certificates);
    const apiPort = await portOf(api);
    const socket = join(folder, "api.sock");
    const gateway = spawn(process.execPath, [GATEWAY, socket], { stdio: ["pipe", "pipe", "inherit"] });
    children.push(gateway);
    gateway.stdin.write(`${JSON.stringify(configOf(apiPort, certificates))}\n`);
    await once(gateway.stdout, "data");
    gateway.stdout.resume();
    const forwarder = fork(import.meta.filename, ["--forward", socket]);
    children.push(forwarder);
    const port = await portOf(forwarder);

    const direct: Target = {
      send: https.request,
      request: {
        host: "localhost",
        port: apiPort,
        agent: new https.Agent({ keepAlive: true, ca: certificates.ca }),
      },
    };
    const through: Target = {
      send: http.request,
      request: { host: "127.0.0.1", port, agent: new http.Agent({ keepAlive: true }) },
    };
    const rounds: Readonly<Record<Scenario, number>> = {
      "first-byte": options.rounds,
      paced: Math.min(options.rounds, 5),
      flood: Math.min(options.rounds, 9),
    };
    const names: Readonly<Record<Scenario, string>> = {
      "first-byte": "first-byte",
      paced: `stream-of-${1000 / PACE_MS}-events-a-second`,
      flood: `stream-of-${FLOOD_BYTES / MIB}-MiB`,
    };
    for (const scenario of ["first-byte", "paced", "flood"] as const) {
      const measured = await interleaved({
        bench: "gateway",
        case: names[scenario],
        rounds: rounds[scenario],
        floorName: "TLS from the client to the same API",
        floor: async () => await timeOf(scenario, direct),
        run: async () => await timeOf(scenario, through),
      });
      print(measured, options.json);
      if (scenario === "first-byte") print(added(measured), options.json);
    }
  } finally {
    for (const child of children) child.kill();
    rmSync(folder, { recursive: true, force: true });
  }
  process.exit();
}

/** What is added, in milliseconds: beside an API that thinks for seconds, this is what a client feels and no ratio. */
function added(measured: Measured): Measured {
  const { floor, value } = measured;
  const difference = Number((value - floor.value).toFixed(1));
  return {
    ...measured,
    case: `${measured.case}-added`,
    value: difference,
    ratio: Number((difference / floor.value).toFixed(2)),
  };
}

/** To the first byte of the body, or to the end of it. Milliseconds. */
async function timeOf(scenario: Scenario, target: Target): Promise<number> {
  const body = JSON.stringify({
    model: "model",
    max_tokens: 100,
    stream: true,
    messages: [{ role: "user", content: "x".repeat(REQUEST_BYTES) }],
    metadata: { user_id: scenario },
  });
  let firstByteMs = 0;
  const startedMs = performance.now();
  const totalMs = await timed(async () => {
    const request = target.send({
      ...target.request,
      method: "POST",
      path: "/v1/messages",
      headers: {
        "x-api-key": TOKEN,
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
      },
    });
    request.end(body);
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    if (response.statusCode !== 200) throw new Error(`HTTP ${response.statusCode ?? 0}`);
    response.once("data", () => (firstByteMs = performance.now() - startedMs));
    response.resume();
    await once(response, "end");
  });
  return scenario === "first-byte" ? firstByteMs : totalMs;
}

function configOf(port: number, certificates: TestCertificates): GatewayConfig {
  return {
    provider: "anthropic",
    token: TOKEN,
    credential: { kind: "api-key", value: TOKEN },
    upstream: { url: `https://localhost:${port}`, ca: certificates.ca, proxy: null },
    models: ["model"],
    maxOutputTokens: 1000,
    prices: { model: { input: 1, cacheRead: 1, cacheWrite: 1, output: 1 } },
    caps: {
      tokens: Number.MAX_SAFE_INTEGER,
      costUsd: Number.MAX_SAFE_INTEGER,
      requestBytes: MIB,
      responseBytes: 2 * FLOOD_BYTES,
      concurrent: 4,
      requestsPerMinute: 1_000_000,
      firstByteMs: 60_000,
      idleMs: 60_000,
      answerMs: 600_000,
    },
  };
}

async function portOf(child: ChildProcess): Promise<number> {
  const [port] = (await once(child, "message")) as [number];
  return port;
}

async function forward(socket: string): Promise<void> {
  const { port } = await forwardPort({ port: 0, socket });
  process.send?.(port);
}

async function serveApi(): Promise<void> {
  const [{ cert, key }] = (await once(process, "message")) as [TestCertificates];
  const event = (data: object): string =>
    `event: ${"type" in data ? String(data.type) : ""}\ndata: ${JSON.stringify(data)}\n\n`;
  const delta = event({
    type: "content_block_delta",
    index: 0,
    delta: { type: "text_delta", text: "word ".repeat(16) },
  });
  const start = event({ type: "message_start", message: { usage: { input_tokens: 1, output_tokens: 1 } } });
  const end = event({ type: "message_delta", usage: { output_tokens: 9 } }) + event({ type: "message_stop" });
  const block = Buffer.from(delta.repeat(Math.ceil((64 * 1024) / delta.length)));
  const server = https.createServer({ cert, key }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { metadata } = JSON.parse(Buffer.concat(chunks).toString()) as {
        metadata: { user_id: Scenario };
      };
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(start);
      if (metadata.user_id === "first-byte") response.end(delta + end);
      else if (metadata.user_id === "paced") pace(response, delta, end);
      else flood(response, block, end);
    });
  });
  server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
}

function pace(response: http.ServerResponse, event: string, end: string): void {
  const startedMs = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.min(PACED_EVENTS, Math.floor((performance.now() - startedMs) / PACE_MS));
    for (; sent < due; sent += 1) response.write(event);
    if (sent < PACED_EVENTS) return;
    clearInterval(timer);
    response.end(end);
  }, PACE_MS);
}

function flood(response: http.ServerResponse, block: Buffer, end: string): void {
  let bytes = 0;
  const more = (): void => {
    while (bytes < FLOOD_BYTES) {
      bytes += block.length;
      if (!response.write(block)) {
        response.once("drain", more);
        return;
      }
    }
    response.end(end);
  };
  more();
}

import { GATEWAY_PORT } from "../../src/core/gateway-protocol.ts";
import { ALLOWED_MODEL, type GatewayAttempt } from "../fixtures/gateway-attempt.ts";

/** Sends each text over a connection of its own, and prints what comes back as one line of JSON. */
const SEND = `
  const { to, texts } = JSON.parse(process.argv[1]);
  const send = (text) => new Promise((done) => {
    const received = [];
    const socket = to.ca ? require("node:tls").connect(to) : require("node:net").connect(to);
    const end = (note) => { socket.destroy(); done(Buffer.concat(received).toString("latin1") + note); };
    socket.setTimeout(15000, () => end("TIMEOUT"));
    socket.on("data", (data) => received.push(data));
    socket.once("error", (error) => end("ERROR " + error.code));
    socket.once("close", () => end(""));
    socket.once(to.ca ? "secureConnect" : "connect", () => socket.write(text, "latin1"));
  });
  (async () => { for (const text of texts) console.log(JSON.stringify(await send(text))); })();
`;

const TO_GATEWAY = { host: "127.0.0.1", port: GATEWAY_PORT };

export function send(texts: readonly string[], to: object = TO_GATEWAY): readonly string[] {
  return ["node", "-e", SEND, JSON.stringify({ to, texts })];
}

/** What came back for each text. */
export async function sendAsAgent(attempt: GatewayAttempt, texts: readonly string[]): Promise<string[]> {
  const { lines } = await attempt.run(send(texts));
  return lines.map((line) => JSON.parse(line) as string);
}

export interface RequestParts {
  readonly token: string;
  readonly line?: string;
  readonly host?: string;
  /** Whether the connection goes on. Default: `close`. */
  readonly connection?: string;
  readonly contentType?: string;
  /** Undefined: the token's. */
  readonly credentials?: readonly string[];
  readonly headers?: readonly string[];
  readonly body?: string;
  /** Undefined: the body's length. */
  readonly length?: string;
}

export function bodyText(more: object = {}): string {
  return JSON.stringify({
    model: ALLOWED_MODEL,
    max_tokens: 100,
    messages: [{ role: "user", content: "hello" }],
    ...more,
  });
}

/** A request as bytes. Without changes it is one that may pass. */
export function requestText(parts: RequestParts): string {
  const body = parts.body ?? bodyText();
  const head = [
    parts.line ?? "POST /v1/messages HTTP/1.1",
    `Host: ${parts.host ?? "127.0.0.1"}`,
    `Connection: ${parts.connection ?? "close"}`,
    `Content-Type: ${parts.contentType ?? "application/json"}`,
    ...(parts.credentials ?? [`X-Api-Key: ${parts.token}`]),
    ...(parts.headers ?? []),
    parts.length ?? `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return `${head.filter((line) => line !== "").join("\r\n")}\r\n\r\n${body}`;
}

export function content(block: object): object {
  return { messages: [{ role: "user", content: [block] }] };
}

/** Posts one request after the other to the gateway, as a client does, and prints how each ended. */
export const ASK = `
  const { body, times = 1 } = JSON.parse(process.argv[1]);
  const ask = () => new Promise((done) => {
    const headers = { "content-type": "application/json", "x-api-key": process.env.MODEL_TOKEN };
    const request = require("node:http").request({ host: "127.0.0.1", port: ${GATEWAY_PORT}, path: "/v1/messages", method: "POST", headers, agent: false }, (response) => {
      const received = [];
      console.log("head " + response.statusCode);
      response.on("data", (data) => { if (received.length === 0) console.log("first"); received.push(data); });
      const end = (how) => { console.log(how + " " + JSON.stringify({ headers: response.headers, body: Buffer.concat(received).toString("utf8").slice(0, 500000) })); done(); };
      response.once("error", () => end("cut"));
      response.once("end", () => end("whole"));
    });
    request.once("error", (error) => { console.log("error " + error.code); done(); });
    request.end(body);
  });
  (async () => { for (let asked = 0; asked < times; asked += 1) await ask(); })();
`;

export const ask = (body: string, times = 1): readonly string[] => [
  "node",
  "-e",
  ASK,
  JSON.stringify({ body, times }),
];

export const STREAM = bodyText({ stream: true });

export function volume(source: string, target: string): object {
  return { Type: "volume", Source: source, Target: target };
}

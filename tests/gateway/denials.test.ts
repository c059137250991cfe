import { once } from "node:events";
import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EgressDenial, GatewayConfig } from "../../src/core/gateway-protocol.ts";
import { DENIAL_RULES, type DenialRule } from "../../src/gateway/denial.ts";
import { GatewayServer } from "../../src/gateway/gateway-server.ts";
import { GatewayClient, type ClientRequestOptions } from "./gateway-client.ts";
import { goodBody, newSocketPath, RunningGateway, TEST_CAPS, testConfig, TOKEN } from "./running-gateway.ts";
import { ScriptedUpstream, sendJson } from "./scripted-upstream.ts";
import { testCertificates } from "./test-certificates.ts";
import { untilClosed } from "./until-closed.ts";

const certificates = testCertificates("DNS:localhost");
let upstream: ScriptedUpstream;

beforeAll(async () => {
  upstream = await ScriptedUpstream.start(certificates);
});
afterAll(async () => {
  await upstream.close();
});

/** One way to be refused by a rule. */
interface Case {
  readonly changes?: Partial<GatewayConfig>;
  /** What makes the next request one too many. Resolves when it does. */
  readonly before?: (gateway: RunningGateway) => Promise<unknown>;
  readonly attack: ClientRequestOptions | ((gateway: RunningGateway) => Promise<unknown>);
}

const headers = (more: ClientRequestOptions["headers"]): Case => ({
  attack: { headers: more ?? {}, body: goodBody() },
});
const body = (more: object): Case => ({ attack: { body: goodBody(more) } });
const raw = (...lines: readonly string[]): Case => ({
  attack: async (gateway) => await gateway.raw(`${lines.join("\r\n")}\r\n\r\n`),
});
const caps = (more: Partial<GatewayConfig["caps"]>): Pick<Case, "changes"> => ({
  changes: { caps: { ...TEST_CAPS, ...more } },
});

const HOST = "Host: 127.0.0.1";

/** Each rule but the one that takes time: what it refuses, of the real program. The type asks for all of them. */
const CASES: Readonly<Record<Exclude<DenialRule, "http.timeout">, Case>> = {
  "http.malformed": raw("POST /v1/messages HTTP/1.1", HOST, "X-A : b"),
  "http.header-size": headers({ "x-a": "a".repeat(20_000) }),
  "http.header-count": headers(
    Object.fromEntries(Array.from({ length: 120 }, (_, index) => [`x-${index}`, "1"])),
  ),
  "http.target": raw("POST http://example.invalid/v1/messages HTTP/1.1", HOST),
  "http.upgrade": headers({ connection: "upgrade", upgrade: "websocket" }),
  "http.expect": headers({ expect: "100-continue" }),
  "http.host": headers({ host: "api.anthropic.com" }),
  "http.duplicate-header": raw("POST /v1/messages HTTP/1.1", HOST, HOST),
  "http.transfer-encoding": raw("POST /v1/messages HTTP/1.1", HOST, "Transfer-Encoding: chunked"),
  "http.content-encoding": headers({ "content-encoding": "gzip" }),
  "http.content-type": headers({ "content-type": "text/plain" }),
  "http.header-value": headers({ "anthropic-version": "2023-06-01; x" }),
  route: { attack: { target: "/v1/files", body: goodBody() } },
  token: headers({ "x-api-key": `${TOKEN}x` }),
  "rate.concurrent": {
    ...caps({ concurrent: 1 }),
    before: async (gateway) => {
      upstream.script = () => undefined;
      gateway.beginRequest({ body: goodBody() }).answer.catch(() => undefined);
      await upstream.untilRequests(1);
    },
    attack: { body: goodBody() },
  },
  "rate.per-minute": {
    ...caps({ requestsPerMinute: 1 }),
    before: async (gateway) => await gateway.request({ body: goodBody() }),
    attack: { body: goodBody() },
  },
  "rate.connections": {
    attack: async (gateway) => {
      const sockets = Array.from({ length: 65 }, () => gateway.connect().resume());
      await Promise.race(sockets.map(async (socket) => await untilClosed(socket)));
      for (const socket of sockets) socket.destroy();
    },
  },
  ended: {
    before: async (gateway) => {
      upstream.script = (_, response) => sendJson(response, 401, { type: "error", error: {} });
      await gateway.request({ body: goodBody() });
    },
    attack: { body: goodBody() },
  },
  budget: {
    ...caps({ tokens: 10 }),
    before: async (gateway) => await gateway.request({ body: goodBody() }).catch(() => undefined),
    attack: { body: goodBody() },
  },
  "body.bytes": body({ system: "x".repeat(TEST_CAPS.requestBytes) }),
  "body.json": { attack: { body: "{" } },
  "body.nesting": { attack: { body: `${"[".repeat(200)}${"]".repeat(200)}` } },
  "body.key": body({ mcp_servers: [] }),
  "body.kind": body({ messages: [{ role: "user", content: [{ type: "container_upload", file_id: "f" }] }] }),
  "body.tool": body({ tools: [{ type: "web_search_20250305", name: "web_search" }] }),
  "body.value": body({ max_tokens: -1 }),
  "body.model": body({ model: "model-c" }),
};

describe("every refusal is told as what it is", () => {
  const seen = new Set<string>();

  it.each(Object.entries<Case>(CASES))("%s", async (rule, { changes, before, attack }) => {
    upstream.reset();
    const config = testConfig({ url: upstream.url, ca: certificates.ca, ...changes });
    const gateway = await RunningGateway.start(config);
    try {
      await before?.(gateway);
      const asked = upstream.requests.length;
      // So far, all is as it may be.
      expect(gateway.denials).toEqual([]);
      await (typeof attack === "function" ? attack(gateway) : gateway.request(attack));
      const denials = await gateway.nextDenials(0);
      expect(denials).toMatchObject([{ rule, count: 1 }]);
      expect(upstream.requests.length).toBe(asked);
      for (const denial of denials) seen.add(denial.rule);
    } finally {
      expect(await gateway.close()).toBe(0);
    }
    expect(gateway.stderr).toBe("");
    expect(gateway.denials.length).toBe(1);
  });

  it.each<[string, string]>([
    ["its header lines", `POST /v1/messages HTTP/1.1\r\n${HOST}\r\nX-A: `],
    [
      "its body",
      `POST /v1/messages HTTP/1.1\r\n${HOST}\r\nContent-Type: application/json\r\nX-Api-Key: ${TOKEN}\r\nContent-Length: 1000\r\n\r\n{`,
    ],
    ["anything at all", ""],
  ])("http.timeout: a client that takes its time over %s is shown the door", async (_, start) => {
    upstream.reset();
    const denials: EgressDenial[] = [];
    const server = new GatewayServer({
      config: testConfig({ url: upstream.url, ca: certificates.ca }),
      timeouts: { headersMs: 300, requestMs: 600 },
      say: (message) => void (message.type === "denied" && denials.push(message.denial)),
    });
    const client = new GatewayClient({ socket: newSocketPath(), token: TOKEN });
    server.http.listen(client.socket);
    await once(server.http, "listening");
    try {
      const socket = client.connect().resume();
      const closed = untilClosed(socket);
      // It goes on: what ends it is the time that it takes, not its silence.
      const drip = setInterval(() => start !== "" && socket.write("a"), 50);
      socket.write(start);
      // Others are served meanwhile, and afterwards.
      expect((await client.request({ body: goodBody() })).status).toBe(200);
      await closed;
      clearInterval(drip);
      expect(denials).toMatchObject([{ rule: "http.timeout", count: 1 }]);
      expect((await client.request({ body: goodBody() })).status).toBe(200);
      expect(upstream.requests.length).toBe(2);
      for (const { rule } of denials) seen.add(rule);
    } finally {
      server.http.close();
      server.http.closeAllConnections();
      rmSync(dirname(client.socket), { recursive: true, force: true });
    }
  });

  it("and there is no rule that is not", () => {
    expect([...seen].toSorted()).toEqual(Object.keys(DENIAL_RULES).toSorted());
  });
});

import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { DenialRule } from "../../src/gateway/denial.ts";
import { goodBody, KEY, MANY_DENIALS, RunningGateway, testConfig, TOKEN } from "./running-gateway.ts";
import { ScriptedUpstream } from "./scripted-upstream.ts";
import { testCertificates } from "./test-certificates.ts";
import { untilClosed } from "./until-closed.ts";

const certificates = testCertificates("DNS:localhost");
let upstream: ScriptedUpstream;
let gateway: RunningGateway;

const start = async (): Promise<RunningGateway> =>
  await RunningGateway.start(testConfig({ url: upstream.url, ca: certificates.ca }));
const end = async (): Promise<void> => {
  expect(await gateway.close()).toBe(0);
  expect(gateway.stderr).toBe("");
};

beforeAll(async () => {
  upstream = await ScriptedUpstream.start(certificates);
  gateway = await start();
});
afterAll(async () => {
  await end();
  await upstream.close();
});
beforeEach(async () => {
  upstream.reset();
  if (gateway.denials.length < MANY_DENIALS) return;
  await end();
  gateway = await start();
});

const BODY = JSON.stringify(goodBody());

/** A request as bytes; without changes it is a good one, on a connection that ends after it. */
function rawRequest(options: {
  readonly line?: string;
  readonly without?: string;
  readonly lines?: readonly string[];
  readonly body?: string;
}): string {
  const headers = [
    "Host: 127.0.0.1:8402",
    "Connection: close",
    "Content-Type: application/json",
    `X-Api-Key: ${TOKEN}`,
    `Content-Length: ${BODY.length}`,
  ].filter((line) => options.without === undefined || !line.startsWith(options.without));
  const head = [options.line ?? "POST /v1/messages HTTP/1.1", ...headers, ...(options.lines ?? [])];
  return `${head.join("\r\n")}\r\n\r\n${options.body ?? BODY}`;
}

describe("bytes that are not one plain request", () => {
  const chunked = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`;
  const cases: readonly [string, DenialRule, string][] = [
    [
      "CONNECT",
      "http.target",
      rawRequest({ line: "CONNECT example.invalid:443 HTTP/1.1", without: "Content-Length", body: "" }),
    ],
    ["a whole URL", "http.target", rawRequest({ line: "POST http://example.invalid/v1/messages HTTP/1.1" })],
    [
      "the API's own URL",
      "http.target",
      rawRequest({ line: "POST https://api.anthropic.com/v1/messages HTTP/1.1" }),
    ],
    ["an asterisk", "http.target", rawRequest({ line: "OPTIONS * HTTP/1.1" })],
    ["HTTP/1.0", "http.malformed", rawRequest({ line: "POST /v1/messages HTTP/1.0" })],
    ["HTTP/2", "http.malformed", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    [
      "an upgrade",
      "http.upgrade",
      rawRequest({ without: "Connection", lines: ["Connection: Upgrade", "Upgrade: websocket"] }),
    ],
    ["both lengths", "http.malformed", rawRequest({ lines: ["Transfer-Encoding: chunked"], body: chunked })],
    [
      "chunks",
      "http.transfer-encoding",
      rawRequest({ without: "Content-Length", lines: ["Transfer-Encoding: chunked"], body: chunked }),
    ],
    ["two lengths", "http.malformed", rawRequest({ lines: [`Content-Length: ${BODY.length + 1}`] })],
    ["the same length twice", "http.malformed", rawRequest({ lines: [`Content-Length: ${BODY.length}`] })],
    [
      "a length with a sign",
      "http.malformed",
      rawRequest({ without: "Content-Length", lines: [`Content-Length: +${BODY.length}`] }),
    ],
    ["two hosts", "http.duplicate-header", rawRequest({ lines: ["Host: 127.0.0.1"] })],
    ["no host", "http.host", rawRequest({ without: "Host" })],
    ["two keys", "http.duplicate-header", rawRequest({ lines: [`X-Api-Key: ${TOKEN}`] })],
    [
      "two authorizations",
      "http.duplicate-header",
      rawRequest({ lines: [`Authorization: Bearer ${TOKEN}`, "Authorization: Bearer x"] }),
    ],
    ["a folded header", "http.malformed", rawRequest({ lines: ["X-A: b", " c"] })],
    ["a space before a colon", "http.malformed", rawRequest({ lines: ["X-A : b"] })],
    ["a NUL in a header", "http.malformed", rawRequest({ lines: ["X-A: a\0b"] })],
    ["a bare newline in a header", "http.malformed", rawRequest({ lines: ["X-A: a\nX-B: c"] })],
    ["a bare return in a header", "http.malformed", rawRequest({ lines: ["X-A: a\rX-B: c"] })],
    ["a long header", "http.header-size", rawRequest({ lines: [`X-A: ${"a".repeat(20_000)}`] })],
    [
      "many headers",
      "http.header-count",
      rawRequest({ lines: Array.from({ length: 120 }, (_, index) => `x${index}: 1`) }),
    ],
    ["a long target", "http.header-size", rawRequest({ line: `POST /${"a".repeat(20_000)} HTTP/1.1` })],
    ["a NUL in the target", "http.malformed", rawRequest({ line: "POST /v1/messages\0 HTTP/1.1" })],
    ["a method of its own", "http.malformed", rawRequest({ line: "POKE /v1/messages HTTP/1.1" })],
    ["nonsense", "http.malformed", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"],
  ];
  it.each(cases)("do not reach the API: %s", async (_, rule, bytes) => {
    const before = gateway.denials.length;
    const answer = await gateway.raw(bytes);
    expect(await gateway.nextDenials(before)).toMatchObject([{ rule, count: 1 }]);
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(answer).toContain(`(${rule})`);
    expect(answer).not.toContain(TOKEN);
    expect(upstream.received).toBe("");
    expect(await gateway.raw(rawRequest({}))).toMatch(/^HTTP\/1\.1 200 /);
    expect(upstream.requests.length).toBe(1);
  });

  it("behind a request are a request of their own, and are looked at as such", async () => {
    const inner = rawRequest({ line: "POST /v1/files HTTP/1.1" });
    const first = rawRequest({ without: "Connection" });
    const answer = await gateway.raw(first + inner);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toContain("HTTP/1.1 403 ");
    expect(upstream.requests.map(({ target }) => target)).toEqual(["/v1/messages"]);
    expect(upstream.received).not.toContain("/v1/files");
  });
});

describe("connections", () => {
  it("in great number do not keep the gateway from ending", async () => {
    const other = await RunningGateway.start(testConfig({ url: upstream.url, ca: certificates.ca }));
    const sockets = Array.from({ length: 200 }, () => other.connect());
    // Those beyond the bound are closed at once.
    await Promise.race(sockets.map(async (socket) => await untilClosed(socket.resume())));
    await other.untilDenied("rate.connections");
    expect(await other.close()).toBe(0);
    for (const socket of sockets) socket.destroy();
  });
});

describe("a flood of refused requests", () => {
  it("is told in a bounded number of messages, whose counts add up", async () => {
    const other = await RunningGateway.start(testConfig({ url: upstream.url, ca: certificates.ca }));
    const flood = 300;
    for (let round = 0; round < flood; round += 1) {
      await other.request({ target: `/v1/${"x".repeat(1000)}`, body: "x" });
    }
    await other.close();
    expect(other.denials.length).toBeLessThan(40);
    expect(other.denials.reduce((sum, { count }) => sum + count, 0)).toBe(flood);
    for (const denial of other.denials) expect(denial.target.length).toBeLessThanOrEqual(200);
    expect(upstream.received).toBe("");
  });
});

/** Whatever was sent to the gateway: this is what may arrive. */
function checkUpstream(): void {
  for (const { method, target, headers, body } of upstream.requests) {
    expect(method).toBe("POST");
    expect(["/v1/messages", "/v1/messages?beta=true", "/v1/messages/count_tokens"]).toContain(target);
    expect(headers["x-api-key"]).toBe(KEY);
    const json = JSON.parse(body) as Record<string, unknown>;
    expect(["model-a", "model-b"]).toContain(json["model"]);
    if (target.startsWith("/v1/messages/count")) continue;
    expect(json["max_tokens"]).toBeLessThanOrEqual(1000);
    expect(json).not.toHaveProperty("mcp_servers");
    expect(body).not.toMatch(/"type":"(?:url|file|web_search|server_tool_use)/);
  }
  expect(upstream.received).not.toContain(TOKEN);
}

async function expectAlive(): Promise<void> {
  upstream.reset();
  expect((await gateway.request({ body: goodBody() })).status).toBe(200);
  expect(gateway.stderr).toBe("");
}

describe("fuzzing", () => {
  const SEED = 20_261_121;

  it("with malformed HTTP: never a crash, nothing forbidden arrives, the next good request is served", async () => {
    const good = rawRequest({});
    const piece = fc.oneof(
      fc.constantFrom(
        "\r\n",
        "\n",
        "\0",
        " ",
        ":",
        "HTTP/1.1",
        "Transfer-Encoding: chunked\r\n",
        "Content-Length: 0\r\n",
      ),
      fc.constantFrom(
        "/v1/files",
        "GET ",
        "//",
        "%2e%2e/",
        "\r\n\r\n",
        "Upgrade: h2c\r\n",
        "Host: x\r\n",
        "0\r\n\r\n",
      ),
      fc.string({ maxLength: 20, unit: "binary" }),
    );
    const edit = fc.record({
      at: fc.nat({ max: good.length }),
      remove: fc.oneof(fc.constant(0), fc.nat({ max: 60 })),
      insert: piece,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
        const bytes = edits.reduce(
          (text, { at, remove, insert }) => text.slice(0, at) + insert + text.slice(at + remove),
          good,
        );
        const socket = gateway.connect();
        const closed = untilClosed(socket);
        socket.resume();
        // No more comes: what waits for more sees the end.
        socket.end(Buffer.from(bytes, "latin1"));
        await closed;
        checkUpstream();
      }),
      { numRuns: 300, seed: SEED },
    );
    await expectAlive();
  }, 120_000);
});

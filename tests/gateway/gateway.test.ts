import { existsSync, lstatSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { DenialRule } from "../../src/gateway/denial.ts";
import type { ClientRequestOptions } from "./gateway-client.ts";
import { goodBody, KEY, MANY_DENIALS, RunningGateway, testConfig, TOKEN } from "./running-gateway.ts";
import { ScriptedUpstream } from "./scripted-upstream.ts";
import { testCertificates } from "./test-certificates.ts";

const certificates = testCertificates("DNS:localhost");
let upstream: ScriptedUpstream;
let gateway: RunningGateway;

const start = async (): Promise<RunningGateway> =>
  await RunningGateway.start(testConfig({ url: upstream.url, ca: certificates.ca }));
const end = async (): Promise<void> => {
  expect(await gateway.close()).toBe(0);
  expect(gateway.stderr).toBe("");
  expect(gateway.stdout).not.toContain(KEY);
  expect(gateway.stdout).not.toContain(TOKEN);
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

/** What a rule refuses, beside a request that differs in that alone and is answered. Gives the status. */
async function refused(
  rule: DenialRule,
  attack: ClientRequestOptions,
  control: ClientRequestOptions,
): Promise<number> {
  const before = gateway.denials.length;
  const answer = await gateway.request(attack);
  expect(await gateway.nextDenials(before)).toMatchObject([{ rule, count: 1 }]);
  expect(upstream.requests).toEqual([]);
  expect(upstream.received).toBe("");
  expect(answer.status).toBeGreaterThanOrEqual(400);
  // An answer to HEAD has no body.
  if (attack.method !== "HEAD") {
    expect(JSON.parse(answer.body)).toMatchObject({
      type: "error",
      error: { type: expect.any(String) as string },
    });
  }
  const allowed = await gateway.request(control);
  expect(allowed.status).toBe(200);
  expect(upstream.requests.length).toBe(1);
  return answer.status;
}

describe("a request that passes", () => {
  it("reaches the API with the key and without the token, and its answer comes back unchanged", async () => {
    const answer = await gateway.request({ target: "/v1/messages?beta=true", body: goodBody() });
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('"text":"Hello"');
    expect(answer.headers).toMatchObject({
      "request-id": "req_1",
      "content-type": "text/event-stream; charset=utf-8",
    });
    expect(upstream.last).toMatchObject({ method: "POST", target: "/v1/messages?beta=true" });
    expect(upstream.last.headers["x-api-key"]).toBe(KEY);
    expect(upstream.received).not.toContain(TOKEN);
    expect(JSON.stringify(answer)).not.toContain(KEY);
  });

  it("may present the token as a Bearer token, too", async () => {
    const headers = { "x-api-key": undefined, authorization: `Bearer ${TOKEN}` };
    expect((await gateway.request({ headers, body: goodBody() })).status).toBe(200);
    expect(upstream.last.headers.authorization).toBeUndefined();
    expect(upstream.received).not.toContain(TOKEN);
  });

  it("counts tokens without using any", async () => {
    const before = gateway.answers.length;
    const body = { model: "model-a", messages: [] };
    const answer = await gateway.request({ target: "/v1/messages/count_tokens", body });
    expect(JSON.parse(answer.body)).toEqual({ input_tokens: 42 });
    expect(await gateway.untilAnswers(before + 1)).toMatchObject({
      result: "complete",
      usage: { input: 0, output: 0 },
      costUsd: 0,
    });
  });

  it("is told as one fact: usage, cost, time, bytes", async () => {
    const before = gateway.answers.length;
    await gateway.request({ body: goodBody() });
    expect(await gateway.untilAnswers(before + 1)).toEqual({
      model: "model-a",
      result: "complete",
      status: 200,
      errorCode: null,
      retryAt: null,
      usage: { input: 100, cacheRead: 30, cacheWrite: 20, output: 7 },
      costUsd: (100 + 3 + 25 + 70) / 1e6,
      firstByteMs: expect.any(Number) as number,
      durationMs: expect.any(Number) as number,
      bytes: expect.any(Number) as number,
    });
  });

  it("costs null where the model has no price", async () => {
    const before = gateway.answers.length;
    await gateway.request({ body: goodBody({ model: "model-b" }) });
    expect((await gateway.untilAnswers(before + 1)).costUsd).toBeNull();
  });

  it("uses one connection for request after request", async () => {
    await gateway.request({ body: goodBody() });
    const before = upstream.connections;
    for (let round = 0; round < 3; round += 1) await gateway.request({ body: goodBody() });
    expect(upstream.connections).toBe(before);
  });
});

describe("the routes", () => {
  it.each([
    ["POST", "/v1/files"],
    ["GET", "/v1/files"],
    ["GET", "/v1/models"],
    ["GET", "/v1/messages"],
    ["HEAD", "/"],
    ["PUT", "/v1/messages"],
    ["POST", "/v1/messages/batches"],
    ["POST", "/v1/organizations"],
    ["POST", "/v1/messages/"],
    ["POST", "//v1/messages"],
    ["POST", "/v1//messages"],
    ["POST", "/v1/./messages"],
    ["POST", "/v1/files/../messages"],
    ["POST", "/v1/messages/../files"],
    ["POST", "/v1/%6dessages"],
    ["POST", "/v1/messages%2f..%2ffiles"],
    ["POST", "/v1/messages;a=b"],
    ["POST", "/v1/messages#x"],
    ["POST", "/v1/messages?"],
    ["POST", "/v1/messages?beta=false"],
    ["POST", "/v1/messages?beta=true&x=y"],
    ["POST", "/V1/MESSAGES"],
    ["POST", "/v1/responses"],
  ])("do not have %s %s", async (method, target) => {
    expect(await refused("route", { method, target, body: goodBody() }, { body: goodBody() })).toBe(403);
  });
});

describe("the attempt's token", () => {
  const attacks: readonly [string, ClientRequestOptions["headers"]][] = [
    ["missing", { "x-api-key": undefined }],
    ["wrong", { "x-api-key": `${TOKEN}x` }],
    ["shorter", { "x-api-key": TOKEN.slice(0, -1) }],
    ["empty", { "x-api-key": "" }],
    ["of another scheme", { "x-api-key": undefined, authorization: `Basic ${TOKEN}` }],
    ["right in one place and wrong in another", { authorization: "Bearer sk-of-somebody-else" }],
    ["in a cookie", { "x-api-key": undefined, cookie: `x-api-key=${TOKEN}` }],
  ];
  it.each(attacks)("that is %s opens nothing", async (_, headers = {}) => {
    expect(await refused("token", { headers, body: goodBody() }, { body: goodBody() })).toBe(401);
  });
});

describe("the headers", () => {
  it("of the request are left out, but for those that the API needs", async () => {
    const sentinel = "header-SENTINEL";
    await gateway.request({
      body: goodBody(),
      headers: {
        accept: "application/json",
        "anthropic-version": "2023-06-01",
        "anthropic-beta":
          "claude-code-20250219, mcp-client-2025-04-04,files-api-2025-04-14,code-execution-2025-05-22,context-1m-2025-08-07,advanced-tool-use-2025-11-20",
        "user-agent": sentinel,
        cookie: sentinel,
        forwarded: sentinel,
        via: sentinel,
        "x-forwarded-for": sentinel,
        "proxy-authorization": sentinel,
        "x-stainless-os": sentinel,
        "accept-encoding": "gzip",
        connection: "keep-alive",
      },
    });
    expect(upstream.received).not.toContain(sentinel);
    expect(upstream.last.headers).toEqual({
      accept: "application/json",
      "accept-encoding": "identity",
      "anthropic-beta": "claude-code-20250219,advanced-tool-use-2025-11-20",
      "anthropic-version": "2023-06-01",
      connection: "keep-alive",
      "content-length": expect.any(String) as string,
      "content-type": "application/json",
      host: `localhost:${upstream.port}`,
      "user-agent": "nightwarden-gateway",
      "x-api-key": KEY,
    });
  });

  it("of the answer are left out, but for those that a client needs", async () => {
    const answer = await gateway.request({ body: goodBody() });
    expect(answer.headers["request-id"]).toBe("req_1");
    expect(answer.headers["set-cookie"]).toBeUndefined();
    expect(answer.headers["x-internal"]).toBeUndefined();
  });

  const attacks: readonly [string, DenialRule, ClientRequestOptions["headers"]][] = [
    ["a version that is no date", "http.header-value", { "anthropic-version": "2023-06-01; x" }],
    ["an accept of something else", "http.header-value", { accept: "text/html" }],
    ["a body that is no JSON", "http.content-type", { "content-type": "text/plain" }],
    ["a body of forms", "http.content-type", { "content-type": "multipart/form-data; boundary=x" }],
    ["a compressed body", "http.content-encoding", { "content-encoding": "gzip" }],
    ["a host elsewhere", "http.host", { host: "api.anthropic.com" }],
    ["an expectation", "http.expect", { expect: "100-continue" }],
    ["an upgrade", "http.upgrade", { connection: "upgrade", upgrade: "websocket" }],
    [
      "too many headers",
      "http.header-count",
      Object.fromEntries(Array.from({ length: 120 }, (_, index) => [`x-${index}`, "1"])),
    ],
  ];
  it.each(attacks)("with %s are refused", async (_, rule, headers = {}) => {
    await refused(rule, { headers, body: goodBody() }, { body: goodBody() });
  });
});

describe("the body", () => {
  const image = (source: object): object => ({
    messages: [{ role: "user", content: [{ type: "image", source }] }],
  });
  const block = (value: object): object => ({ messages: [{ role: "user", content: [value] }] });
  const inResult = (value: object): object =>
    block({ type: "tool_result", tool_use_id: "t", content: [value] });
  const cases: readonly [string, DenialRule, object, object][] = [
    ["another model", "body.model", { model: "model-c" }, { model: "model-b" }],
    ["no model", "body.value", { model: undefined }, {}],
    ["an unknown key", "body.key", { extra: 1 }, {}],
    ["__proto__ as a key", "body.key", JSON.parse('{"__proto__":{"model":"model-c"}}') as object, {}],
    ["MCP servers", "body.key", { mcp_servers: [] }, {}],
    ["a container", "body.key", { container: "c" }, {}],
    ["a service tier", "body.key", { service_tier: "priority" }, {}],
    [
      "a web search",
      "body.tool",
      { tools: [{ type: "web_search_20250305", name: "web_search" }] },
      { tools: [{ name: "web_search", input_schema: {} }] },
    ],
    [
      "a web fetch",
      "body.tool",
      { tools: [{ type: "web_fetch_20250910", name: "web_fetch" }] },
      { tools: [{ type: "custom", name: "web_fetch", input_schema: {} }] },
    ],
    [
      "code execution",
      "body.tool",
      { tools: [{ type: "code_execution_20250825", name: "code_execution" }] },
      { tools: [{ type: "bash_20250124", name: "bash" }] },
    ],
    [
      "a memory tool",
      "body.tool",
      { tools: [{ type: "memory_20250818", name: "memory" }] },
      { tools: [{ type: "text_editor_20250728", name: "edit" }] },
    ],
    [
      "a tool of an MCP server",
      "body.tool",
      { tools: [{ type: "mcp_toolset", mcp_server_name: "x" }] },
      { tools: [] },
    ],
    [
      "a tool that programs at the API may call",
      "body.value",
      { tools: [{ name: "t", input_schema: {}, allowed_callers: ["code_execution_20250825"] }] },
      { tools: [{ name: "t", input_schema: {}, allowed_callers: ["direct"] }] },
    ],
    [
      "an image by URL",
      "body.kind",
      image({ type: "url", url: "https://example.invalid/?d=secret" }),
      image({ type: "base64", media_type: "image/png", data: "aGk=" }),
    ],
    [
      "an image by file",
      "body.kind",
      image({ type: "file", file_id: "f" }),
      image({ type: "base64", media_type: "a", data: "" }),
    ],
    [
      "a document by URL in a tool's result",
      "body.kind",
      inResult({ type: "document", source: { type: "url", url: "https://example.invalid" } }),
      inResult({
        type: "document",
        source: { type: "text", media_type: "text/plain", data: "https://example.invalid" },
      }),
    ],
    [
      "an image by URL in a document in a tool's result",
      "body.kind",
      inResult({
        type: "document",
        source: {
          type: "content",
          content: [{ type: "image", source: { type: "url", url: "https://e.invalid" } }],
        },
      }),
      inResult({ type: "document", source: { type: "content", content: [{ type: "text", text: "x" }] } }),
    ],
    [
      "a tool of the API's in the conversation",
      "body.kind",
      block({ type: "server_tool_use", id: "s", name: "web_search", input: {} }),
      block({ type: "tool_use", id: "s", name: "web_search", input: { source: { type: "url", url: "x" } } }),
    ],
    [
      "an upload",
      "body.kind",
      block({ type: "container_upload", file_id: "f" }),
      block({ type: "text", text: "container_upload" }),
    ],
    [
      "an image by URL in the system prompt",
      "body.kind",
      { system: [{ type: "image", source: { type: "url", url: "https://example.invalid" } }] },
      { system: [{ type: "text", text: "https://example.invalid" }] },
    ],
    [
      "long metadata",
      "body.value",
      { metadata: { user_id: "x".repeat(2000) } },
      { metadata: { user_id: "x" } },
    ],
    ["metadata of another kind", "body.key", { metadata: { data: "x" } }, { metadata: {} }],
  ];
  it.each(cases)("with %s does not reach the API", async (_, rule, attack, control) => {
    expect(await refused(rule, { body: goodBody(attack) }, { body: goodBody(control) })).toBe(400);
  });

  it("that is no JSON, or too deep, or too large does not reach the API", async () => {
    const deep = (levels: number): object =>
      JSON.parse(`${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`) as object;
    const tool = (schema: object): object => goodBody({ tools: [{ name: "t", input_schema: schema }] });
    expect(await refused("body.json", { body: "{" }, { body: goodBody() })).toBe(400);
    upstream.reset();
    expect(await refused("body.nesting", { body: tool(deep(200)) }, { body: tool(deep(100)) })).toBe(400);
    upstream.reset();
    expect(await refused("body.nesting", { body: "[".repeat(900_000) }, { body: goodBody() })).toBe(400);
    upstream.reset();
    const long = (bytes: number): object => goodBody({ system: "x".repeat(bytes) });
    expect(await refused("body.bytes", { body: long(1024 * 1024) }, { body: long(900_000) })).toBe(413);
  });

  it("is written anew: a key that is there twice is sent once, as it was understood", async () => {
    const text = JSON.stringify(goodBody());
    await gateway.request({ body: `${text.slice(0, -1)},"mod\\u0065l":"model-b"}` });
    expect(upstream.requests.length).toBe(1);
    expect(upstream.last.body.match(/model/g)?.length).toBe(2);
    expect(upstream.last.json["model"]).toBe("model-b");
    expect(upstream.last.headers["content-length"]).toBe(String(Buffer.byteLength(upstream.last.body)));
  });

  it("asks for no more than the limit on an answer, thinking included", async () => {
    const thinking = { type: "enabled", budget_tokens: 31_999 };
    await gateway.request({ body: goodBody({ max_tokens: 32_000, thinking }) });
    expect(upstream.last.json["max_tokens"]).toBe(1000);
    expect(upstream.last.json["thinking"]).toEqual({ type: "disabled" });
    await gateway.request({ body: goodBody({ max_tokens: undefined }) });
    expect(upstream.last.json["max_tokens"]).toBe(1000);
    await gateway.request({ body: goodBody({ max_tokens: 10 }) });
    expect(upstream.last.json["max_tokens"]).toBe(10);
  });

  it("does not show the API the token, even where the agent has shown it to the model", async () => {
    const text = JSON.stringify(goodBody({ system: `ANTHROPIC_API_KEY=${TOKEN}; and an other one` }));
    await gateway.request({ body: text.replace(TOKEN, `\\u0061${TOKEN.slice(1)}`) });
    expect(upstream.received).not.toContain(TOKEN);
    expect(upstream.last.json["system"]).toBe("ANTHROPIC_API_KEY=[token]; and an other one");
  });

  it("is cached for the time that has a price", async () => {
    await gateway.request({
      body: goodBody({
        system: [{ type: "text", text: "x", cache_control: { type: "ephemeral", ttl: "1h" } }],
      }),
    });
    expect(upstream.last.json["system"]).toEqual([
      { type: "text", text: "x", cache_control: { type: "ephemeral" } },
    ]);
  });
});

describe("the program", () => {
  it("ends when its input ends, and when it is told to", async () => {
    const config = testConfig({ url: upstream.url, ca: certificates.ca });
    const first = await RunningGateway.start(config);
    expect(lstatSync(first.socket).mode & 0o777).toBe(0o666);
    expect(await first.close()).toBe(0);
    const second = await RunningGateway.start(config);
    second.signal("SIGTERM");
    expect(await second.ended()).toBe(0);
  });

  it("takes the place of a file that is where its socket should be", async () => {
    const config = testConfig({ url: upstream.url, ca: certificates.ca });
    const launched = RunningGateway.launch("");
    writeFileSync(launched.socket, "stale");
    launched.send(`${JSON.stringify(config)}\n`);
    await launched.until((messages) => messages.some(({ type }) => type === "ready"));
    expect((await launched.request({ body: goodBody() })).status).toBe(200);
    await launched.close();
  });

  const good = (): object => testConfig({ url: "https://localhost:1", ca: certificates.ca });
  it.each<[string, () => string]>([
    ["no JSON", () => `{"token":"${KEY}`],
    ["an unknown key", () => JSON.stringify({ ...good(), insecure: true })],
    ["a missing key", () => JSON.stringify({ ...good(), token: undefined })],
    [
      "an upstream without TLS",
      () => JSON.stringify({ ...good(), upstream: { url: "http://localhost", ca: null, proxy: null } }),
    ],
    [
      "an upstream with a user",
      () => JSON.stringify({ ...good(), upstream: { url: "https://u:p@localhost", ca: null, proxy: null } }),
    ],
    [
      "an upstream with dots",
      () =>
        JSON.stringify({ ...good(), upstream: { url: "https://localhost/a/../b", ca: null, proxy: null } }),
    ],
    [
      "a key with a line break",
      () => JSON.stringify({ ...good(), credential: { kind: "api-key", value: `${KEY}\r\nx: y` } }),
    ],
    [
      "a secret of the wrong kind",
      () =>
        JSON.stringify({ ...good(), provider: "gemini", credential: { kind: "oauth-token", value: KEY } }),
    ],
  ])("ends with 64 for a configuration with %s, and quotes nothing of it", async (_, line) => {
    const gone = RunningGateway.launch(`${line()}\n`);
    expect(await gone.ended()).toBe(64);
    expect(gone.stderr.trim().split("\n").length).toBe(1);
    expect(gone.stderr + gone.stdout).not.toContain(KEY);
    expect(existsSync(gone.socket)).toBe(false);
  });

  it("ends with 64 if the input ends before the configuration", async () => {
    const gone = RunningGateway.launch("{}");
    expect(await gone.close()).toBe(64);
  });
});

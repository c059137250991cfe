import net from "node:net";
import zlib from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Provider } from "../../src/core/provider.ts";
import type { GatewayConfig } from "../../src/core/gateway-protocol.ts";
import { goodBody, KEY, RunningGateway, TEST_CAPS, testConfig, TOKEN } from "./running-gateway.ts";
import {
  ANTHROPIC_STREAM,
  MESSAGE_START,
  ScriptedUpstream,
  sendJson,
  sse,
  textDelta,
} from "./scripted-upstream.ts";
import { testCertificates } from "./test-certificates.ts";

const certificates = testCertificates("DNS:localhost");
let upstream: ScriptedUpstream;

beforeAll(async () => {
  upstream = await ScriptedUpstream.start(certificates);
});
afterAll(async () => {
  await upstream.close();
});

/** A gateway of its own: some of these end it for all requests that follow. */
async function withGateway(
  changes: Partial<GatewayConfig>,
  use: (gateway: RunningGateway) => Promise<void>,
  env: NodeJS.ProcessEnv = {},
): Promise<void> {
  upstream.reset();
  const config = testConfig({ url: upstream.url, ca: certificates.ca, ...changes });
  const gateway = await RunningGateway.start(config, env);
  try {
    await use(gateway);
    expect(gateway.stderr).toBe("");
    expect(gateway.stdout).not.toContain(KEY);
    expect(gateway.stdout).not.toContain(TOKEN);
  } finally {
    await gateway.close();
  }
}

const caps = (changes: Partial<GatewayConfig["caps"]>): Partial<GatewayConfig> => ({
  caps: { ...TEST_CAPS, ...changes },
});

const error = (type: string): object => ({ type: "error", error: { type, message: `this is a ${type}` } });

describe("the connection to the API", () => {
  it("is refused where the certificate is another authority's, and the key is not sent", async () => {
    const { ca } = testCertificates("DNS:localhost");
    const wrong = { upstream: { url: upstream.url, ca, proxy: null } };
    await withGateway(
      wrong,
      async (gateway) => {
        const answer = await gateway.request({ body: goodBody() });
        expect(answer.status).toBe(502);
        expect(await gateway.untilAnswers(1)).toMatchObject({ result: "unreachable", status: null });
        expect(upstream.received).toBe("");
      },
      // Not even this turns it off.
      { NODE_TLS_REJECT_UNAUTHORIZED: "0", NODE_NO_WARNINGS: "1" },
    );
    await withGateway({}, async (gateway) => {
      expect((await gateway.request({ body: goodBody() })).status).toBe(200);
    });
  });

  it("is refused where the certificate is for another name", async () => {
    const byAddress = {
      upstream: { url: `https://127.0.0.1:${upstream.port}`, ca: certificates.ca, proxy: null },
    };
    await withGateway(byAddress, async (gateway) => {
      expect((await gateway.request({ body: goodBody() })).status).toBe(502);
      expect(await gateway.untilAnswers(1)).toMatchObject({
        result: "unreachable",
        errorCode: "ERR_TLS_CERT_ALTNAME_INVALID",
        usage: { input: 0, output: 0 },
      });
      expect(upstream.received).toBe("");
    });
  });

  it("is refused where the well-known authorities are trusted and the certificate is none of theirs", async () => {
    await withGateway({ upstream: { url: upstream.url, ca: null, proxy: null } }, async (gateway) => {
      expect((await gateway.request({ body: goodBody() })).status).toBe(502);
      expect(upstream.received).toBe("");
    });
  });

  it("says so where there is nobody", async () => {
    const nobody = { upstream: { url: "https://localhost:1", ca: null, proxy: null } };
    await withGateway(nobody, async (gateway) => {
      const answer = await gateway.request({ body: goodBody() });
      expect([answer.status, JSON.parse(answer.body)]).toMatchObject([502, { type: "error" }]);
      expect(await gateway.untilAnswers(1)).toMatchObject({
        result: "unreachable",
        errorCode: "ECONNREFUSED",
      });
    });
  });

  it("keeps the prefix of its URL", async () => {
    const prefixed = { upstream: { url: `${upstream.url}/anthropic/x`, ca: certificates.ca, proxy: null } };
    await withGateway(prefixed, async (gateway) => {
      upstream.script = (_, response) => sendJson(response, 200, { usage: {} });
      await gateway.request({ target: "/v1/messages?beta=true", body: goodBody({ stream: false }) });
      expect(upstream.last.target).toBe("/anthropic/x/v1/messages?beta=true");
    });
  });

  it("is made again, once, where the API had closed it while it was idle", async () => {
    await withGateway({}, async (gateway) => {
      await gateway.request({ body: goodBody() });
      // The first request on the old connection is answered by its end.
      let isFirst = true;
      upstream.script = (_, response, socket) => {
        if (isFirst) socket.destroy();
        else response.writeHead(200, { "content-type": "text/event-stream" }).end(ANTHROPIC_STREAM);
        isFirst = false;
      };
      expect((await gateway.request({ body: goodBody() })).status).toBe(200);
      expect(upstream.requests.length).toBe(3);
      upstream.script = (_request, _response, socket) => socket.destroy();
      expect((await gateway.request({ body: goodBody() })).status).toBe(502);
      expect(upstream.requests.length).toBe(5);
      expect((await gateway.untilAnswers(3)).result).toBe("unreachable");
    });
  });

  it("goes through the configured proxy, by CONNECT, and nothing of it can be read there; never through one of the environment", async () => {
    const seen: string[] = [];
    const proxy = net.createServer((client) => {
      client.once("data", (head: Buffer) => {
        seen.push(head.toString("latin1"));
        const api = net.connect(upstream.port, "127.0.0.1", () => {
          client.write("HTTP/1.1 200 OK\r\n\r\n");
          client.on("data", (chunk: Buffer) => seen.push(chunk.toString("latin1")));
          client.pipe(api).pipe(client);
        });
        for (const socket of [client, api]) socket.on("error", () => undefined);
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const address = `http://127.0.0.1:${(proxy.address() as net.AddressInfo).port}`;
    try {
      await withGateway(
        { upstream: { url: upstream.url, ca: certificates.ca, proxy: address } },
        async (gateway) => {
          expect((await gateway.request({ body: goodBody() })).status).toBe(200);
          expect(seen[0]).toMatch(new RegExp(`^CONNECT localhost:${upstream.port} HTTP/1.1\r\n`));
          expect(seen.join("")).not.toContain(KEY);
        },
      );
      seen.length = 0;
      const env = { HTTPS_PROXY: address, https_proxy: address, ALL_PROXY: address, NODE_USE_ENV_PROXY: "1" };
      await withGateway(
        {},
        async (gateway) => {
          expect((await gateway.request({ body: goodBody() })).status).toBe(200);
          expect(seen).toEqual([]);
        },
        env,
      );
    } finally {
      proxy.close();
    }
  });
});

describe("the secrets", () => {
  it.each([
    ["api-key", { "x-api-key": KEY }, undefined],
    ["oauth-token", { authorization: `Bearer ${KEY}` }, "claude-code-20250219,oauth-2025-04-20"],
  ] as const)("are presented as the API wants it: %s", async (kind, expected, beta) => {
    await withGateway({ credential: { kind, value: KEY } }, async (gateway) => {
      await gateway.request({ headers: { "anthropic-beta": "claude-code-20250219" }, body: goodBody() });
      expect(upstream.last.headers).toMatchObject(expected);
      if (beta !== undefined) expect(upstream.last.headers["anthropic-beta"]).toBe(beta);
      if (kind === "oauth-token") expect(upstream.last.headers["x-api-key"]).toBeUndefined();
      expect(upstream.received).not.toContain(TOKEN);
    });
  });

  it.each<[Provider, string, object, Record<string, string>, Record<string, string>]>([
    [
      "openai-responses",
      "/v1/responses",
      { model: "model-a", input: "Hi" },
      { authorization: `Bearer ${TOKEN}` },
      { authorization: `Bearer ${KEY}` },
    ],
    [
      "openai-chat",
      "/v1/chat/completions",
      { model: "model-a", messages: [] },
      { authorization: `Bearer ${TOKEN}` },
      { authorization: `Bearer ${KEY}` },
    ],
    [
      "gemini",
      "/v1beta/models/model-a:generateContent",
      { contents: [] },
      { "x-goog-api-key": TOKEN },
      { "x-goog-api-key": KEY },
    ],
  ])("are presented as the API wants it: %s", async (provider, target, body, headers, expected) => {
    await withGateway({ provider }, async (gateway) => {
      upstream.script = (_, response) => sendJson(response, 200, { usage: {} });
      const own = { "x-api-key": undefined, ...headers };
      expect((await gateway.request({ target, body, headers: own })).status).toBe(200);
      expect(upstream.last.target).toBe(target);
      expect(upstream.last.headers).toMatchObject(expected);
      expect(upstream.received).not.toContain(TOKEN);
      upstream.reset();
      expect((await gateway.request({ target, body })).status).toBe(401);
      expect(upstream.received).toBe("");
    });
  });

  it("do not come back in an API's error, whatever it quotes", async () => {
    await withGateway({}, async (gateway) => {
      upstream.script = (_, response) =>
        sendJson(response, 400, {
          type: "error",
          error: { type: `x ${KEY}`, message: `bad: ${KEY}`, extra: KEY },
        });
      const quoted = await gateway.request({ body: goodBody() });
      expect(quoted.status).toBe(400);
      expect(quoted.body).toContain("bad: [redacted]");
      upstream.script = (_, response) =>
        sendJson(response, 401, {
          type: "error",
          error: { type: "authentication_error", message: `no: sk-real***` },
        });
      const refused = await gateway.request({ body: goodBody() });
      expect(refused.status).toBe(401);
      expect(refused.body).not.toContain("sk-real");
      expect(JSON.stringify([quoted, refused])).not.toContain(KEY);
    });
  });
});

describe("an answer", () => {
  it("that sends elsewhere is not followed", async () => {
    const elsewhere = await ScriptedUpstream.start(certificates);
    await withGateway({}, async (gateway) => {
      upstream.script = (_, response) =>
        response.writeHead(307, { location: `${elsewhere.url}/v1/messages` }).end();
      const answer = await gateway.request({ body: goodBody() });
      expect(answer.status).toBe(502);
      expect(answer.headers.location).toBeUndefined();
      expect(await gateway.untilAnswers(1)).toMatchObject({
        result: "malformed",
        errorCode: "redirect",
        status: 307,
      });
      expect(elsewhere.requests).toEqual([]);
    });
    await elsewhere.close();
  });

  it.each([
    ["compressed", { "content-encoding": "gzip", "content-type": "text/event-stream" }],
    ["content-type", { "content-type": "text/html" }],
    ["content-type", { "content-type": "application/json" }],
  ])("that is no stream of events is none: %s", async (errorCode, headers) => {
    await withGateway({}, async (gateway) => {
      upstream.script = (_, response) =>
        response.writeHead(200, headers).end(zlib.gzipSync(ANTHROPIC_STREAM));
      expect((await gateway.request({ body: goodBody() })).status).toBe(502);
      expect(await gateway.untilAnswers(1)).toMatchObject({ result: "malformed", errorCode });
    });
  });

  it.each([
    ["ends without its last event", "cut", sse(MESSAGE_START, textDelta("x"))],
    [
      "has an event that was cut",
      "malformed",
      `${sse(MESSAGE_START)}data: {"type":"content_block_delta","index":0,"delta":{"ty\n\n${sse({ type: "message_stop" })}`,
    ],
    ["has an error in it", "refused", sse(MESSAGE_START, error("overloaded_error"))],
  ])("that %s is not complete", async (_, result, body) => {
    await withGateway({}, async (gateway) => {
      upstream.script = (_request, response) =>
        response.writeHead(200, { "content-type": "text/event-stream" }).end(body);
      expect((await gateway.request({ body: goodBody() })).body).toBe(body);
      expect(await gateway.untilAnswers(1)).toMatchObject({
        result,
        errorCode: result === "refused" ? "overloaded_error" : null,
        usage: { input: 100 },
      });
    });
  });

  it("that is still coming is told, so that nobody takes it for silence", async () => {
    await withGateway({}, async (gateway) => {
      upstream.script = (_request, response) =>
        void response.writeHead(200, { "content-type": "text/event-stream" }).write(sse(MESSAGE_START));
      const leaving = new AbortController();
      const asked = gateway.request({ body: goodBody(), signal: leaving.signal });
      await gateway.until((messages) => messages.some(({ type }) => type === "alive"));
      expect(gateway.answers).toEqual([]);
      leaving.abort();
      await expect(asked).rejects.toThrow();
    });
  });

  it("that breaks off is seen broken by the client", async () => {
    await withGateway({}, async (gateway) => {
      upstream.script = (_, response, socket) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(sse(MESSAGE_START), () => socket.destroy());
      };
      expect((await gateway.request({ body: goodBody() })).isBroken).toBe(true);
      expect((await gateway.untilAnswers(1)).result).toBe("cut");
    });
  });

  it("that is JSON is read, too; one that is not JSON is none", async () => {
    await withGateway({}, async (gateway) => {
      expect((await gateway.request({ body: goodBody({ stream: false }) })).status).toBe(200);
      expect((await gateway.untilAnswers(1)).usage).toEqual({
        input: 5,
        cacheRead: 0,
        cacheWrite: 0,
        output: 6,
      });
      upstream.script = (_, response) =>
        response.writeHead(200, { "content-type": "application/json" }).end("{");
      expect((await gateway.request({ body: goodBody({ stream: false }) })).status).toBe(502);
      expect(await gateway.untilAnswers(2)).toMatchObject({ result: "malformed", errorCode: "not-json" });
    });
  });

  it("is no longer asked for when the client goes away; what it has cost counts", async () => {
    await withGateway({}, async (gateway) => {
      const closed = new Promise((resolve) => {
        upstream.script = (_, response, socket) => {
          socket.once("close", resolve);
          response.writeHead(200, { "content-type": "text/event-stream" });
          response.write(sse(MESSAGE_START, textDelta("x".repeat(600))));
        };
      });
      const leaver = new AbortController();
      const asked = gateway.request({ body: goodBody(), signal: leaver.signal });
      await upstream.untilRequests(1);
      leaver.abort();
      await asked.catch(() => undefined);
      await closed;
      const answer = await gateway.untilAnswers(1);
      expect(answer.result).toBe("cancelled");
      expect(answer.usage.input).toBeGreaterThan(0);
    });
  });
});

describe("the caps", () => {
  it("on time end an answer that does not begin", async () => {
    await withGateway(caps({ firstByteMs: 200 }), async (gateway) => {
      upstream.script = () => undefined;
      expect((await gateway.request({ body: goodBody() })).status).toBe(504);
      expect(await gateway.untilAnswers(1)).toMatchObject({ result: "timeout", firstByteMs: null });
    });
  });

  it.each([
    ["silence", caps({ idleMs: 200 })],
    ["answer-time", caps({ answerMs: 200 })],
  ])("on time end an answer that goes on: %s", async (errorCode, changes) => {
    await withGateway(changes, async (gateway) => {
      upstream.script = (_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(sse(MESSAGE_START));
      };
      expect((await gateway.request({ body: goodBody() })).isBroken).toBe(true);
      expect(await gateway.untilAnswers(1)).toMatchObject({
        result: "timeout",
        errorCode,
        usage: { input: 100 },
      });
    });
  });

  it.each([true, false])("on bytes cut an answer that is too long (stream: %s)", async (stream) => {
    await withGateway(caps({ responseBytes: 100_000 }), async (gateway) => {
      const type = stream ? "text/event-stream" : "application/json";
      upstream.script = (_, response) => {
        response.writeHead(200, { "content-type": type }).on("error", () => undefined);
        response.end(sse(textDelta("x".repeat(200_000))));
      };
      const answer = await gateway.request({ body: goodBody({ stream }) });
      expect(answer.body.length).toBeLessThan(200_000);
      expect(stream ? answer.isBroken : answer.status === 502).toBe(true);
      expect(await gateway.untilAnswers(1)).toMatchObject({ result: "cut", errorCode: "response-bytes" });
    });
  });

  it("on requests at one time refuse the next one, until there is room again", async () => {
    await withGateway(caps({ concurrent: 2 }), async (gateway) => {
      const held: (() => void)[] = [];
      upstream.script = (_, response) => {
        held.push(() =>
          response.writeHead(200, { "content-type": "text/event-stream" }).end(ANTHROPIC_STREAM),
        );
      };
      const running = [gateway.request({ body: goodBody() }), gateway.request({ body: goodBody() })];
      await upstream.untilRequests(2);
      const third = await gateway.request({ body: goodBody() });
      expect([third.status, third.headers["retry-after"]]).toEqual([429, "1"]);
      for (const release of held.splice(0)) release();
      expect((await Promise.all(running)).map(({ status }) => status)).toEqual([200, 200]);
      expect(upstream.requests.length).toBe(2);
      const next = gateway.request({ body: goodBody() });
      await upstream.untilRequests(3);
      for (const release of held.splice(0)) release();
      expect((await next).status).toBe(200);
      expect((await gateway.untilDenied("rate.concurrent")).count).toBe(1);
    });
  });

  it("on requests in a minute refuse the next one, and say when to come back", async () => {
    await withGateway(caps({ requestsPerMinute: 2 }), async (gateway) => {
      for (let round = 0; round < 2; round += 1) {
        expect((await gateway.request({ body: goodBody() })).status).toBe(200);
      }
      const third = await gateway.request({ body: goodBody() });
      expect(third.status).toBe(429);
      expect(Number(third.headers["retry-after"])).toBeGreaterThan(50);
      expect(upstream.requests.length).toBe(2);
      await gateway.untilDenied("rate.per-minute");
    });
  });
});

/** Head, body and end in one piece: an answer that is over before anybody has looked at it. */
const atOnce =
  (...chunks: readonly string[]): ScriptedUpstream["script"] =>
  (_request, _response, socket) => {
    const head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    const framed = [...chunks, ""].map((chunk) => `${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`);
    socket.write(head + framed.join(""));
  };

describe("an answer that comes all at once", () => {
  const text = (word: string): string =>
    sse(MESSAGE_START, textDelta(`the key is ${word}`), { type: "message_stop" });
  const middle = text(KEY).indexOf(KEY) + 5;
  it.each<[string, (body: string) => readonly string[]]>([
    ["whole", (body) => [body]],
    ["in two parts", (body) => [body.slice(0, middle), body.slice(middle)]],
    // Its last letter could be the key's first, and is held back until the end.
    ["and begins it again", (body) => [body, `: ${KEY[0] ?? ""}`]],
  ])(
    "is ended where it quotes the key %s, is counted once, and the next one is served",
    async (_, chunks) => {
      // Enough for two answers, and not for three.
      await withGateway(caps({ tokens: 400 }), async (gateway) => {
        upstream.script = atOnce(...chunks(text(KEY)));
        const answer = await gateway.request({ body: goodBody() }).catch(() => undefined);
        expect(answer?.body ?? "").not.toContain(KEY.slice(5));
        expect(answer === undefined || answer.isBroken || answer.status === 502).toBe(true);
        expect(await gateway.untilAnswers(1)).toMatchObject({ result: "malformed", errorCode: "quotes-key" });
        upstream.script = atOnce(...chunks(text("k".repeat(KEY.length))));
        const control = await gateway.request({ body: goodBody() });
        expect([control.status, control.isBroken]).toEqual([200, false]);
        expect(await gateway.untilAnswers(2)).toMatchObject({ result: "complete" });
      });
    },
  );

  it("is ended where the budget does not reach for it, and the next request is answered", async () => {
    await withGateway(caps({ tokens: 5 }), async (gateway) => {
      upstream.script = atOnce(`${sse(MESSAGE_START, { type: "message_stop" })}: ${KEY[0] ?? ""}`);
      expect((await gateway.request({ body: goodBody() })).status).toBe(402);
      expect(await gateway.untilAnswers(1)).toMatchObject({ result: "over-budget", usage: { input: 100 } });
      expect((await gateway.request({ body: goodBody() })).status).toBe(402);
      expect((await gateway.untilDenied("budget")).detail).toBe("tokens");
      expect(upstream.requests.length).toBe(1);
    });
  });
});

describe("the end of the program", () => {
  it.each<[string, (gateway: RunningGateway) => Promise<number | null>]>([
    ["input", async (gateway) => await gateway.close()],
    [
      "SIGTERM",
      async (gateway) => {
        gateway.signal("SIGTERM");
        return await gateway.ended();
      },
    ],
  ])("ends what is running, and tells what that has used: %s", async (_, end) => {
    await withGateway({}, async (gateway) => {
      upstream.script = (_request, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(sse(MESSAGE_START));
      };
      const begun = gateway.beginRequest({ body: goodBody() });
      await begun.untilFirstBytes;
      for (let refused = 0; refused < 23; refused += 1) await gateway.request({ target: "/v1/files" });
      const toldBefore = gateway.messages.length;
      expect(await end(gateway)).toBe(0);
      expect((await begun.answer).isBroken).toBe(true);
      const last = gateway.messages.slice(toldBefore).filter(({ type }) => type !== "alive");
      // The usage first: of the two it is what costs.
      expect(last).toMatchObject([
        { type: "answered", answer: { result: "cancelled", usage: { input: 100, cacheRead: 30 } } },
        { type: "denied", denial: { rule: "route", count: 1 } },
      ]);
    });
  });
});

describe("the budget", () => {
  it("of tokens cuts a stream in the middle, and nothing is served after it", async () => {
    await withGateway(caps({ tokens: 400 }), async (gateway) => {
      let written = 0;
      upstream.script = (_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" }).on("error", () => undefined);
        response.write(sse(MESSAGE_START));
        const more = (): void => {
          if (response.destroyed) return;
          written += 1;
          response.write(sse(textDelta("x".repeat(60))), () => setImmediate(more));
        };
        more();
      };
      const answer = await gateway.request({ body: goodBody() });
      expect(answer.isBroken).toBe(true);
      expect(written).toBeGreaterThan(20);
      expect(await gateway.untilAnswers(1)).toMatchObject({ result: "over-budget", usage: { input: 100 } });
      const over = gateway.messages.find(({ type }) => type === "over-budget");
      expect(over).toMatchObject({ cap: "tokens", limit: 400 });
      const next = await gateway.request({ body: goodBody() });
      expect([next.status, next.headers["x-should-retry"]]).toEqual([402, "false"]);
      expect(upstream.requests.length).toBe(1);
      expect(gateway.messages.filter(({ type }) => type === "over-budget").length).toBe(1);
    });
  });

  it("of money counts over all answers, and shortens what the next one may say", async () => {
    // One answer costs 0.000198 dollars; what is left then pays for ten tokens of output.
    await withGateway(caps({ costUsd: 0.0003 }), async (gateway) => {
      await gateway.request({ body: goodBody() });
      await gateway.request({ body: goodBody() });
      expect(upstream.last.json["max_tokens"]).toBe(10);
      await gateway.until((messages) => messages.some(({ type }) => type === "over-budget"));
      expect((await gateway.untilAnswers(2)).result).toBe("over-budget");
      expect((await gateway.request({ body: goodBody() })).status).toBe(402);
      expect(upstream.requests.length).toBe(2);
    });
  });

  it("that is large enough is not felt", async () => {
    await withGateway(caps({ tokens: 100_000 }), async (gateway) => {
      for (let round = 0; round < 3; round += 1) await gateway.request({ body: goodBody() });
      await gateway.untilAnswers(3);
      expect(gateway.answers.map(({ result }) => result)).toEqual(["complete", "complete", "complete"]);
    });
  });
});

describe("a refusal of the API's", () => {
  it.each([401, 403])(
    "with %i ends the gateway: the next request gets the same without asking",
    async (status) => {
      await withGateway({}, async (gateway) => {
        upstream.script = (_, response) => sendJson(response, status, error("authentication_error"));
        const first = await gateway.request({ body: goodBody() });
        expect(await gateway.untilAnswers(1)).toMatchObject({
          result: "refused",
          status,
          errorCode: "authentication_error",
        });
        upstream.script = () => expect.unreachable();
        const second = await gateway.request({ body: goodBody() });
        expect([second.status, second.body]).toEqual([first.status, first.body]);
        expect(upstream.requests.length).toBe(1);
        expect(gateway.answers.length).toBe(1);
      });
    },
  );

  it("with a quota that is far away ends the gateway, and hides the wait from the client", async () => {
    await withGateway({}, async (gateway) => {
      upstream.script = (_, response) =>
        sendJson(response, 429, error("rate_limit_error"), { "retry-after": "3600" });
      const before = Date.now();
      const answer = await gateway.request({ body: goodBody() });
      expect(answer.status).toBe(429);
      expect(answer.headers["retry-after"]).toBeUndefined();
      expect(answer.headers["x-should-retry"]).toBe("false");
      const fact = await gateway.untilAnswers(1);
      const waitMs = Date.parse(fact.retryAt ?? "") - before;
      expect(waitMs).toBeGreaterThanOrEqual(3600_000);
      expect(waitMs).toBeLessThan(3660_000);
      expect((await gateway.request({ body: goodBody() })).status).toBe(429);
      expect(upstream.requests.length).toBe(1);
    });
  });

  it("with OpenAI's limit that is used up ends the gateway, too", async () => {
    await withGateway({ provider: "openai-responses" }, async (gateway) => {
      const resetsAt = Math.floor(Date.now() / 1000) + 3600;
      upstream.script = (_, response) =>
        sendJson(response, 429, {
          error: { type: "usage_limit_reached", resets_at: resetsAt, message: "used up" },
        });
      const ask = {
        target: "/v1/responses",
        body: { model: "model-a", input: "Hi", stream: true },
        headers: { "x-api-key": undefined, authorization: `Bearer ${TOKEN}` },
      };
      const first = await gateway.request(ask);
      expect([first.status, JSON.parse(first.body)]).toMatchObject([
        429,
        { error: { type: "usage_limit_reached" } },
      ]);
      expect(await gateway.untilAnswers(1)).toMatchObject({
        result: "refused",
        errorCode: "usage_limit_reached",
        retryAt: new Date(resetsAt * 1000).toISOString(),
      });
      expect((await gateway.request(ask)).body).toBe(first.body);
      expect(upstream.requests.length).toBe(1);
    });
  });

  it.each([
    [429, "2"],
    [529, "5"],
  ])("with %i and a short wait is the client's to try again", async (status, retryAfter) => {
    await withGateway({}, async (gateway) => {
      upstream.script = (_, response) =>
        sendJson(response, status, error("overloaded_error"), { "retry-after": retryAfter });
      const answer = await gateway.request({ body: goodBody() });
      expect([answer.status, answer.headers["retry-after"]]).toEqual([status, retryAfter]);
      upstream.reset();
      expect((await gateway.request({ body: goodBody() })).status).toBe(200);
    });
  });

  it("that is no JSON still has the form of an error", async () => {
    await withGateway({}, async (gateway) => {
      upstream.script = (_, response) =>
        response.writeHead(500, { "content-type": "text/html" }).end("<html>");
      const answer = await gateway.request({ body: goodBody() });
      expect([answer.status, JSON.parse(answer.body)]).toMatchObject([
        500,
        { type: "error", error: { type: "api_error" } },
      ]);
      expect(await gateway.untilAnswers(1)).toMatchObject({
        result: "refused",
        status: 500,
        errorCode: null,
      });
    });
  });
});

import type { ServerResponse } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { testCertificates } from "../gateway/test-certificates.ts";
import { RecordingServer } from "./recording-server.ts";
import { RunningRegistry, TEST_CAPS, testConfig } from "./running-registry.ts";

const certificates = testCertificates("DNS:localhost");
const TOKEN = "npm_SENTINEL0123456789abcdefABCDEF";
const LOCAL = "http://127.0.0.1:8402";
let upstream: RecordingServer;
let other: RecordingServer;
let registry: RunningRegistry;

const get = async (target: string, method = "GET", headers = ""): Promise<string> =>
  await registry.raw(
    `${method} ${target} HTTP/1.1\r\nhost: 127.0.0.1:8402\r\nconnection: close\r\n${headers}\r\n`,
  );

const json = (response: ServerResponse, body: unknown): void => {
  response.setHeader("content-type", "application/vnd.npm.install-v1+json; charset=utf-8");
  response.end(JSON.stringify(body));
};

beforeAll(async () => {
  upstream = await RecordingServer.start(certificates);
  other = await RecordingServer.start(certificates);
  const url = `https://localhost:${upstream.port}`;
  const credential = { user: null, value: TOKEN };
  registry = await RunningRegistry.start(
    testConfig({
      upstreams: [
        { prefix: "/r0", url: `${url}/npm`, credential, ca: certificates.ca },
        {
          prefix: "/r1",
          url: `${url}/py/simple`,
          credential: { user: "bob", value: TOKEN },
          ca: certificates.ca,
        },
        { prefix: "/r2", url: `${url}/untrusted`, credential, ca: null },
      ],
    }),
  );
});
afterEach(() => {
  // Whatever came back to the container: the credential is in none of it.
  expect(registry.stderr).toBe("");
});
afterAll(async () => {
  expect(await registry.close()).toBe(0);
  upstream.close();
  other.close();
});

describe("a registry that wants a credential", () => {
  it("gets it from the gateway, and the container sees links that lead through here", async () => {
    const origin = `https://localhost:${upstream.port}`;
    upstream.answer = (_request, response) =>
      json(response, {
        name: "a",
        versions: {
          "1.0.0": { dist: { tarball: `${origin}/npm/a/-/a-1.0.0.tgz`, integrity: "sha512-x" } },
          "2.0.0": { dist: { tarball: `https://cdn.example/a-2.0.0.tgz` } },
        },
      });
    const answer = await get("/r0/npm/a");
    const body = JSON.parse(answer.slice(answer.indexOf("\r\n\r\n"))) as unknown;
    expect(body).toMatchObject({
      versions: {
        "1.0.0": { dist: { tarball: `${LOCAL}/r0/npm/a/-/a-1.0.0.tgz`, integrity: "sha512-x" } },
        "2.0.0": { dist: { tarball: "https://cdn.example/a-2.0.0.tgz" } },
      },
    });
    expect(upstream.requests.at(-1)).toMatchObject({
      target: "/npm/a",
      headers: { authorization: `Bearer ${TOKEN}`, host: `localhost:${upstream.port}` },
    });
    expect(answer).not.toContain(TOKEN);
  });

  it("gets it as a user's password where a user is configured, and links of an index's pages lead through here", async () => {
    upstream.answer = (_request, response) => {
      response.setHeader("content-type", "text/html");
      response.end(
        `<a href="../../files/a-1.0-py3-none-any.whl#sha256=aa">a</a><a href="/other/b.whl?x=1&amp;y=2">b</a>` +
          `<a href='https://files.example/c.whl'>c</a>`,
      );
    };
    const page = await get("/r1/py/simple/a/");
    expect(page).toContain(`href="${LOCAL}/r1/py/files/a-1.0-py3-none-any.whl#sha256=aa"`);
    expect(page).toContain(`href="${LOCAL}/r1/other/b.whl?x=1&amp;y=2"`);
    expect(page).toContain(`href='https://files.example/c.whl'`);
    const basic = Buffer.from(`bob:${TOKEN}`).toString("base64");
    expect(upstream.requests.at(-1)?.headers.authorization).toBe(`Basic ${basic}`);
    // What a page linked to may be asked for; what stands beside it may not.
    upstream.answer = (_request, response) => response.end("wheel");
    expect(await get("/r1/py/files/a-1.0-py3-none-any.whl")).toContain("wheel");
    expect(await get("/r1/other/b.whl?x=1&y=2")).toContain("wheel");
    expect(await get("/r1/other/c.whl")).toContain("403");
  });

  it("is never asked for anything else with it", async () => {
    upstream.requests.length = 0;
    const refused: [string, string][] = [
      ["/r0/api/tokens", "GET"],
      ["/r0/npm/../api/tokens", "GET"],
      ["/r0/npm/%2e%2e/api/tokens", "GET"],
      ["/r0/npm/..%2fapi", "GET"],
      ["/r0/npmx", "GET"],
      ["/r0//npm/a", "GET"],
      ["/r9/npm/a", "GET"],
      ["/npm/a", "GET"],
      ["https://localhost/npm/a", "GET"],
      ["/r0/npm/a", "PUT"],
      ["/r0/npm/a", "DELETE"],
      ["/r0/npm/a", "POST"],
    ];
    for (const [target, method] of refused) expect(await get(target, method)).toMatch(/^HTTP\/1\.1 40[035] /);
    expect(await registry.raw("GET /r0/npm/a HTTP/1.1\r\nhost: registry.example\r\n\r\n")).toContain("403");
    expect(await get("/r0/npm/a", "GET", "content-length: 3\r\n")).toContain("403");
    expect(upstream.requests).toEqual([]);
    // The control.
    expect(await get("/r0/npm/@scope%2fa")).toContain("200 OK");
    expect(upstream.requests.map(({ target }) => target)).toEqual(["/npm/@scope%2fa"]);
  });

  it("redirects to itself through here, and elsewhere without the credential", async () => {
    upstream.answer = (_request, response) => {
      response.writeHead(302, { location: "/storage/a.tgz" }).end();
    };
    expect(await get("/r0/npm/a/-/a.tgz")).toContain(`location: ${LOCAL}/r0/storage/a.tgz`);
    upstream.answer = (_request, response) => response.end("bytes");
    expect(await get("/r0/storage/a.tgz")).toContain("bytes");
    upstream.answer = (_request, response) => {
      response.writeHead(302, { location: `https://localhost:${other.port}/a.tgz` }).end();
    };
    expect(await get("/r0/npm/a/-/a.tgz")).toContain(`location: https://localhost:${other.port}/a.tgz`);
    expect(other.requests).toEqual([]);
  });

  it("cannot give the credential back to the container", async () => {
    upstream.answer = (request, response) => response.end(`you sent ${request.headers.authorization}`);
    expect(await get("/r0/npm/a/-/a.tgz")).not.toContain(TOKEN);
    upstream.answer = (request, response) => json(response, { error: request.headers.authorization });
    expect(await get("/r0/npm/a")).not.toContain(TOKEN);
    upstream.answer = (request, response) => {
      response.writeHead(302, { location: `/npm/${request.headers.authorization?.slice(7)}` }).end();
    };
    expect(await get("/r0/npm/a")).not.toContain(TOKEN);
    upstream.answer = (request, response) => response.end(request.headers.authorization);
    expect(await get("/r1/py/simple/a.whl")).not.toContain(Buffer.from(`bob:${TOKEN}`).toString("base64"));
    // Spelt so that it is whole only when the page or the link is written anew.
    upstream.answer = (_request, response) => {
      response.setHeader("content-type", "application/json");
      response.end(`{"error":"\\u006e${TOKEN.slice(1)}"}`);
    };
    expect(await get("/r0/npm/a")).not.toContain(TOKEN);
    const split = `${TOKEN.slice(0, 9)}\t${TOKEN.slice(9)}`;
    upstream.answer = (_request, response) => {
      response.setHeader("content-type", "text/html");
      response.end(`<a href="/py/simple/${split}">x</a>`);
    };
    expect(await get("/r1/py/simple/a/")).not.toContain(TOKEN);
    upstream.answer = (_request, response) => {
      response.writeHead(302, { location: `/npm/${split}` }).end();
    };
    expect(await get("/r0/npm/a")).not.toContain(TOKEN);
    expect(JSON.stringify(registry.messages)).not.toContain(TOKEN);
    // The control: without a credential in it the answer comes.
    upstream.answer = (_request, response) => response.end("plain bytes");
    expect(await get("/r0/npm/a/-/a.tgz")).toContain("plain bytes");
  });

  it("is not spoken to without a certificate that can be trusted", async () => {
    upstream.requests.length = 0;
    expect(await get("/r2/untrusted/a")).toContain("502");
    expect(upstream.requests).toEqual([]);
  });

  it("has no page larger than the cap", async () => {
    upstream.answer = (_request, response) => json(response, { x: "a".repeat(TEST_CAPS.pageBytes) });
    expect(await get("/r0/npm/a")).toContain("502");
  });
});

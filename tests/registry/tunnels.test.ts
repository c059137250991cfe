import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { addressClass } from "../../src/registry/address-class.ts";
import type { RegistryRule } from "../../src/registry/registry-rules.ts";
import { testCertificates } from "../gateway/test-certificates.ts";
import { RecordingServer } from "./recording-server.ts";
import { MANY_DENIALS } from "../gateway/running-gateway.ts";
import { RegistryHere, RunningRegistry, TEST_CAPS, testConfig } from "./running-registry.ts";

const certificates = testCertificates("DNS:localhost");
let upstream: RecordingServer;
let registry: RunningRegistry;
let port: number;

const start = async (): Promise<RunningRegistry> =>
  await RunningRegistry.start(testConfig({ tunnels: [{ host: "localhost", port, internal: true }] }));
const end = async (): Promise<void> => {
  expect(await registry.close()).toBe(0);
  expect(registry.stderr).toBe("");
};

beforeAll(async () => {
  upstream = await RecordingServer.start(certificates);
  ({ port } = upstream);
  registry = await start();
});
afterAll(async () => {
  await end();
  upstream.close();
});
beforeEach(async () => {
  upstream.connections = 0;
  upstream.requests.length = 0;
  if (registry.denials.length < MANY_DENIALS) return;
  await end();
  registry = await start();
});

const last = (from: { denials: readonly { rule: string }[] }): string | undefined =>
  from.denials.at(-1)?.rule;

describe("a tunnel", () => {
  it("leads to the configured registry with the name it was opened for, in any case and with a dot at its end", async () => {
    for (const authority of [`localhost:${port}`, `LocalHost:${port}`, `localhost.:${port}`])
      expect(await registry.fetch(authority, "localhost", certificates.ca)).toContain("200 OK");
    expect(upstream.requests.map(({ target }) => target)).toEqual(["/hello", "/hello", "/hello"]);
  });

  it("is taken in HTTP/1.0 as well, which older programs speak", async () => {
    const socket = net.connect(registry.socket);
    socket.write(`CONNECT localhost:${port} HTTP/1.0\r\n\r\n`);
    const [head] = (await once(socket, "data")) as [Buffer];
    expect(head.toString()).toContain(" 200 ");
    await upstream.untilConnections(1);
    socket.destroy();
  });

  const refused: readonly [what: string, authority: string, rule: RegistryRule][] = [
    // Of these three the parser of HTTP itself takes no notice of our rules: it refuses before.
    ["a NUL in the name", "evil\0.localhost:PORT", "request.malformed"],
    ["a name that ends with the registry's", "evil.localhost:PORT", "connect.host"],
    ["a name that begins with the registry's", "localhost.evil:PORT", "connect.host"],
    ["two dots at the end", "localhost..:PORT", "connect.address"],
    ["a mapped address", "[::ffff:7f00:1]:PORT", "connect.address"],
    ["a loopback address", "127.0.0.1:PORT", "connect.address"],
    ["an address of IPv6", "[::1]:PORT", "connect.address"],
    ["an address in base 16", "0x7f.1:PORT", "connect.address"],
    ["an address as one number", "2130706433:PORT", "connect.address"],
    ["an address in base 8", "0177.0.0.1:PORT", "connect.address"],
    ["an address with a dot at its end", "127.0.0.1.:PORT", "connect.address"],
    ["a short address", "127.1:PORT", "connect.address"],
    ["a user", "user@localhost:PORT", "connect.malformed"],
    ["a user that looks like the registry", "localhost:PORT@evil:PORT", "connect.malformed"],
    ["an escape", "localhost%2eevil:PORT", "connect.malformed"],
    ["a full-width letter", "ｌocalhost:PORT", "request.malformed"],
    ["zeros before the port", "localhost:007", "connect.malformed"],
    ["no port", "localhost", "connect.malformed"],
    ["no name", ":PORT", "connect.malformed"],
    ["another port", "localhost:443", "connect.port"],
    ["a port beyond all", "localhost:99999", "connect.malformed"],
    ["a whole URL", "https://localhost:PORT/", "connect.malformed"],
  ];

  it.each(refused)("is refused for %s, and nothing reaches the registry", async (_name, written, rule) => {
    const before = registry.denials.length;
    const answer = await registry.raw(
      Buffer.from(`CONNECT ${written.replaceAll("PORT", String(port))} HTTP/1.1\r\nhost: x\r\n\r\n`),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 40[03] /);
    await registry.until(() => registry.denials.length > before);
    expect(last(registry)).toBe(rule);
    expect(upstream.connections).toBe(0);
  });

  it.each([
    ["with a body", "content-length: 5\r\n"],
    ["with chunks", "transfer-encoding: chunked\r\n"],
  ])("is refused %s", async (_name, header) => {
    const answer = await registry.raw(`CONNECT localhost:${port} HTTP/1.1\r\nhost: x\r\n${header}\r\nhello`);
    expect(answer).toMatch(/^HTTP\/1\.1 40[03] /);
    expect(upstream.connections).toBe(0);
  });

  it.each([
    ["another server name", "other.example", "tls.name"],
    ["no server name", "", "tls.no-name"],
  ] as const)("ends before a byte has passed on %s", async (_name, servername, rule) => {
    expect(await registry.fetch(`localhost:${port}`, servername, certificates.ca)).not.toContain("200 OK");
    await registry.until(() => registry.denials.some((denial) => denial.rule === rule));
    expect(upstream.requests).toEqual([]);
  });

  it("ends on a program that does not speak TLS", async () => {
    const received: Buffer[] = [];
    const plain = net.createServer((socket) => {
      socket.on("error", () => undefined);
      socket.on("data", (chunk: Buffer) => {
        received.push(chunk);
        socket.end("HTTP/1.1 200 OK\r\n\r\n");
      });
    });
    plain.listen(0, "127.0.0.1");
    await once(plain, "listening");
    const plainPort = (plain.address() as net.AddressInfo).port;
    // The control: without the gateway the same words arrive.
    const direct = net.connect(plainPort, "127.0.0.1");
    direct.write("GET / HTTP/1.1\r\n\r\n");
    await once(direct, "data");
    expect(received.length).toBe(1);

    const here = await RunningRegistry.start(
      testConfig({ tunnels: [{ host: "localhost", port: plainPort, internal: true }] }),
    );
    const { status, socket } = await here.connect(`localhost:${plainPort}`);
    expect(status).toBe(200);
    socket.write("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
    await once(socket, "close");
    await here.until(() => last(here) === "tls.not-tls");
    expect(received.length).toBe(1);
    await here.close();
    plain.close();
  });

  it("ends where the first message does not come in time", async () => {
    const here = await RunningRegistry.start(
      testConfig({
        tunnels: [{ host: "localhost", port, internal: true }],
        caps: { ...TEST_CAPS, helloMs: 200 },
      }),
    );
    const { socket } = await here.connect(`localhost:${port}`);
    socket.write(Buffer.from([22, 3, 1]));
    await once(socket, "close");
    await here.until(() => last(here) === "tls.timeout");
    await here.close();
  });

  it("ends when its bytes are used up, and no other begins", async () => {
    upstream.answer = (_request, response) => response.end(Buffer.alloc(200_000));
    const here = await RunningRegistry.start(
      testConfig({
        tunnels: [{ host: "localhost", port, internal: true }],
        caps: { ...TEST_CAPS, receivedBytes: 50_000 },
      }),
    );
    await here.fetch(`localhost:${port}`, "localhost", certificates.ca);
    await here.until(() => last(here) === "limit.bytes");
    expect((await here.connect(`localhost:${port}`)).status).toBe(403);
    await here.close();
    upstream.answer = (_request, response) => response.end("hello");
  });

  it("is one of at most so many at one time", async () => {
    const here = await RunningRegistry.start(
      testConfig({
        tunnels: [{ host: "localhost", port, internal: true }],
        caps: { ...TEST_CAPS, concurrent: 2 },
      }),
    );
    const open = [await here.connect(`localhost:${port}`), await here.connect(`localhost:${port}`)];
    expect((await here.connect(`localhost:${port}`)).status).toBe(503);
    for (const { socket } of open) socket.destroy();
    await here.close();
  });
});

describe("what a registry's name may mean", () => {
  const startWith = async (
    addresses: readonly (readonly string[])[],
    internal: boolean,
  ): Promise<RegistryHere> => {
    let asked = 0;
    return await RegistryHere.start(
      testConfig({ tunnels: [{ host: "registry.example", port, internal }] }),
      async () => {
        const answer = addresses[Math.min(asked, addresses.length - 1)] ?? [];
        asked += 1;
        return await Promise.resolve(answer);
      },
    );
  };

  it.each([
    ["10.1.2.3", false],
    ["172.16.0.1", false],
    ["192.168.1.1", false],
    ["100.64.0.1", false],
    ["127.0.0.1", false],
    ["169.254.169.254", false],
    ["169.254.169.254", true],
    ["0.0.0.0", true],
    ["64:ff9b::a00:1", true],
    ["::ffff:127.0.0.1", true],
    ["2002:7f00:1::", true],
    ["fe80::1", true],
    ["fd00::1", false],
    ["::1", false],
    ["224.0.0.1", true],
    ["255.255.255.255", true],
  ])("is not %s (configured as internal: %s)", async (address, internal) => {
    const here = await startWith([[address]], internal);
    expect((await here.connect(`registry.example:${port}`)).status).toBe(403);
    expect(last(here)).toBe("connect.private");
    here.close();
  });

  it("is not a public and a private address at once", async () => {
    const here = await startWith([["203.0.113.80", "10.0.0.1"]], false);
    expect((await here.connect(`registry.example:${port}`)).status).toBe(403);
    here.close();
  });

  it("is asked for once: a second answer leads nowhere", async () => {
    const here = await startWith([["127.0.0.1"], ["10.0.0.1"]], true);
    expect(await here.fetch(`registry.example:${port}`, "registry.example", certificates.ca)).toContain(
      "200 OK",
    );
    expect(upstream.connections).toBe(1);
    here.close();
  });

  it.each([
    ["8.8.8.8", "public"],
    ["2606:4700::1", "public"],
    ["203.0.113.80", "public"],
    ["100.63.255.255", "public"],
    ["100.127.255.255", "private"],
    ["172.32.0.1", "public"],
    ["2001:0:1::1", "special"],
    ["not an address", "special"],
    ["", "special"],
  ])("counts %s as %s", (address, kind) => {
    expect(addressClass(address)).toBe(kind);
  });
});

describe("a registry that is configured as an address", () => {
  it("is reached as exactly this one, without a server name", async () => {
    const here = await RunningRegistry.start(
      testConfig({ tunnels: [{ host: "127.0.0.1", port, internal: false }] }),
    );
    expect(await here.fetch(`127.0.0.1:${port}`, "", certificates.ca)).toContain("200 OK");
    for (const spelling of ["2130706433", "127.0.0.1.", "0x7f.0.0.1", "127.1"])
      expect((await here.connect(`${spelling}:${port}`)).status).toBe(403);
    await here.close();
  });
});

describe("a company's proxy", () => {
  it("is what every tunnel goes through, and still only a registry's", async () => {
    const asked: string[] = [];
    const proxy = http.createServer();
    proxy.on("connect", (request, client) => {
      asked.push(request.url ?? "");
      const out = net.connect(port, "127.0.0.1", () => {
        client.write("HTTP/1.1 200 OK\r\n\r\n");
        client.pipe(out).pipe(client);
      });
      for (const socket of [client, out]) socket.on("error", () => undefined);
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const here = await RunningRegistry.start(
      testConfig({
        tunnels: [{ host: "registry.example", port, internal: false }],
        proxy: `http://127.0.0.1:${(proxy.address() as net.AddressInfo).port}`,
      }),
    );
    const answer = await here.fetch(`registry.example:${port}`, "registry.example", certificates.ca);
    expect(answer).toContain("200 OK");
    expect(await here.fetch(`registry.example:${port}`, "other.example", certificates.ca)).not.toContain(
      "200",
    );
    expect((await here.connect(`other.example:${port}`)).status).toBe(403);
    expect(asked).toEqual([`registry.example:${port}`, `registry.example:${port}`]);
    await here.close();
    proxy.close();
  });
});

describe("the program", () => {
  it.each([
    ["nothing", "\n"],
    ["half a configuration", `${JSON.stringify({ tunnels: [] })}\n`],
    ["a proxy of another kind", `${JSON.stringify(testConfig({ proxy: "socks://x:1" }))}\n`],
    ["a cap of zero", `${JSON.stringify(testConfig({ caps: { ...TEST_CAPS, concurrent: 0 } }))}\n`],
  ])("does not serve with %s as its configuration", async (_name, line) => {
    const broken = new RunningRegistry(line);
    expect(await broken.ended()).toBe(64);
    expect(broken.stderr).toContain("no configuration");
  });
});

import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAuthority } from "../../src/registry/parse-authority.ts";
import { readClientHello } from "../../src/registry/read-client-hello.ts";

const TARGETS = [
  { host: "registry.example", port: 443, internal: false },
  { host: "10.0.0.5", port: 8443, internal: false },
];

/** The first message of a real client. */
async function realHello(servername: string): Promise<Buffer> {
  const server = net.createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  const client = tls.connect({ host: "127.0.0.1", port, servername });
  client.on("error", () => undefined);
  const [socket] = (await once(server, "connection")) as [net.Socket];
  const [hello] = (await once(socket, "data")) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return hello;
}

describe("the target of a CONNECT", () => {
  const near = fc
    .tuple(
      fc.constantFrom("registry.example", "10.0.0.5"),
      fc.string({ unit: "binary", maxLength: 3 }),
      fc.nat(20),
    )
    .map(([host, noise, at]) => host.slice(0, at) + noise + host.slice(at));
  const authority = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc
      .tuple(near, fc.constantFrom(":443", ":8443", ":0443", ":443 ", "", ":443:443", ":80"))
      .map((parts) => parts.join("")),
  );

  it("is one of the configured ones, spelled as they are, whatever is sent", () => {
    fc.assert(
      fc.property(authority, (text) => {
        const parsed = parseAuthority(text, TARGETS);
        if (parsed.ok) expect(text).toMatch(/^(?:registry\.example\.?:443|10\.0\.0\.5:8443)$/i);
      }),
      { numRuns: 20_000 },
    );
    expect(parseAuthority("Registry.Example.:443", TARGETS)).toEqual({ ok: true, value: TARGETS[0] });
    expect(parseAuthority("10.0.0.5:8443", TARGETS)).toEqual({ ok: true, value: TARGETS[1] });
  });
});

describe("the first message of TLS", () => {
  it("is read whole or not at all, in whatever pieces and records it comes", async () => {
    const hello = await realHello("registry.example");
    expect(readClientHello(hello)).toEqual({ kind: "hello", serverName: "registry.example" });
    for (let length = 0; length < hello.length; length += 1)
      expect(readClientHello(hello.subarray(0, length))).toEqual({ kind: "incomplete" });
    const message = hello.subarray(5);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1 }), (sizes) => {
        const records: Buffer[] = [];
        for (let at = 0, each = 0; at < message.length; each += 1) {
          const part = message.subarray(at, at + sizes[each % sizes.length]!);
          records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
          at += part.length;
        }
        expect(readClientHello(Buffer.concat(records))).toEqual({
          kind: "hello",
          serverName: "registry.example",
        });
      }),
    );
  });

  it("never throws and never finds another name, whatever is changed in it", async () => {
    const hello = await realHello("registry.example");
    fc.assert(
      fc.property(fc.nat(hello.length - 1), fc.nat(255), fc.nat(hello.length), (at, value, length) => {
        const changed = Buffer.from(hello.subarray(0, length));
        if (at < changed.length) changed[at] = value;
        const read = readClientHello(changed);
        if (read.kind === "hello" && read.serverName !== null)
          expect(read.serverName.length).toBeLessThan(300);
      }),
      { numRuns: 20_000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const read = readClientHello(Buffer.from(bytes));
        if (bytes.length > 0 && bytes[0] !== 22) expect(read).toMatchObject({ kind: "refused" });
      }),
      { numRuns: 5_000 },
    );
  });

  it("is refused where it is not a handshake, names a server twice, or hides a second name", async () => {
    expect(readClientHello(Buffer.from("GET / HTTP/1.1"))).toMatchObject({ denial: { rule: "tls.not-tls" } });
    expect(readClientHello(Buffer.from([22, 3, 1, 0, 1, 2]))).toMatchObject({
      denial: { rule: "tls.not-tls" },
    });
    const hello = await realHello("registry.example");
    const withExtension = (extension: Buffer): Buffer => {
      const at = hello.indexOf(Buffer.from([0, 0, 0, 21, 0, 19, 0, 0, 16])); // the extension with the name
      const extensions = 5 + 4 + 2 + 32 + 1 + 32 + 2 + hello.readUInt16BE(5 + 4 + 2 + 32 + 1 + 32) + 2;
      expect(at).toBeGreaterThan(extensions);
      const changed = Buffer.concat([hello.subarray(0, at), extension, hello.subarray(at)]);
      changed.writeUInt16BE(hello.readUInt16BE(3) + extension.length, 3);
      changed.writeUIntBE(hello.readUIntBE(6, 3) + extension.length, 6, 3);
      changed.writeUInt16BE(hello.readUInt16BE(extensions) + extension.length, extensions);
      return changed;
    };
    expect(readClientHello(withExtension(Buffer.from([0xfe, 0x0d, 0, 0])))).toMatchObject({
      denial: { rule: "tls.hidden-name" },
    });
    expect(readClientHello(withExtension(Buffer.from([0, 0, 0, 6, 0, 4, 0, 0, 1, 97])))).toMatchObject({
      denial: { rule: "tls.not-tls" },
    });
    expect(readClientHello(withExtension(Buffer.from([0x12, 0x34, 0, 0])))).toEqual({
      kind: "hello",
      serverName: "registry.example",
    });
  });
});

import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { forwardPort, type ForwardedPort } from "../../src/shim/forward-port.ts";
import { untilClosed } from "./until-closed.ts";

let folder: string;
let socket: string;
let forwarded: ForwardedPort;
let server: net.Server;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "nightwarden-forward-"));
  socket = join(folder, "s");
  server = net.createServer({ allowHalfOpen: true });
  server.listen(socket);
  await once(server, "listening");
  forwarded = await forwardPort({ port: 0, socket });
});
afterEach(async () => {
  await forwarded.close();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** One that goes on listening when the other side has ended its part. */
function halfOpen(): net.Socket {
  return net
    .connect({ port: forwarded.port, host: "127.0.0.1", allowHalfOpen: true })
    .on("error", () => undefined);
}

function connect(): net.Socket {
  return net.connect({ port: forwarded.port, host: "127.0.0.1" }).on("error", () => undefined);
}

async function connected(client: net.Socket): Promise<{ client: net.Socket; gateway: net.Socket }> {
  const [gateway] = (await once(server, "connection")) as [net.Socket];
  gateway.on("error", () => undefined);
  return { client, gateway };
}

async function textOf(from: net.Socket): Promise<string> {
  let text = "";
  for await (const chunk of from) text += String(chunk);
  return text;
}

describe("a forwarded port", () => {
  it("hands on both directions, each until its own end", async () => {
    const { client, gateway } = await connected(halfOpen());
    client.end("question");
    expect(await textOf(gateway)).toBe("question");
    // The client has ended its part, and hears the answer all the same.
    gateway.end("answer");
    expect(await textOf(client)).toBe("answer");
  });

  it("hands on a large answer unchanged, however slowly it is read", async () => {
    const { client, gateway } = await connected(halfOpen());
    const sent = "x".repeat(8 * 1024 * 1024);
    gateway.end(sent);
    expect((await textOf(client)).length).toBe(sent.length);
    client.end();
  });

  it("breaks the one side when the other breaks", async () => {
    const first = await connected(connect());
    const ended = textOf(first.gateway);
    first.client.write("x", () => first.client.resetAndDestroy());
    expect(await ended).toBe("x");
    const second = await connected(connect());
    const closed = untilClosed(second.client.resume());
    second.gateway.destroy();
    await closed;
  });

  it("listens on the loopback interface only", async () => {
    const elsewhere = net.connect({ port: forwarded.port, host: "127.0.0.2" });
    const [error] = (await once(elsewhere, "error")) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ECONNREFUSED");
    const { client } = await connected(connect());
    client.destroy();
  });

  it("closes a connection when nobody is behind the socket, and serves the next one when there is", async () => {
    await new Promise((resolve) => server.close(resolve));
    const lost = connect().resume();
    await untilClosed(lost);
    server.listen(socket);
    await once(server, "listening");
    const { client, gateway } = await connected(connect());
    client.end("x");
    expect(await textOf(gateway)).toBe("x");
    gateway.end();
  });

  it("has no more connections than its bound", async () => {
    const clients = Array.from({ length: 70 }, () => connect().resume());
    await Promise.race(clients.map(async (client) => await untilClosed(client)));
    for (const client of clients) client.destroy();
  });

  it("rejects where the port is taken", async () => {
    await expect(forwardPort({ port: forwarded.port, socket })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { GATEWAY_FOLDER, GATEWAY_PORT, GATEWAY_SOCKET } from "../../src/core/gateway-protocol.ts";
import type { DenialRule } from "../../src/gateway/denial.ts";
import {
  ask,
  bodyText,
  content,
  requestText,
  send,
  sendAsAgent,
  STREAM,
  volume,
  type RequestParts,
} from "./gateway-requests.ts";
import { useGatewayWorld } from "./gateway-world.ts";
import { findings } from "./secret-spellings.ts";

const world = useGatewayWorld("gateway");

interface Attack {
  /** What refuses it. */
  readonly rule: DenialRule;
  readonly text: string;
}

/** Every try to get past the gateway, by name; `mark` is in each, and would be in what the API receives. */
function attacks(token: string, mark: (name: string) => string): Map<string, Attack> {
  const made = new Map<string, Attack>();
  const add = (rule: DenialRule, name: string, parts: Omit<RequestParts, "token">): void => {
    const headers = [`X-Mark: ${mark(name)}`, ...(parts.headers ?? [])];
    made.set(name, { rule, text: requestText({ token, ...parts, headers }) });
  };
  for (const target of [
    "/v1/files",
    "/v1/messages/batches",
    "/v1/organizations/api_keys",
    "/v1/models",
    "/v1/skills",
    "/v1/responses",
    "/v1/messages/",
    "/v1/messages/../files",
    "/v1/messages/..;/files",
    "/v1/messages/%2e%2e/files",
    "/v1/%6dessages",
    "/V1/messages",
    "//v1/messages",
    "/v1//messages",
    "/v1/messages;x",
    "/v1/messages?x",
    "/v1/messages?beta=true&x=1",
    "/v1/messages?beta=true#x",
    "/v1/messages%3Fbeta=true",
    "/v1/messages%00",
    "https://api.anthropic.com/v1/messages",
    "http://169.254.169.254/latest/meta-data",
  ]) {
    add(target.startsWith("/") ? "route" : "http.target", `POST ${target}`, {
      line: `POST ${target} HTTP/1.1`,
    });
  }
  add("http.malformed", "backslashes", { line: "POST \\v1\\messages HTTP/1.1" });
  for (const method of ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"]) {
    add("route", method, { line: `${method} /v1/messages HTTP/1.1` });
  }
  add("http.target", "CONNECT", { line: "CONNECT api.anthropic.com:443 HTTP/1.1", body: "", length: "" });
  add("http.target", "asterisk", { line: "OPTIONS * HTTP/1.1" });
  add("http.malformed", "HTTP/1.0", { line: "POST /v1/messages HTTP/1.0" });
  add("http.upgrade", "websocket", { connection: "upgrade", headers: ["Upgrade: websocket"] });
  add("http.upgrade", "h2c", {
    connection: "upgrade",
    headers: ["Upgrade: h2c", "HTTP2-Settings: AAMAAABk"],
  });
  add("http.host", "another host", { host: "evil.example" });
  add("http.duplicate-header", "two hosts", { headers: ["Host: evil.example"] });
  add("http.transfer-encoding", "chunked", {
    length: "Transfer-Encoding: chunked",
    body: "2\r\n{}\r\n0\r\n\r\n",
  });
  add("http.malformed", "two framings", {
    headers: ["Transfer-Encoding: chunked", "Content-Length: 12"],
    length: "",
    body: "2\r\n{}\r\n0\r\n\r\n",
  });
  add("http.malformed", "two lengths", { headers: ["Content-Length: 2"] });
  add("http.malformed", "folded header", { headers: ["X-Folded: a\r\n b"] });
  add("http.malformed", "space before a colon", { headers: ["Content-Length : 2"] });
  add("http.content-encoding", "compressed", { headers: ["Content-Encoding: gzip"] });
  add("http.expect", "waits before the body", { headers: ["Expect: 100-continue"] });
  add("http.content-type", "form", { contentType: "text/plain" });
  add("token", "no token", { credentials: [] });
  add("token", "half a token", { credentials: [`X-Api-Key: ${token.slice(0, -1)}`] });
  add("token", "token in a cookie", { credentials: [`Cookie: x-api-key=${token}`] });
  add("token", "token of another scheme", { credentials: [`Authorization: Basic ${token}`] });
  add("token", "token and another key", {
    credentials: [`X-Api-Key: ${token}`, "Authorization: Bearer sk-ant-other"],
  });
  add("token", "token for the proxy", { credentials: [`Proxy-Authorization: Bearer ${token}`] });
  const bodies: readonly (readonly [DenialRule, string, object])[] = [
    ["body.model", "another model", { model: "another-model" }],
    [
      "body.key",
      "a server of tools",
      { mcp_servers: [{ type: "url", url: "https://evil.example", name: "x" }] },
    ],
    ["body.key", "a container", { container: "container_x" }],
    ["body.key", "an unknown key", { betas: ["files-api-2025-04-14"] }],
    ["body.tool", "a search", { tools: [{ type: "web_search_20250305", name: "web_search" }] }],
    ["body.tool", "a fetch", { tools: [{ type: "web_fetch_20250910", name: "web_fetch" }] }],
    [
      "body.kind",
      "an image elsewhere",
      content({ type: "image", source: { type: "url", url: "https://evil.example" } }),
    ],
    [
      "body.kind",
      "a file of the account's",
      content({ type: "document", source: { type: "file", file_id: "file_x" } }),
    ],
  ];
  for (const [rule, name, body] of bodies) add(rule, name, { body: bodyText(body) });
  // The first may pass; what comes after it on the same connection may not.
  const first = requestText({ token }).replace("Connection: close\r\n", "");
  const second = requestText({
    token,
    line: "POST /v1/files HTTP/1.1",
    headers: [`X-Mark: ${mark("second")}`],
  });
  made.set("second", { rule: "route", text: first + second });
  return made;
}

describe("what a sandbox sends", () => {
  it("reaches the API only where it may: of every other try the API sees no byte, and each is told", async () => {
    const word = randomUUID();
    const marks = (who: string) => (name: string) => `${who}-${word}-${Buffer.from(name).toString("hex")}.`;
    const told = await world.current.withAttempt({}, async (attempt) => {
      const tries = attacks(attempt.token, marks("agent"));
      const answers = await sendAsAgent(attempt, [
        ...[...tries.values()].map(({ text }) => text),
        requestText({ token: attempt.token }),
      ]);
      for (const secret of [attempt.key, attempt.token]) expect(findings(answers.join(), secret)).toEqual([]);
      const passed = [...tries.keys()].filter((_, index) => !/^HTTP\/1\.1 4\d\d /.test(answers[index] ?? ""));
      expect(passed).toEqual(["second"]);
      expect(answers[tries.size - 1]).toMatch(/^HTTP\/1\.1 200 [^]*HTTP\/1\.1 403 /);
      expect(answers.at(-1)).toMatch(/^HTTP\/1\.1 200 /);
      expect(
        (await world.current.api.requests(attempt.apiRun)).map(({ method, path }) => `${method} ${path}`),
      ).toEqual(["POST /v1/messages", "POST /v1/messages"]);
      expect((await world.current.api.everyByte()).toString("latin1")).not.toContain(word);
      return { attempt, rules: [...tries.values()].map(({ rule }) => rule) };
    });
    const { attempt, rules } = told;
    const denied = attempt.denials().flatMap(({ rule, count }) => Array<string>(count).fill(rule));
    expect(denied.toSorted()).toEqual(rules.toSorted());
    // The first ones are told one by one, as they come.
    expect(denied.slice(0, 20)).toEqual(rules.slice(0, 20));
    // Sent straight to the API, each of them arrives.
    const straight = attacks(attempt.token, marks("control"));
    await world.current.plain(
      send(
        [...straight.values()].map(({ text }) => text),
        world.current.directly(),
      ),
      { hostConfig: { NetworkMode: "bridge" } },
    );
    const seen = (await world.current.api.everyByte()).toString("latin1");
    expect([...straight.keys()].filter((name) => !seen.includes(marks("control")(name)))).toEqual([]);
  });
});

describe("two attempts at the same time", () => {
  it("reach each its own gateway, with its own token; with the other's socket and token, one would pass", async () => {
    await world.current.withAttempt({ slot: 0 }, async (one) => {
      await world.current.withAttempt({ slot: 1 }, async (other) => {
        const tokens = [one.token, other.token].map((token) => requestText({ token }));
        const status = (answer: string): string => answer.split(" ")[1] ?? answer;
        expect((await sendAsAgent(one, tokens)).map(status)).toEqual(["200", "401"]);
        expect((await sendAsAgent(other, tokens)).map(status)).toEqual(["401", "200"]);
        expect(await world.current.api.requests(one.apiRun)).toHaveLength(1);
        expect(await world.current.api.requests(other.apiRun)).toHaveLength(1);
        const look = ["sh", "-c", "find / -type s 2>/dev/null; echo looked"];
        expect((await one.run(look)).lines).toEqual([GATEWAY_SOCKET, "looked"]);
        const path = "/run/other";
        const control = await world.current.plain(
          send([requestText({ token: other.token })], { path: `${path}/api.sock` }),
          {
            hostConfig: { NetworkMode: "none", Mounts: [volume(other.gateway, path)] },
          },
        );
        expect(status(JSON.parse(control) as string)).toBe("200");
      });
    });
  });
});

describe("the folder of the socket", () => {
  const TAMPER = `
    const fs = require("node:fs");
    const tries = {
      plant: () => fs.writeFileSync("${GATEWAY_FOLDER}/planted", "x"),
      folder: () => fs.mkdirSync("${GATEWAY_FOLDER}/planted.d"),
      link: () => fs.symlinkSync("/etc/passwd", "${GATEWAY_FOLDER}/linked"),
      "second name": () => fs.linkSync("${GATEWAY_SOCKET}", "${GATEWAY_FOLDER}/second"),
      mode: () => fs.chmodSync("${GATEWAY_SOCKET}", 0),
      replace: () => fs.renameSync("${GATEWAY_SOCKET}", "${GATEWAY_FOLDER}/away"),
      unlink: () => fs.unlinkSync(fs.existsSync("${GATEWAY_FOLDER}/away") ? "${GATEWAY_FOLDER}/away" : "${GATEWAY_SOCKET}"),
    };
    for (const [name, run] of Object.entries(tries)) {
      try { run(); console.log(name + " DONE"); } catch (error) { console.log(name + " " + error.code); }
    }
    const server = require("node:net").createServer().once("error", (error) => console.log("listen " + error.code));
    server.listen("${GATEWAY_FOLDER}/fake.sock", () => { console.log("listen DONE"); server.close(); });
  `;
  const NAMES = ["plant", "folder", "link", "second name", "mode", "replace", "unlink", "listen"];

  it("can not be written in the sandbox, and the gateway serves on; from the gateway's side, all of it works", async () => {
    await world.current.withAttempt({}, async (attempt) => {
      const tamper = ["node", "-e", TAMPER];
      const { lines } = await attempt.run(tamper);
      expect(lines.map((line) => line.replace(/ E[A-Z]+$/, ""))).toEqual(NAMES);
      expect(lines.filter((line) => !line.endsWith(" EROFS"))).toEqual([]);
      const remount = await attempt.run([
        "sh",
        "-c",
        `mount -o remount,rw ${GATEWAY_FOLDER} 2>&1; echo ended`,
      ]);
      expect(remount.lines.at(-1)).toBe("ended");
      expect((await attempt.run(tamper)).lines).toEqual(lines);
      const [answer] = await sendAsAgent(attempt, [requestText({ token: attempt.token })]);
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
      const control = await world.current.plain(tamper, {
        user: "65000:65000",
        hostConfig: { NetworkMode: "none", Mounts: [volume(attempt.gateway, GATEWAY_FOLDER)] },
      });
      expect(control.trim().split("\n")).toEqual(NAMES.map((name) => `${name} DONE`));
    });
  });
});

describe("the network", () => {
  /** Says of each address whether a connection came about. */
  const KNOCK = `
    Promise.all(JSON.parse(process.argv[1]).map(([host, port]) => new Promise((done) => {
      const socket = require("node:net").connect({ host, port });
      const end = (result) => { socket.destroy(); done(host + ":" + port + " " + result); };
      socket.setTimeout(2000, () => end("TIMEOUT"));
      socket.once("error", (error) => end(error.code));
      socket.once("connect", () => end("CONNECTED"));
    }))).then((lines) => console.log(lines.join("\\n")));
  `;
  const knock = (addresses: readonly (readonly [string, number])[]): readonly string[] => [
    "node",
    "-e",
    KNOCK,
    JSON.stringify(addresses),
  ];

  it("of the gateway is not the sandbox's: neither its address, nor the bridge, nor the API is reached", async () => {
    await world.current.withAttempt({}, async (attempt) => {
      const { hostname, port } = new URL(world.current.api.url());
      const { name, address, bridge } = await world.current.networkOf(attempt);
      const targets: (readonly [string, number])[] = [
        [address, GATEWAY_PORT],
        [address, 443],
        [bridge, Number(port)],
        [hostname, Number(port)],
      ];
      const { lines } = await attempt.run(knock(targets));
      expect(lines.map((line) => line.split(" ")[1])).toEqual(targets.map(() => "ENETUNREACH"));
      const control = await world.current.plain(knock(targets), { hostConfig: { NetworkMode: name } });
      expect(control).toContain(`${hostname}:${port} CONNECTED`);
    });
  });

  it("of the gateways is none between them; on a bridge with the engine's defaults, neighbours meet", async () => {
    const { docker } = world.current.under;
    const created = await docker.createNetwork({ Name: `nightwarden-control-${randomUUID()}` });
    try {
      await world.current.withAttempt({}, async (attempt) => {
        const { name, address } = await world.current.networkOf(attempt);
        await withListener(name, async (listener) => {
          const lines = await world.current.plain(
            knock([
              [listener, 9000],
              [address, 9000],
            ]),
            { hostConfig: { NetworkMode: name } },
          );
          expect(lines).not.toContain("CONNECTED");
          expect(lines).not.toContain("REFUSED");
        });
      });
      await withListener(created.id, async (listener) => {
        const control = await world.current.plain(knock([[listener, 9000]]), {
          hostConfig: { NetworkMode: created.id },
        });
        expect(control).toBe(`${listener}:9000 CONNECTED\n`);
      });
    } finally {
      await created.remove();
    }
  });

  it("has no port of the gateway's to knock at; of a program that listens, the same look shows one", async () => {
    const look = ["sh", "-c", "cat /proc/net/tcp /proc/net/tcp6 | awk '$4 == \"0A\" { print $2 }'"];
    /** The engine's own resolver, on 127.0.0.11 in every container of such a network. */
    const own = (line: string): boolean => line.startsWith("0B00007F:");
    const ports = async (container: string): Promise<string[]> =>
      (await world.current.plain(look, { hostConfig: { NetworkMode: `container:${container}` } }))
        .split("\n")
        .filter((line) => line !== "" && !own(line));
    await world.current.withAttempt({}, async (attempt) => {
      await attempt.run(ask(STREAM));
      expect(await ports(attempt.gateway)).toEqual([]);
    });
    await withListener("bridge", async (_, container) => {
      expect(await ports(container)).toEqual(["00000000:2328"]);
    });
  });
});

/** A plain container that listens on port 9000 of a network. */
async function withListener(
  network: string,
  use: (address: string, container: string) => Promise<void>,
): Promise<void> {
  const script = `require("node:net").createServer((s) => s.end()).listen(9000, "0.0.0.0", () => console.log("listening"))`;
  const container = await world.current.under.docker.createContainer({
    Image: world.current.under.image,
    Entrypoint: ["node", "-e", script],
    HostConfig: { NetworkMode: network },
  });
  try {
    const stream = await container.attach({ stream: true, stdout: true });
    const output = new PassThrough();
    world.current.under.docker.modem.demuxStream(stream, output, output);
    await container.start();
    await once(output, "data");
    const { NetworkSettings } = await container.inspect();
    await use(Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? "", container.id);
  } finally {
    await container.remove({ force: true, v: true });
  }
}

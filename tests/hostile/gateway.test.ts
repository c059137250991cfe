import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { PassThrough } from "node:stream";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GATEWAY_FOLDER, GATEWAY_PORT, GATEWAY_SOCKET } from "../../src/core/gateway-protocol.ts";
import { sweep } from "../../src/sandbox/sweep.ts";
import { dockerUnderTest, type DockerUnderTest } from "../fixtures/docker-under-test.ts";
import {
  ALLOWED_MODEL,
  gatewayAttempt,
  type GatewayAttempt,
  type GatewayAttemptOptions,
} from "../fixtures/gateway-attempt.ts";
import { baseRepository } from "../fixtures/hostile-attempt.ts";
import { runPlainContainer } from "../fixtures/plain-container.ts";
import { startScriptedApi } from "../model-api/scripted-api.ts";

type Api = Awaited<ReturnType<typeof startScriptedApi>>;

let under: DockerUnderTest;
let repository: ReturnType<typeof baseRepository>;
let api: Api;
/** Where no request may ever go. */
let elsewhere: Api;

beforeAll(async () => {
  under = await dockerUnderTest("gateway");
  repository = baseRepository();
  [api, elsewhere] = await Promise.all([startScriptedApi(), startScriptedApi()]);
});
afterAll(async () => {
  repository.dispose();
  await Promise.all([api.stop(), elsewhere.stop()]);
  await under.gateways.close();
  expect(await under.leftovers()).toEqual([]);
});

type Options = Partial<Omit<GatewayAttemptOptions, "under" | "api" | "repository">>;

/** One attempt, closed whatever happens. */
async function withAttempt<Result>(
  options: Options,
  use: (attempt: GatewayAttempt) => Promise<Result>,
): Promise<Result> {
  const attempt = await gatewayAttempt({ under, api, repository: repository.path, ...options });
  try {
    return await use(attempt);
  } finally {
    await attempt.close();
  }
}

const plain = async (command: readonly string[], more: object = {}): Promise<string> =>
  await runPlainContainer({ docker: under.docker, image: under.image, command, ...more });

/** The scripted API, for a container that is free to reach it. */
function directly(): object {
  const { hostname, port } = new URL(api.url());
  return { host: hostname, port: Number(port), ca: readFileSync(api.caFile, "utf8") };
}

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

function send(texts: readonly string[], to: object = TO_GATEWAY): readonly string[] {
  return ["node", "-e", SEND, JSON.stringify({ to, texts })];
}

/** What came back for each text. */
async function sendAsAgent(attempt: GatewayAttempt, texts: readonly string[]): Promise<string[]> {
  const { lines } = await attempt.run(send(texts));
  return lines.map((line) => JSON.parse(line) as string);
}

interface RequestParts {
  readonly token: string;
  readonly line?: string;
  readonly host?: string;
  /** Undefined: the token's. */
  readonly credentials?: readonly string[];
  readonly headers?: readonly string[];
  readonly body?: string;
  /** Undefined: the body's length. */
  readonly length?: string;
}

function bodyText(more: object = {}): string {
  return JSON.stringify({
    model: ALLOWED_MODEL,
    max_tokens: 100,
    messages: [{ role: "user", content: "hello" }],
    ...more,
  });
}

/** A request as bytes. Without changes it is one that may pass. */
function requestText(parts: RequestParts): string {
  const body = parts.body ?? bodyText();
  const head = [
    parts.line ?? "POST /v1/messages HTTP/1.1",
    `Host: ${parts.host ?? "127.0.0.1"}`,
    "Connection: close",
    "Content-Type: application/json",
    ...(parts.credentials ?? [`X-Api-Key: ${parts.token}`]),
    ...(parts.headers ?? []),
    parts.length ?? `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return `${head.filter((line) => line !== "").join("\r\n")}\r\n\r\n${body}`;
}

/** Every try to get past the gateway, by name; `mark` is in each, and would be in what the API receives. */
function attacks(token: string, mark: (name: string) => string): Map<string, string> {
  const made = new Map<string, string>();
  const add = (name: string, parts: Omit<RequestParts, "token">): void => {
    const headers = [`X-Mark: ${mark(name)}`, ...(parts.headers ?? [])];
    made.set(name, requestText({ token, ...parts, headers }));
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
    "\\v1\\messages",
    "https://api.anthropic.com/v1/messages",
    "http://169.254.169.254/latest/meta-data",
  ]) {
    add(`POST ${target}`, { line: `POST ${target} HTTP/1.1` });
  }
  for (const method of ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"]) {
    add(method, { line: `${method} /v1/messages HTTP/1.1` });
  }
  add("CONNECT", { line: "CONNECT api.anthropic.com:443 HTTP/1.1", body: "", length: "" });
  add("asterisk", { line: "OPTIONS * HTTP/1.1" });
  add("HTTP/1.0", { line: "POST /v1/messages HTTP/1.0" });
  add("websocket", { headers: ["Connection: upgrade", "Upgrade: websocket"] });
  add("h2c", { headers: ["Connection: upgrade", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"] });
  add("another host", { host: "evil.example" });
  add("two hosts", { headers: ["Host: evil.example"] });
  add("chunked", { length: "Transfer-Encoding: chunked", body: "2\r\n{}\r\n0\r\n\r\n" });
  add("two framings", {
    headers: ["Transfer-Encoding: chunked", "Content-Length: 12"],
    length: "",
    body: "2\r\n{}\r\n0\r\n\r\n",
  });
  add("two lengths", { headers: ["Content-Length: 2"] });
  add("folded header", { headers: ["X-Folded: a\r\n b"] });
  add("space before a colon", { headers: ["Content-Length : 2"] });
  add("compressed", { headers: ["Content-Encoding: gzip"] });
  add("waits before the body", { headers: ["Expect: 100-continue"] });
  add("form", { headers: ["Content-Type: text/plain"] });
  add("no token", { credentials: [] });
  add("half a token", { credentials: [`X-Api-Key: ${token.slice(0, -1)}`] });
  add("token in a cookie", { credentials: [`Cookie: x-api-key=${token}`] });
  add("token of another scheme", { credentials: [`Authorization: Basic ${token}`] });
  add("token and another key", { credentials: [`X-Api-Key: ${token}`, "Authorization: Bearer sk-ant-other"] });
  add("token for the proxy", { credentials: [`Proxy-Authorization: Bearer ${token}`] });
  const bodies: Readonly<Record<string, object>> = {
    "another model": { model: "another-model" },
    "a server of tools": { mcp_servers: [{ type: "url", url: "https://evil.example", name: "x" }] },
    "a container": { container: "container_x" },
    "an unknown key": { betas: ["files-api-2025-04-14"] },
    "a search": { tools: [{ type: "web_search_20250305", name: "web_search" }] },
    "a fetch": { tools: [{ type: "web_fetch_20250910", name: "web_fetch" }] },
    "an image elsewhere": content({ type: "image", source: { type: "url", url: "https://evil.example" } }),
    "a file of the account's": content({ type: "document", source: { type: "file", file_id: "file_x" } }),
  };
  for (const [name, body] of Object.entries(bodies)) add(name, { body: bodyText(body) });
  // The first may pass; what comes after it on the same connection may not.
  const first = requestText({ token }).replace("Connection: close\r\n", "");
  const second = requestText({ token, line: "POST /v1/files HTTP/1.1", headers: [`X-Mark: ${mark("second")}`] });
  made.set("second", first + second);
  return made;
}

function content(block: object): object {
  return { messages: [{ role: "user", content: [block] }] };
}

describe("what a sandbox sends", () => {
  it("reaches the API only where it may: of every other try the API sees no byte, and each is told", async () => {
    const word = randomUUID();
    const marks = (who: string) => (name: string) => `${who}-${word}-${Buffer.from(name).toString("hex")}.`;
    const told = await withAttempt({}, async (attempt) => {
      const tries = attacks(attempt.token, marks("agent"));
      const answers = await sendAsAgent(attempt, [...tries.values(), requestText({ token: attempt.token })]);
      const passed = [...tries.keys()].filter((_, index) => !/^HTTP\/1\.1 4\d\d /.test(answers[index] ?? ""));
      expect(passed).toEqual(["second"]);
      expect(answers[tries.size - 1]).toMatch(/^HTTP\/1\.1 200 [^]*\nHTTP\/1\.1 403 |^HTTP\/1\.1 200 [^]*HTTP\/1\.1 403 /);
      expect(answers.at(-1)).toMatch(/^HTTP\/1\.1 200 /);
      expect((await api.requests(attempt.apiRun)).map(({ method, path }) => `${method} ${path}`)).toEqual([
        "POST /v1/messages",
        "POST /v1/messages",
      ]);
      expect((await api.everyByte()).toString("latin1")).not.toContain(word);
      return { attempt, count: tries.size };
    });
    const { attempt, count } = told;
    expect(attempt.denials().reduce((sum, denial) => sum + denial.count, 0)).toBe(count);
    // Sent straight to the API, each of them arrives.
    const straight = attacks(attempt.token, marks("control"));
    await plain(send([...straight.values()], directly()), { hostConfig: { NetworkMode: "bridge" } });
    const seen = (await api.everyByte()).toString("latin1");
    expect([...straight.keys()].filter((name) => !seen.includes(marks("control")(name)))).toEqual([]);
  });
});

/** Posts one request after the other to the gateway, as a client does, and prints how each ended. */
const ASK = `
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

const ask = (body: string, times = 1): readonly string[] => [
  "node",
  "-e",
  ASK,
  JSON.stringify({ body, times }),
];

const STREAM = bodyText({ stream: true });

describe("two attempts at the same time", () => {
  it("reach each its own gateway, with its own token; with the other's socket and token, one would pass", async () => {
    await withAttempt({ slot: 0 }, async (one) => {
      await withAttempt({ slot: 1 }, async (other) => {
        const tokens = [one.token, other.token].map((token) => requestText({ token }));
        const status = (answer: string): string => answer.split(" ")[1] ?? answer;
        expect((await sendAsAgent(one, tokens)).map(status)).toEqual(["200", "401"]);
        expect((await sendAsAgent(other, tokens)).map(status)).toEqual(["401", "200"]);
        expect(await api.requests(one.apiRun)).toHaveLength(1);
        expect(await api.requests(other.apiRun)).toHaveLength(1);
        const look = ["sh", "-c", "find / -type s 2>/dev/null; ls /run"];
        expect((await one.run(look)).lines).toEqual([GATEWAY_SOCKET, "gateway", "lock"].filter(Boolean));
        const path = "/run/other";
        const control = await plain(send([requestText({ token: other.token })], { path: `${path}/api.sock` }), {
          hostConfig: { NetworkMode: "none", Mounts: [volume(other.gateway, path)] },
        });
        expect(status(JSON.parse(control) as string)).toBe("200");
      });
    });
  });
});

function volume(source: string, target: string): object {
  return { Type: "volume", Source: source, Target: target };
}

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
      unlink: () => fs.rmSync(fs.existsSync("${GATEWAY_FOLDER}/away") ? "${GATEWAY_FOLDER}/away" : "${GATEWAY_SOCKET}"),
    };
    for (const [name, run] of Object.entries(tries)) {
      try { run(); console.log(name + " DONE"); } catch (error) { console.log(name + " " + error.code); }
    }
    const server = require("node:net").createServer().once("error", (error) => console.log("listen " + error.code));
    server.listen("${GATEWAY_FOLDER}/fake.sock", () => { console.log("listen DONE"); server.close(); });
  `;
  const NAMES = ["plant", "folder", "link", "second name", "mode", "replace", "unlink", "listen"];

  it("can not be written in the sandbox, and the gateway serves on; from the gateway's side, all of it works", async () => {
    await withAttempt({}, async (attempt) => {
      const tamper = ["node", "-e", TAMPER];
      const { lines } = await attempt.run(tamper);
      expect(lines.map((line) => line.replace(/ E[A-Z]+$/, ""))).toEqual(NAMES);
      expect(lines.filter((line) => !line.endsWith(" EROFS"))).toEqual([]);
      const remount = await attempt.run(["sh", "-c", `mount -o remount,rw ${GATEWAY_FOLDER} 2>&1; echo ended`]);
      expect(remount.lines.at(-1)).toBe("ended");
      expect((await attempt.run(tamper)).lines).toEqual(lines);
      const [answer] = await sendAsAgent(attempt, [requestText({ token: attempt.token })]);
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
      const control = await plain(tamper, {
        user: "65000:65000",
        hostConfig: { NetworkMode: "none", Mounts: [volume(attempt.gateway, GATEWAY_FOLDER)] },
      });
      expect(control.trim().split("\n")).toEqual(NAMES.map((name) => `${name} DONE`));
    });
  });
});

/** How a secret may be written down, in spellings that no longer look like it. */
function spellings(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
    // What depends on the neighbours is left out.
    return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
  });
  return [
    secret,
    encodeURIComponent(secret),
    secret.replaceAll("/", "\\/"),
    bytes.toString("hex"),
    bytes.toString("hex").toUpperCase(),
    ...base64,
    ...base64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_")),
  ];
}

function findings(text: string, secret: string): string[] {
  return spellings(secret).filter((spelling) => text.includes(spelling));
}

/**
 * Looks for bytes in every environment, argument, memory and file that it can read, and prints where they are. It gets
 * them masked, so that it does not find itself.
 */
const HUNT = `
  const fs = require("node:fs");
  const path = require("node:path");
  const { masked, files } = JSON.parse(process.argv[1]);
  const wanted = masked.map((text) => Buffer.from(text, "hex").map((byte) => byte ^ 0x5a));
  const look = (place, bytes) => { if (wanted.some((each) => bytes.includes(each))) console.log("FOUND " + place); };
  let looked = 0;
  const read = (place) => { try { const bytes = fs.readFileSync(place); looked += 1; look(place, bytes); } catch {} };
  const pids = fs.readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name) && Number(name) !== process.pid);
  for (const pid of pids) {
    for (const name of ["environ", "cmdline", "comm", "status"]) read("/proc/" + pid + "/" + name);
    try {
      const memory = fs.openSync("/proc/" + pid + "/mem", "r");
      for (const line of fs.readFileSync("/proc/" + pid + "/maps", "utf8").split("\\n")) {
        const range = /^([0-9a-f]+)-([0-9a-f]+) r/.exec(line);
        if (!range || line.includes("[v")) continue;
        const [start, end] = [BigInt("0x" + range[1]), BigInt("0x" + range[2])];
        if (end - start > 300000000n) continue;
        const bytes = Buffer.alloc(Number(end - start));
        try { fs.readSync(memory, bytes, 0, bytes.length, start); looked += 1; } catch { continue; }
        look("/proc/" + pid + "/mem", bytes);
      }
      fs.closeSync(memory);
    } catch {}
  }
  const walk = (folder) => {
    let entries;
    try { entries = fs.readdirSync(folder, { withFileTypes: true }); } catch { return; }
    for (const entry of entries) {
      const place = path.join(folder, entry.name);
      if (["/proc", "/sys", "/dev"].includes(place)) continue;
      if (entry.isDirectory()) walk(place);
      else if (entry.isFile()) read(place);
    }
  };
  if (files) walk("/");
  console.log("looked " + (looked > 0));
`;

function hunt(secret: string, files = true): readonly string[] {
  const masked = spellings(secret).map((text) =>
    Buffer.from(text)
      .map((byte) => byte ^ 0x5a)
      .toString("hex"),
  );
  return ["node", "-e", HUNT, JSON.stringify({ masked, files })];
}

describe("the key", () => {
  it("is nowhere in the sandbox, in no environment, argument, memory or file; the token is found there", async () => {
    await withAttempt({}, async (attempt) => {
      const script = (secret: string): readonly string[] => [
        "sh",
        "-c",
        'node -e "$1" "$2" >/tmp/answer; shift 2; exec "$@"',
        "sh",
        ASK,
        JSON.stringify({ body: STREAM }),
        ...hunt(secret),
      ];
      const { lines } = await attempt.run(script(attempt.key));
      expect(lines).toEqual(["looked true"]);
      expect((await api.requests(attempt.apiRun))[0]?.headers["x-api-key"]).toBe(attempt.key);
      const control = await attempt.run(script(attempt.token));
      expect(control.lines.join()).toMatch(/FOUND \/proc\/\d+\/environ/);
      expect(control.lines.join()).toMatch(/FOUND \/proc\/\d+\/mem/);
    });
  });

  it("is in the gateway's memory alone: not in its environment, arguments or files, nor in what the engine tells", async () => {
    const { docker, workspace } = under;
    await withAttempt({}, async (attempt) => {
      const since = Math.floor(Date.now() / 1000) - 60;
      await attempt.run(ask(STREAM));
      const beside = await plain(hunt(attempt.key, false), {
        hostConfig: { NetworkMode: "none", PidMode: `container:${attempt.gateway}`, CapAdd: ["SYS_PTRACE"] },
      });
      const places = new Set(beside.trim().split("\n").map((line) => line.replace(/\d+/, "N")));
      expect([...places].toSorted()).toEqual(["FOUND /proc/N/mem", "looked true"]);
      const gateway = docker.getContainer(attempt.gateway);
      // Nothing was written but in the volume, whose only file is the socket.
      expect((await gateway.changes()) ?? []).toEqual([]);
      expect(await plain(["ls", "-A", "/volume"], { hostConfig: { NetworkMode: "none", Mounts: [volume(attempt.gateway, "/volume")] } })).toBe("api.sock\n");
      const filters = { label: [`nightwarden.workspace=${workspace}`] };
      const containers = await docker.listContainers({ all: true, filters });
      const { Volumes } = await docker.listVolumes({ filters });
      const networks = await docker.listNetworks({ filters });
      expect(containers.length * (Volumes ?? []).length * networks.length).toBeGreaterThan(0);
      const told = JSON.stringify([
        await Promise.all(containers.map(async ({ Id }) => await docker.getContainer(Id).inspect())),
        await Promise.all((Volumes ?? []).map(async ({ Name }) => await docker.getVolume(Name).inspect())),
        await Promise.all(networks.map(async ({ Id }) => (await docker.getNetwork(Id).inspect()) as object)),
        await gateway.top({ ps_args: "-eo pid,args" }),
        attempt.facts,
      ]);
      expect(findings(told, attempt.key)).toEqual([]);
      expect(findings(told, attempt.token)).toEqual([]);
      await expect(gateway.logs({ stdout: true, stderr: true })).rejects.toThrow(/logging driver/);
      const until = Math.floor(Date.now() / 1000);
      const events = await textOf(await docker.getEvents({ since, until, filters }));
      expect(events).toContain(attempt.gateway);
      expect(findings(events, attempt.key)).toEqual([]);
    });
    // The same search finds a secret that is handed over as others do it.
    const planted = randomUUID();
    const container = await docker.createContainer({
      Image: under.image,
      Env: spellings(planted).map((text, index) => `KEY_${index}=${text}`),
    });
    const inspected = JSON.stringify(await container.inspect());
    await container.remove();
    expect(findings(inspected, planted)).toEqual(spellings(planted));
  });
});

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}
void [once, PassThrough, elsewhere!, sweep, spawn, pathToFileURL];

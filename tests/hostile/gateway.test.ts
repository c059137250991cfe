import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { PassThrough } from "node:stream";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GATEWAY_FOLDER, GATEWAY_PORT, GATEWAY_SOCKET } from "../../src/core/gateway-protocol.ts";
import type { ModelAccess } from "../../src/contracts/gateway.ts";
import { SandboxStop } from "../../src/core/sandbox-stop.ts";
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
import type { Answer } from "../model-api/scenario.ts";
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
  add("token and another key", {
    credentials: [`X-Api-Key: ${token}`, "Authorization: Bearer sk-ant-other"],
  });
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
  const second = requestText({
    token,
    line: "POST /v1/files HTTP/1.1",
    headers: [`X-Mark: ${mark("second")}`],
  });
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
      for (const secret of [attempt.key, attempt.token]) expect(findings(answers.join(), secret)).toEqual([]);
      const passed = [...tries.keys()].filter((_, index) => !/^HTTP\/1\.1 4\d\d /.test(answers[index] ?? ""));
      expect(passed).toEqual(["second"]);
      expect(answers[tries.size - 1]).toMatch(/^HTTP\/1\.1 200 [^]*HTTP\/1\.1 403 /);
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
        const look = ["sh", "-c", "find / -type s 2>/dev/null; echo looked"];
        expect((await one.run(look)).lines).toEqual([GATEWAY_SOCKET, "looked"]);
        const path = "/run/other";
        const control = await plain(
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
    await withAttempt({}, async (attempt) => {
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
      const control = await plain(tamper, {
        user: "65000:65000",
        hostConfig: { NetworkMode: "none", Mounts: [volume(attempt.gateway, GATEWAY_FOLDER)] },
      });
      expect(control.trim().split("\n")).toEqual(NAMES.map((name) => `${name} DONE`));
    });
  });
});

/** How a secret, or one half of it, may be written down, in spellings that no longer look like it. */
function spellings(secret: string): string[] {
  const middle = Math.ceil(secret.length / 2);
  return [secret.slice(0, middle), secret.slice(middle)].flatMap((half) => {
    const bytes = Buffer.from(half);
    const base64 = [0, 1, 2].map((offset) => {
      const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
      // What depends on the neighbours is left out.
      return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
    });
    return [
      half,
      encodeURIComponent(half),
      half.replaceAll("/", "\\/"),
      bytes.toString("hex"),
      bytes.toString("hex").toUpperCase(),
      ...base64,
      ...base64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_")),
    ];
  });
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
    Buffer.from(Buffer.from(text).map((byte) => byte ^ 0x5a)).toString("hex"),
  );
  return ["node", "-e", HUNT, JSON.stringify({ masked, files })];
}

describe("the key", () => {
  it("is nowhere in the sandbox, in no environment, argument, memory or file; the token is found there", async () => {
    await withAttempt({}, async (attempt) => {
      const script = (secret: string): readonly string[] => [
        "sh",
        "-c",
        'node -e "$1" "$2" >/tmp/answer; shift 2; "$@"; exit',
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
      const places = new Set(
        beside
          .trim()
          .split("\n")
          .map((line) => line.replace(/\d+/, "N")),
      );
      expect([...places].toSorted()).toEqual(["FOUND /proc/N/mem", "looked true"]);
      const gateway = docker.getContainer(attempt.gateway);
      // Nothing was written but in the volume, whose only file is the socket.
      expect(await addedFiles(attempt.gateway)).toEqual([]);
      expect(
        await plain(["ls", "-A", "/volume"], {
          hostConfig: { NetworkMode: "none", Mounts: [volume(attempt.gateway, "/volume")] },
        }),
      ).toBe("api.sock\n");
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
      Cmd: ["true"],
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

/** What a container has written, but for the engine's own init. */
async function addedFiles(container: string): Promise<string[]> {
  const changes = (await under.docker.getContainer(container).changes()) as
    { Path: string; Kind: number }[] | null;
  const ADDED = 1;
  return (changes ?? [])
    .filter(({ Path, Kind }) => Kind === ADDED && !Path.endsWith("/docker-init"))
    .map(({ Path }) => Path);
}

describe("an API that repeats what it was sent", () => {
  it.each<[string, (key: string) => Answer, string]>([
    ["in the message of an error", (key) => ({ kind: "error", status: 400, message: `bad: ${key}` }), STREAM],
    ["in an error's type and code", (key) => ({ kind: "error", status: 400, type: key, code: key }), STREAM],
    ["in a refusal of the key", (key) => ({ kind: "error", status: 401, message: `bad: ${key}` }), STREAM],
    ["in a stream", () => ({ kind: "echo" }), STREAM],
    ["in an error inside a stream", (key) => ({ kind: "failed", code: key, message: key }), STREAM],
    ["in an answer that is not a stream", () => ({ kind: "echo" }), bodyText()],
    [
      "in a header",
      (key) => ({
        kind: "reply",
        text: "hello",
        headers: { "request-id": key, "anthropic-ratelimit-key": `x ${key}` },
      }),
      STREAM,
    ],
  ])(
    "%s does not tell the sandbox the key; the same search finds it where nobody is between",
    async (_, answer, body) => {
      await withAttempt({ answers: (key) => [answer(key)] }, async (attempt) => {
        const { lines } = await attempt.run(ask(body));
        expect(lines.join()).toMatch(/^head |^error /);
        expect(findings(lines.join(), attempt.key)).toEqual([]);
        expect(findings(JSON.stringify(attempt.facts), attempt.key)).toEqual([]);
        const headers = { token: attempt.key, line: `POST /${attempt.apiRun}/v1/messages HTTP/1.1`, body };
        const straight = await plain(send([requestText(headers)], directly()), {
          hostConfig: { NetworkMode: "bridge" },
        });
        expect(findings(straight, attempt.key)).not.toEqual([]);
      });
    },
  );
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
    await withAttempt({}, async (attempt) => {
      const { hostname, port } = new URL(api.url());
      const { name, address, bridge } = await networkOf(attempt);
      const targets: (readonly [string, number])[] = [
        [address, GATEWAY_PORT],
        [address, 443],
        [bridge, Number(port)],
        [hostname, Number(port)],
      ];
      const { lines } = await attempt.run(knock(targets));
      expect(lines.map((line) => line.split(" ")[1])).toEqual(targets.map(() => "ENETUNREACH"));
      const control = await plain(knock(targets), { hostConfig: { NetworkMode: name } });
      expect(control).toContain(`${hostname}:${port} CONNECTED`);
    });
  });

  it("of the gateways is none between them; on a bridge with the engine's defaults, neighbours meet", async () => {
    const { docker } = under;
    const created = await docker.createNetwork({ Name: `nightwarden-control-${randomUUID()}` });
    try {
      await withAttempt({}, async (attempt) => {
        const { name, address } = await networkOf(attempt);
        await withListener(name, async (listener) => {
          const lines = await plain(
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
        const control = await plain(knock([[listener, 9000]]), { hostConfig: { NetworkMode: created.id } });
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
      (await plain(look, { hostConfig: { NetworkMode: `container:${container}` } }))
        .split("\n")
        .filter((line) => line !== "" && !own(line));
    await withAttempt({}, async (attempt) => {
      await attempt.run(ask(STREAM));
      expect(await ports(attempt.gateway)).toEqual([]);
    });
    await withListener("bridge", async (_, container) => {
      expect(await ports(container)).toEqual(["00000000:2328"]);
    });
  });
});

async function networkOf(
  attempt: GatewayAttempt,
): Promise<{ name: string; address: string; bridge: string }> {
  const { NetworkSettings } = await under.docker.getContainer(attempt.gateway).inspect();
  const [[name, { IPAddress, Gateway }] = ["", { IPAddress: "", Gateway: "" }]] = Object.entries(
    NetworkSettings.Networks,
  );
  return { name, address: IPAddress, bridge: Gateway };
}

/** A plain container that listens on port 9000 of a network. */
async function withListener(
  network: string,
  use: (address: string, container: string) => Promise<void>,
): Promise<void> {
  const script = `require("node:net").createServer((s) => s.end()).listen(9000, "0.0.0.0", () => console.log("listening"))`;
  const container = await under.docker.createContainer({
    Image: under.image,
    Entrypoint: ["node", "-e", script],
    HostConfig: { NetworkMode: network },
  });
  try {
    const stream = await container.attach({ stream: true, stdout: true });
    const output = new PassThrough();
    under.docker.modem.demuxStream(stream, output, output);
    await container.start();
    await once(output, "data");
    const { NetworkSettings } = await container.inspect();
    await use(Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? "", container.id);
  } finally {
    await container.remove({ force: true, v: true });
  }
}

describe("what the API answers", () => {
  it("is not followed to another host; a client that follows it arrives there", async () => {
    const location = `${elsewhere.url("stolen")}/v1/messages`;
    const statuses = [301, 302, 303, 307, 308];
    const answers = statuses.map((status) => ({ kind: "raw", status, headers: { location } }) as const);
    await withAttempt({ answers: () => answers }, async (attempt) => {
      const { lines } = await attempt.run(ask(STREAM, statuses.length));
      expect(lines.filter((line) => line.startsWith("head"))).toEqual(statuses.map(() => "head 502"));
      expect(lines.join()).not.toContain("stolen");
      expect(attempt.answers().map(({ errorCode }) => errorCode)).toEqual(statuses.map(() => "redirect"));
      expect(await elsewhere.connections()).toEqual([]);
      const follow = `fetch(process.argv[1], { method: "POST", body: "{\\"model\\":\\"x\\"}" }).then((r) => console.log(r.url))`;
      const control = ["node", "-e", follow, `${api.url(attempt.apiRun)}/v1/messages`];
      const printed = await plain(control, {
        env: ["NODE_TLS_REJECT_UNAUTHORIZED=0"],
        hostConfig: { NetworkMode: "bridge" },
      });
      expect(printed).toContain(location);
      expect(await elsewhere.requests("stolen")).toHaveLength(1);
    });
  });

  it("is not unpacked: a bomb costs the gateway nothing; a client that unpacks it gets all of it", async () => {
    const bytes = 32 * 2 ** 20;
    await withAttempt({ answers: () => [{ kind: "gzip-bomb", bytes }] }, async (attempt) => {
      const { lines } = await attempt.run(ask(STREAM));
      expect(lines[0]).toBe("head 502");
      expect(attempt.answers()).toMatchObject([{ result: "malformed", errorCode: "compressed", bytes: 0 }]);
      const unpack = `fetch(process.argv[1], { method: "POST", body: "{\\"stream\\":true}" }).then((r) => r.arrayBuffer()).then((b) => console.log(b.byteLength))`;
      const control = await plain(["node", "-e", unpack, `${api.url(attempt.apiRun)}/v1/messages`], {
        env: ["NODE_TLS_REJECT_UNAUTHORIZED=0", "NODE_NO_WARNINGS=1"],
        hostConfig: { NetworkMode: "bridge" },
      });
      expect(Number(control)).toBe(bytes);
    });
  });

  it("is cut at the cap when it has no end, and the API is told; below the cap it is whole", async () => {
    const responseBytes = 2 ** 20;
    const comments = `: ${"-".repeat(1020)}\n\n`;
    const stream = {
      kind: "raw",
      status: 200,
      headers: { "content-type": "text/event-stream" },
      body: comments,
    } as const;
    const error = {
      kind: "raw",
      status: 400,
      headers: { "content-type": "application/json" },
      body: comments,
    } as const;
    const answers: Answer[] = [
      { ...stream, repeat: 100 },
      { ...error, repeat: 1_000_000 },
      { ...stream, repeat: 1_000_000 },
    ];
    await withAttempt({ answers: () => answers, caps: { responseBytes } }, async (attempt) => {
      const { lines } = await attempt.run(ask(STREAM, answers.length));
      expect(lines.map((line) => line.split(" ", 2).join(" ").replace(/ \{.*/, ""))).toEqual([
        "head 200",
        "first",
        "whole",
        "head 502",
        "first",
        "whole",
        "head 200",
        "first",
        "cut",
      ]);
      const endless = attempt.answers().slice(1);
      expect(endless.map(({ errorCode }) => errorCode)).toEqual(["response-bytes", "response-bytes"]);
      for (const { bytes } of endless) expect(bytes).toBeLessThan(responseBytes + 2 ** 18);
      const requests = await api.requests(attempt.apiRun, { ended: answers.length });
      expect(requests.map(({ end }) => end)).toEqual(["complete", "client-gone", "client-gone"]);
    });
  });
});

describe("a server that is not the API", () => {
  it("gets nothing of the key, whether its authority or its name is wrong; the API itself gets it", async () => {
    await withAttempt({}, async (attempt) => {
      expect((await attempt.run(ask(STREAM))).lines[0]).toBe("head 200");
      expect((await api.everyByte()).toString("latin1")).toContain(attempt.key);
      const { bridge } = await networkOf(attempt);
      const wrong: readonly [string, Partial<ModelAccess["upstream"]>][] = [
        [
          "SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE",
          { ca: readFileSync(api.wrongCaFile, "utf8") },
        ],
        ["SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE", { ca: null }],
        ["ERR_TLS_CERT_ALTNAME_INVALID", { url: api.url().replace(/\/\/[^:]+/, `//${bridge}`) }],
      ];
      for (const [code, upstream] of wrong) {
        const before = (await api.connections()).length;
        await withAttempt({ upstream, slot: 1 }, async (other) => {
          expect((await other.run(ask(STREAM))).lines[0]).toBe("head 502");
          expect(other.answers()).toMatchObject([{ result: "unreachable", status: null }]);
          expect(other.answers()[0]?.errorCode).toMatch(new RegExp(`^(?:${code})$`));
          // It was reached, and was sent nothing.
          const made = (await api.connections()).slice(before);
          expect(made.length).toBeGreaterThan(0);
          expect(made.map(({ bytes }) => bytes).join("")).toBe("");
        });
      }
    });
  });
});

describe("a flood", () => {
  const FLOOD = `
    const net = require("node:net");
    const http = require("node:http");
    const head = "POST /v1/messages HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nContent-Type: application/json\\r\\nX-Api-Key: " + process.env.MODEL_TOKEN + "\\r\\n";
    const idle = async (count, to, mayStay, word) => {
      let closed = 0;
      await new Promise((done) => {
        for (let made = 0; made < count; made += 1) {
          const socket = net.connect(to);
          socket.resume().on("error", () => undefined);
          socket.once("close", () => { closed += 1; if (closed === count - mayStay) console.log(word + " capped"); if (closed === count) done(); });
        }
      });
      console.log(word + " all gone");
    };
    const quick = async (count) => {
      const seen = {};
      const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
      const body = ${JSON.stringify(bodyText())};
      const one = () => new Promise((done) => {
        const request = http.request({ host: "127.0.0.1", port: ${GATEWAY_PORT}, agent, path: "/v1/messages", method: "POST", headers: { "content-type": "application/json", "x-api-key": process.env.MODEL_TOKEN } }, (response) => {
          seen[response.statusCode] = (seen[response.statusCode] ?? 0) + 1;
          response.resume().once("close", done);
        });
        request.once("error", (error) => { seen[error.code] = (seen[error.code] ?? 0) + 1; done(); });
        request.end(body);
      });
      for (let sent = 0; sent < count; sent += 20) await Promise.all(Array.from({ length: 20 }, one));
      console.log("quick " + JSON.stringify(seen));
    };
    const slow = () => new Promise((done) => {
      const socket = net.connect(${GATEWAY_PORT}, "127.0.0.1");
      let answer = "";
      socket.write(head + "Content-Length: 1000\\r\\n\\r\\n");
      const drip = setInterval(() => socket.write(" "), 1000);
      socket.on("data", (data) => (answer += data));
      socket.on("error", () => undefined);
      socket.once("close", () => { clearInterval(drip); console.log("slow " + answer.split(" ")[1]); done(); });
    });
    (async () => {
      await idle(500, { host: "127.0.0.1", port: ${GATEWAY_PORT} }, 64, "port");
      await idle(500, { path: "${GATEWAY_SOCKET}" }, 64, "socket");
      await quick(2000);
      await Promise.all(Array.from({ length: 8 }, slow));
    })();
  `;

  it(
    "of connections, requests and slow bodies is capped, told in few words, and hurts no sibling",
    { timeout: 120_000 },
    async () => {
      await withAttempt({ slot: 0 }, async (attempt) => {
        await withAttempt({ slot: 1 }, async (sibling) => {
          const lines: string[] = [];
          const served: Promise<unknown>[] = [];
          const onLine = (text: string): void => {
            lines.push(text);
            if (!/capped|quick/.test(text)) return;
            served.push(sibling.run(ask(STREAM)).then((run) => lines.push(`sibling ${run.lines[0]}`)));
          };
          const { run } = await attempt.run(["node", "-e", FLOOD], { onLine });
          await Promise.all(served);
          expect(run.allPassed).toBe(true);
          expect(lines.filter((line) => line.startsWith("sibling"))).toEqual(
            Array(3).fill("sibling head 200"),
          );
          // It was served while the connections were held.
          for (const word of ["port", "socket"])
            expect(lines.indexOf(`${word} all gone`)).toBeGreaterThan(lines.indexOf("sibling head 200"));
          const seen = JSON.parse(
            lines.find((line) => line.startsWith("quick"))?.slice("quick ".length) ?? "{}",
          ) as Record<string, number>;
          expect(Object.keys(seen)).toEqual(["200", "429"]);
          expect(seen["200"]).toBe(240);
          expect(seen["429"]).toBe(1760);
          expect(lines.filter((line) => line.startsWith("slow"))).toHaveLength(8);
          expect(await api.requests(attempt.apiRun)).toHaveLength(240);
          expect(attempt.facts.filter(({ type }) => type === "died")).toEqual([]);
          expect(attempt.denials().length).toBeLessThan(60);
        });
      });
    },
  );

  /** Bodies that are as large as may be, one and several at a time, and prints the status of each. */
  const LARGE = `
    const maxBytes = Number(process.argv[1]);
    const [before, after] = ${JSON.stringify(bodyText())}.split("hello");
    const text = (char) => Buffer.from(before + char.repeat(Math.floor((maxBytes - 1000) / Buffer.byteLength(char))) + after);
    const values = (count, make) => {
      const padding = "p".repeat(Math.max(1, Math.floor(maxBytes / count) - 16));
      const tools = [{ name: "a", input_schema: Array.from({ length: count }, (_, index) => make(padding + index)) }];
      return Buffer.from(JSON.stringify({ ...JSON.parse(${JSON.stringify(bodyText())}), tools }));
    };
    const post = (body) => new Promise((done) => {
      const headers = { "content-type": "application/json", "content-length": body.length, "x-api-key": process.env.MODEL_TOKEN };
      const options = { host: "127.0.0.1", port: ${GATEWAY_PORT}, agent: false, path: "/v1/messages", method: "POST", headers };
      const request = require("node:http").request(options, (response) => response.resume().once("close", () => done(response.statusCode)));
      request.once("error", (error) => done(error.code));
      request.end(body);
    });
    (async () => {
      const makers = [() => text("x"), () => text("\\u4e2d"), () => text("\\\\u4e2d"), () => values(240000, (key) => ({ [key]: 1 })), () => values(480000, (key) => key)];
      for (const make of makers) {
        const body = make();
        for (const count of [1, 2, 4]) console.log((await Promise.all(Array.from({ length: count }, () => post(body)))).join(" "));
      }
    })();
  `;

  it(
    "of the largest bodies does not end the gateway; with half its memory, they do",
    { timeout: 120_000 },
    async () => {
      const MAX_BYTES = 16 * 2 ** 20;
      const large = ["node", "-e", LARGE, String(MAX_BYTES)];
      await withAttempt({}, async (attempt) => {
        const { lines } = await attempt.run(large);
        expect(attempt.facts.filter(({ type }) => type === "died")).toEqual([]);
        expect(new Set(lines.join(" ").split(" "))).toEqual(new Set(["200", "429"]));
        expect((await attempt.run(ask(STREAM))).lines[0]).toBe("head 200");
      });
      await withAttempt({}, async (attempt) => {
        const Memory = 256 * 2 ** 20;
        await under.docker.getContainer(attempt.gateway).update({ Memory, MemorySwap: Memory });
        await attempt.run(large);
        expect(attempt.facts.filter(({ type }) => type === "died")).toHaveLength(1);
      });
    },
  );
});

describe("a gateway that dies", () => {
  const LONG: Answer = { kind: "reply", text: "on and on ", repeat: 100_000, paceMs: 20 };
  /** What the gateway told, but for its signs of life. */
  const told = ({ facts }: GatewayAttempt): string[] =>
    facts.map(({ type }) => type).filter((type) => type !== "alive");
  /** What `ask` prints, without the answers' texts. */
  const steps = (lines: readonly string[]): string[] => lines.map((line) => line.replace(/ \{.*/, ""));

  it("in the middle of an answer is an error to the client, a fact, and the end of the run", async () => {
    await withAttempt({ answers: () => [LONG] }, async (attempt) => {
      const controller = new AbortController();
      const died = attempt.fact(({ type }) => type === "died");
      const stop = died.then(() => controller.abort(new SandboxStop("gateway-died", "it died")));
      const gateway = under.docker.getContainer(attempt.gateway);
      const killed: Promise<unknown>[] = [];
      const [program, flag, script, input] = ask(STREAM, 2) as [string, string, string, string];
      const { run, lines } = await attempt.run(
        ["sh", "-c", '"$@"; sleep 600', "sh", program, flag, script, input],
        {
          signal: controller.signal,
          onLine: (text) => void (text === "first" && killed.push(gateway.kill({ signal: "SIGKILL" }))),
        },
      );
      await Promise.all([...killed, stop]);
      expect(run).toMatchObject({ allPassed: false, end: { reason: "gateway-died" } });
      expect(steps(lines).slice(0, 2)).toEqual(["head 200", "first"]);
      expect(lines.join()).not.toContain("whole");
      // Nothing else has come in its place: who asks now gets no answer.
      const after = await attempt.run(ask(STREAM));
      expect(after.lines).toEqual(["error ECONNRESET"]);
      expect(told(attempt)).toEqual(["died"]);
    });
    await withAttempt({ answers: () => [{ ...LONG, repeat: 100 }] }, async (attempt) => {
      const { run, lines } = await attempt.run(ask(STREAM));
      expect(run.allPassed).toBe(true);
      expect(steps(lines)).toEqual(["head 200", "first", "whole"]);
      expect(told(attempt)).toEqual(["answered"]);
    });
  });

  it("of an abort leaves no core file, which would hold the key; an ordinary program leaves one", async () => {
    await withAttempt({ answers: () => [LONG] }, async (attempt) => {
      const abort = `for pid in /proc/[0-9]*; do if tr '\\0' ' ' < $pid/cmdline | grep -q '^[^ ]*node .*gateway/main'; then grep 'core file' $pid/limits; kill -ABRT \${pid#/proc/}; fi; done`;
      const hostConfig = { NetworkMode: "none", PidMode: `container:${attempt.gateway}` };
      const beside: Promise<string>[] = [];
      const { lines } = await attempt.run(ask(STREAM), {
        onLine: (text) => void (text === "first" && beside.push(plain(["sh", "-c", abort], { hostConfig }))),
      });
      expect(steps(lines)).toEqual(["head 200", "first", "cut"]);
      expect((await Promise.all(beside)).join()).toMatch(/^Max core file size +0 +0 +bytes/);
      await attempt.fact(({ type }) => type === "died");
      const { State } = await under.docker.getContainer(attempt.gateway).inspect();
      expect(State).toMatchObject({ Running: false, ExitCode: 134 });
      expect(await addedFiles(attempt.gateway)).toEqual([]);
      expect(findings(JSON.stringify(attempt.facts), attempt.key)).toEqual([]);
    });
    const Ulimits = [{ Name: "core", Soft: -1, Hard: -1 }];
    const control =
      "cd /tmp; node -e 'process.abort()' 2>/dev/null; ls; cat /proc/sys/kernel/core_pattern; grep 'core file' /proc/self/limits";
    const printed = await plain(["sh", "-c", control], { hostConfig: { NetworkMode: "none", Ulimits } });
    expect(printed).toMatch(/Max core file size +unlimited +unlimited/);
    // Where the kernel hands core files to a program of the host, none is in the folder.
    expect(printed).toMatch(/^core|^[|/]/m);
  });
});

describe("a supervisor that is killed", () => {
  it("takes its gateways with it, and the next start removes what is left; one that lives keeps its own", async () => {
    const workspace = `${under.workspace}-killed`;
    const source = (file: string): string => pathToFileURL(`${import.meta.dirname}/../../src/${file}`).href;
    const script = `
      import { DockerGateways } from ${JSON.stringify(source("sandbox/docker-gateways.ts"))};
      import { findEngine } from ${JSON.stringify(source("engine/find-engine.ts"))};
      const { docker } = await findEngine({ env: process.env });
      const gateways = new DockerGateways({ docker, image: ${JSON.stringify(under.image)}, workspace: ${JSON.stringify(workspace)} });
      const gateway = await gateways.open({
        attempt: { task: "task", attempt: "task.1", token: "0123456789abcdef" },
        access: { provider: "anthropic", credential: { kind: "api-key", value: "sentinel" }, upstream: { url: "https://localhost", ca: null, proxy: null }, models: ["m"], maxOutputTokens: 1, prices: {} },
        budget: { tokens: 1, costUsd: 1 },
        onFact: () => undefined,
      });
      await gateway.ready();
      console.log(gateway.id);
    `;
    await withAttempt({}, async (attempt) => {
      const supervisor = spawn(process.execPath, ["--input-type=module", "-e", script], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const [printed] = (await once(supervisor.stdout, "data")) as [Buffer];
      const gateway = under.docker.getContainer(printed.toString().trim());
      expect((await gateway.inspect()).State.Running).toBe(true);
      supervisor.kill("SIGKILL");
      await gateway.wait();
      expect((await gateway.inspect()).State).toMatchObject({ Running: false, ExitCode: 0 });
      expect((await under.docker.getContainer(attempt.gateway).inspect()).State.Running).toBe(true);
      const swept = await sweep(under.docker, { owners: [workspace] });
      expect(swept).toEqual({ containers: 1, volumes: 1, networks: 1 });
      expect(await sweep(under.docker, { owners: [workspace] })).toEqual({
        containers: 0,
        volumes: 0,
        networks: 0,
      });
    });
  });
});

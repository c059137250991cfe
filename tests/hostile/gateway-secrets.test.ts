import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ModelAccess } from "../../src/contracts/gateway.ts";
import type { Answer } from "../model-api/scenario.ts";
import { ask, ASK, bodyText, requestText, send, STREAM, volume } from "./gateway-requests.ts";
import { useGatewayWorld } from "./gateway-world.ts";
import { findings, spellings } from "./secret-spellings.ts";

const world = useGatewayWorld("gateway-secrets");

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
    await world.current.withAttempt({}, async (attempt) => {
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
      expect((await world.current.api.requests(attempt.apiRun))[0]?.headers["x-api-key"]).toBe(attempt.key);
      const control = await attempt.run(script(attempt.token));
      expect(control.lines.join()).toMatch(/FOUND \/proc\/\d+\/environ/);
      expect(control.lines.join()).toMatch(/FOUND \/proc\/\d+\/mem/);
    });
  });

  it("is in the gateway's memory alone: not in its environment, arguments or files, nor in what the engine tells", async () => {
    const { docker, workspace } = world.current.under;
    await world.current.withAttempt({}, async (attempt) => {
      const since = Math.floor(Date.now() / 1000) - 60;
      await attempt.run(ask(STREAM));
      const beside = await world.current.plain(hunt(attempt.key, false), {
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
      expect(await world.current.addedFiles(attempt.gateway)).toEqual([]);
      expect(
        await world.current.plain(["ls", "-A", "/volume"], {
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
      Image: world.current.under.image,
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
      await world.current.withAttempt({ answers: (key) => [answer(key)] }, async (attempt) => {
        const { lines } = await attempt.run(ask(body));
        expect(lines.join()).toMatch(/^head |^error /);
        expect(findings(lines.join(), attempt.key)).toEqual([]);
        expect(findings(JSON.stringify(attempt.facts), attempt.key)).toEqual([]);
        const headers = { token: attempt.key, line: `POST /${attempt.apiRun}/v1/messages HTTP/1.1`, body };
        const straight = await world.current.plain(send([requestText(headers)], world.current.directly()), {
          hostConfig: { NetworkMode: "bridge" },
        });
        expect(findings(straight, attempt.key)).not.toEqual([]);
      });
    },
  );
});

describe("what the API answers", () => {
  it("is not followed to another host; a client that follows it arrives there", async () => {
    const location = `${world.current.elsewhere.url("stolen")}/v1/messages`;
    const statuses = [301, 302, 303, 307, 308];
    const answers = statuses.map((status) => ({ kind: "raw", status, headers: { location } }) as const);
    await world.current.withAttempt({ answers: () => answers }, async (attempt) => {
      const { lines } = await attempt.run(ask(STREAM, statuses.length));
      expect(lines.filter((line) => line.startsWith("head"))).toEqual(statuses.map(() => "head 502"));
      expect(lines.join()).not.toContain("stolen");
      expect(attempt.answers().map(({ errorCode }) => errorCode)).toEqual(statuses.map(() => "redirect"));
      expect(await world.current.elsewhere.connections()).toEqual([]);
      const follow = `fetch(process.argv[1], { method: "POST", body: "{\\"model\\":\\"x\\"}" }).then((r) => console.log(r.url))`;
      const control = ["node", "-e", follow, `${world.current.api.url(attempt.apiRun)}/v1/messages`];
      const printed = await world.current.plain(control, {
        env: ["NODE_TLS_REJECT_UNAUTHORIZED=0"],
        hostConfig: { NetworkMode: "bridge" },
      });
      expect(printed).toContain(location);
      expect(await world.current.elsewhere.requests("stolen")).toHaveLength(1);
    });
  });

  it("is not unpacked: a bomb costs the gateway nothing; a client that unpacks it gets all of it", async () => {
    const bytes = 32 * 2 ** 20;
    await world.current.withAttempt({ answers: () => [{ kind: "gzip-bomb", bytes }] }, async (attempt) => {
      const { lines } = await attempt.run(ask(STREAM));
      expect(lines[0]).toBe("head 502");
      expect(attempt.answers()).toMatchObject([{ result: "malformed", errorCode: "compressed", bytes: 0 }]);
      const unpack = `fetch(process.argv[1], { method: "POST", body: "{\\"stream\\":true}" }).then((r) => r.arrayBuffer()).then((b) => console.log(b.byteLength))`;
      const control = await world.current.plain(
        ["node", "-e", unpack, `${world.current.api.url(attempt.apiRun)}/v1/messages`],
        {
          env: ["NODE_TLS_REJECT_UNAUTHORIZED=0", "NODE_NO_WARNINGS=1"],
          hostConfig: { NetworkMode: "bridge" },
        },
      );
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
    await world.current.withAttempt({ answers: () => answers, caps: { responseBytes } }, async (attempt) => {
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
      const requests = await world.current.api.requests(attempt.apiRun, { ended: answers.length });
      expect(requests.map(({ end }) => end)).toEqual(["complete", "client-gone", "client-gone"]);
    });
  });
});

describe("a server that is not the API", () => {
  it("gets nothing of the key, whether its authority or its name is wrong; the API itself gets it", async () => {
    await world.current.withAttempt({}, async (attempt) => {
      expect((await attempt.run(ask(STREAM))).lines[0]).toBe("head 200");
      expect((await world.current.api.everyByte()).toString("latin1")).toContain(attempt.key);
      const { bridge } = await world.current.networkOf(attempt);
      const wrong: readonly [string, Partial<ModelAccess["upstream"]>][] = [
        [
          "SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE",
          { ca: readFileSync(world.current.api.wrongCaFile, "utf8") },
        ],
        ["SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE", { ca: null }],
        [
          "ERR_TLS_CERT_ALTNAME_INVALID",
          { url: world.current.api.url().replace(/\/\/[^:]+/, `//${bridge}`) },
        ],
      ];
      for (const [code, upstream] of wrong) {
        const before = (await world.current.api.connections()).length;
        await world.current.withAttempt({ upstream, slot: 1 }, async (other) => {
          expect((await other.run(ask(STREAM))).lines[0]).toBe("head 502");
          expect(other.answers()).toMatchObject([{ result: "unreachable", status: null }]);
          expect(other.answers()[0]?.errorCode).toMatch(new RegExp(`^(?:${code})$`));
          // It was reached, and was sent nothing.
          const made = (await world.current.api.connections()).slice(before);
          expect(made.length).toBeGreaterThan(0);
          expect(made.map(({ bytes }) => bytes).join("")).toBe("");
        });
      }
    });
  });
});

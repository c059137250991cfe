import { spawn } from "node:child_process";
import { once } from "node:events";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { GATEWAY_PORT, GATEWAY_SOCKET } from "../../src/core/gateway-protocol.ts";
import { SandboxStop } from "../../src/core/sandbox-stop.ts";
import { sweep } from "../../src/sandbox/docker/sweep.ts";
import type { GatewayAttempt } from "../fixtures/gateway-attempt.ts";
import type { Answer } from "../model-api/scenario.ts";
import { ask, bodyText, STREAM } from "./gateway-requests.ts";
import { useGatewayWorld } from "./gateway-world.ts";
import { findings } from "./secret-spellings.ts";

const world = useGatewayWorld("gateway-endurance");

// At the same time: the one waits for clients that are slow, the other one works. Each has slots of its own.
describe.concurrent("a flood", () => {
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
      const slows = Array.from({ length: 8 }, slow);
      await idle(500, { host: "127.0.0.1", port: ${GATEWAY_PORT} }, 64, "port");
      await idle(500, { path: "${GATEWAY_SOCKET}" }, 64, "socket");
      await Promise.all(slows);
      await quick(200);
    })();
  `;

  it(
    "of connections, requests and slow bodies is capped, told in few words, and hurts no sibling",
    { timeout: 120_000 },
    async () => {
      // The slow ones count, too.
      await world.current.withAttempt({ slot: 0, caps: { requestsPerMinute: 48 } }, async (attempt) => {
        await world.current.withAttempt({ slot: 1 }, async (sibling) => {
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
          expect(seen["200"]).toBe(40);
          expect(seen["429"]).toBe(160);
          expect(lines.filter((line) => line.startsWith("slow"))).toEqual(Array(8).fill("slow 408"));
          expect(await world.current.api.requests(attempt.apiRun)).toHaveLength(40);
          expect(attempt.facts.filter(({ type }) => type === "died")).toEqual([]);
          const rules = new Set(attempt.denials().map(({ rule }) => rule));
          expect([...rules].toSorted()).toEqual(["http.timeout", "rate.connections", "rate.per-minute"]);
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
      await world.current.withAttempt({ slot: 2 }, async (attempt) => {
        const { lines } = await attempt.run(large);
        expect(attempt.facts.filter(({ type }) => type === "died")).toEqual([]);
        expect(new Set(lines.join(" ").split(" "))).toEqual(new Set(["200", "429"]));
        expect((await attempt.run(ask(STREAM))).lines[0]).toBe("head 200");
      });
      await world.current.withAttempt({ slot: 2 }, async (attempt) => {
        const Memory = 256 * 2 ** 20;
        await world.current.under.docker.getContainer(attempt.gateway).update({ Memory, MemorySwap: Memory });
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
    await world.current.withAttempt({ answers: () => [LONG] }, async (attempt) => {
      const controller = new AbortController();
      const died = attempt.fact(({ type }) => type === "died");
      const stop = died.then(() => controller.abort(new SandboxStop("gateway-died", "it died")));
      const gateway = world.current.under.docker.getContainer(attempt.gateway);
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
    await world.current.withAttempt({ answers: () => [{ ...LONG, repeat: 100 }] }, async (attempt) => {
      const { run, lines } = await attempt.run(ask(STREAM));
      expect(run.allPassed).toBe(true);
      expect(steps(lines)).toEqual(["head 200", "first", "whole"]);
      expect(told(attempt)).toEqual(["answered"]);
    });
  });

  it("of an abort leaves no core file, which would hold the key; an ordinary program leaves one", async () => {
    await world.current.withAttempt({ answers: () => [LONG] }, async (attempt) => {
      const abort = `for pid in /proc/[0-9]*; do if tr '\\0' ' ' < $pid/cmdline | grep -q '^[^ ]*node .*gateway/main'; then grep 'core file' $pid/limits; kill -ABRT \${pid#/proc/}; fi; done`;
      const hostConfig = { NetworkMode: "none", PidMode: `container:${attempt.gateway}` };
      const beside: Promise<string>[] = [];
      const { lines } = await attempt.run(ask(STREAM), {
        onLine: (text) =>
          void (text === "first" && beside.push(world.current.plain(["sh", "-c", abort], { hostConfig }))),
      });
      expect(steps(lines)).toEqual(["head 200", "first", "cut"]);
      expect((await Promise.all(beside)).join()).toMatch(/^Max core file size +0 +0 +bytes/);
      await attempt.fact(({ type }) => type === "died");
      const { State } = await world.current.under.docker.getContainer(attempt.gateway).inspect();
      expect(State).toMatchObject({ Running: false, ExitCode: 134 });
      expect(await world.current.addedFiles(attempt.gateway)).toEqual([]);
      expect(findings(JSON.stringify(attempt.facts), attempt.key)).toEqual([]);
    });
    const Ulimits = [{ Name: "core", Soft: -1, Hard: -1 }];
    const control =
      "cd /tmp; node -e 'process.abort()' 2>/dev/null; ls; cat /proc/sys/kernel/core_pattern; grep 'core file' /proc/self/limits";
    const printed = await world.current.plain(["sh", "-c", control], {
      hostConfig: { NetworkMode: "none", Ulimits },
    });
    expect(printed).toMatch(/Max core file size +unlimited +unlimited/);
    // Where the kernel hands core files to a program of the host, none is in the folder.
    expect(printed).toMatch(/^core|^[|/]/m);
  });
});

describe("a supervisor that is killed", () => {
  it("takes its gateways with it, and the next start removes what is left; one that lives keeps its own", async () => {
    const workspace = `${world.current.under.workspace}-killed`;
    const source = (file: string): string => pathToFileURL(`${import.meta.dirname}/../../src/${file}`).href;
    const script = `
      import { DockerGateways } from ${JSON.stringify(source("sandbox/docker/docker-gateways.ts"))};
      import { findEngine } from ${JSON.stringify(source("engine/find-engine.ts"))};
      const { docker } = await findEngine({ env: process.env });
      const gateways = new DockerGateways({ docker, image: ${JSON.stringify(world.current.under.image)}, workspace: ${JSON.stringify(workspace)} });
      const gateway = await gateways.open({
        attempt: { task: "task", attempt: "task.1", token: "0123456789abcdef" },
        access: { provider: "anthropic", credential: { kind: "api-key", value: "sentinel" }, upstream: { url: "https://localhost", ca: null, proxy: null }, models: ["m"], maxOutputTokens: 1, prices: {} },
        budget: { tokens: 1, costUsd: 1 },
        onFact: () => undefined,
      });
      await gateway.ready();
      console.log(gateway.id);
    `;
    await world.current.withAttempt({}, async (attempt) => {
      const supervisor = spawn(process.execPath, ["--input-type=module", "-e", script], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const [printed] = (await once(supervisor.stdout, "data")) as [Buffer];
      const gateway = world.current.under.docker.getContainer(printed.toString().trim());
      expect((await gateway.inspect()).State.Running).toBe(true);
      supervisor.kill("SIGKILL");
      await gateway.wait();
      expect((await gateway.inspect()).State).toMatchObject({ Running: false, ExitCode: 0 });
      expect((await world.current.under.docker.getContainer(attempt.gateway).inspect()).State.Running).toBe(
        true,
      );
      const swept = await sweep(world.current.under.docker, { owners: [workspace] });
      expect(swept).toEqual({ containers: 1, volumes: 1, networks: 1 });
      expect(await sweep(world.current.under.docker, { owners: [workspace] })).toEqual({
        containers: 0,
        volumes: 0,
        networks: 0,
      });
    });
  });
});

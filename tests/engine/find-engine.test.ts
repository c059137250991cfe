import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NightwardenError } from "../../src/core/nightwarden-error.ts";
import { findEngine, firstThatAnswers } from "../../src/engine/find-engine.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let folder: string;
let servers: Server[];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nw-é "));
  servers = [];
});

afterEach(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  await rm(folder, { recursive: true, force: true });
});

async function listen(name: string, answer: Answer): Promise<string> {
  const socket = path.join(folder, name);
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return `unix://${socket}`;
}

const engine: Answer = (request, response) => {
  const answers: Record<string, unknown> = {
    "/_ping": "OK",
    "/version": { Version: "28.1", ApiVersion: "1.49", Os: "linux", Arch: "arm64" },
    "/info": { CgroupVersion: "2", SecurityOptions: ["name=seccomp,profile=builtin", "name=rootless"] },
  };
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(answers[request.url ?? ""]));
};

function candidate(host: string, source = "known socket") {
  return { source, host, tls: undefined, problem: undefined };
}

async function refusal(promise: Promise<unknown>): Promise<NightwardenError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof NightwardenError) return error;
  throw new Error("was not refused", { cause: error });
}

describe("the engine that is found", () => {
  it("is described as it describes itself", async () => {
    const host = await listen("docker.sock", engine);
    const { docker, ...found } = await findEngine({ env: { DOCKER_HOST: host, HOME: folder } });
    expect(found).toEqual({
      host,
      source: "DOCKER_HOST",
      version: "28.1",
      apiVersion: "1.49",
      os: "linux",
      arch: "arm64",
      cgroupVersion: "2",
      securityOptions: ["name=seccomp,profile=builtin", "name=rootless"],
    });
    expect(String(await docker.ping())).toBe("OK");
  });

  it("is the first that answers", async () => {
    const dead = `unix://${path.join(folder, "none.sock")}`;
    const live = await listen("live.sock", engine);
    const found = await firstThatAnswers([candidate(dead), candidate(live, "second")]);
    expect(found).toMatchObject({ host: live, source: "second" });
  });

  it("is refused with every candidate and its reason where none answers", async () => {
    const silent = await listen("silent.sock", () => undefined);
    const angry = await listen("angry.sock", (_request, response) => {
      response.statusCode = 500;
      response.end('{"message":"out of order"}');
    });
    const error = await refusal(
      firstThatAnswers(
        [
          candidate(`unix://${folder}/none.sock`),
          candidate(silent),
          candidate(angry),
          { ...candidate("ssh://far"), problem: "not supported" },
        ],
        200,
      ),
    );
    expect(error.code).toBe("refused.engine");
    expect(error.hint).toContain("DOCKER_HOST");
    expect(error.message.split("\n").slice(1)).toEqual([
      expect.stringMatching(/none\.sock: there is no such socket$/),
      expect.stringMatching(/silent\.sock: no answer within 0\.2 s$/),
      expect.stringMatching(/angry\.sock: .*out of order/),
      expect.stringMatching(/ssh:\/\/far: not supported$/),
    ]);
  });

  it("is never another one than DOCKER_HOST names", async () => {
    const error = await refusal(findEngine({ env: { DOCKER_HOST: `unix://${folder}/none.sock` } }));
    expect(error.message.split("\n")).toHaveLength(2);
  });
});

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runPlainContainer } from "../fixtures/plain-container.ts";
import { testEngine, type TestEngine } from "../fixtures/test-engine.ts";
import { ask } from "./ask.ts";
import { LABEL_SCRIPTED_API, startScriptedApi } from "./scripted-api.ts";

let engine: TestEngine;
let api: Awaited<ReturnType<typeof startScriptedApi>>;

beforeAll(async () => {
  engine = await testEngine();
  api = await startScriptedApi();
});
afterAll(async () => await api.stop());

/** A client in a container on a bridge of its own, as a gateway is. It trusts the authority that it gets as an argument. */
const CLIENT = `
  const [url, ca] = process.argv.slice(1);
  const request = require("node:https").request(url, { method: "POST", ca }, (response) => {
    response.setEncoding("utf8").on("data", (text) => process.stdout.write(text));
  });
  request.on("error", (error) => console.log(error.code));
  request.end(JSON.stringify({ model: "m", messages: [] }));
`;

describe("the scripted API in a container", () => {
  it("is reached from a bridge whose containers can not see each other, by its name in the certificate", async () => {
    await api.program("bridge", { turns: [{ kind: "reply", text: "reached" }] });
    const name = `nightwarden-tests-${api.id}`;
    const options = { "com.docker.network.bridge.enable_icc": "false" };
    const network = await engine.docker.createNetwork({ Name: name, Options: options });
    try {
      const answerTo = async (caFile: string): Promise<string> =>
        await runPlainContainer({
          docker: engine.docker,
          image: engine.image,
          command: ["node", "-e", CLIENT, `${api.url("bridge")}/v1/messages`, readFileSync(caFile, "utf8")],
          hostConfig: { NetworkMode: name },
        });
      expect(await answerTo(api.wrongCaFile)).toMatch(/^[A-Z_]+\n$/);
      expect(await api.requests("bridge")).toEqual([]);
      expect(await answerTo(api.caFile)).toContain("reached");
      expect(await api.requests("bridge", { ended: 1 })).toHaveLength(1);
    } finally {
      await network.remove();
    }
  });

  it("leaves nothing behind when it stops", async () => {
    const other = await startScriptedApi();
    const filters = { label: [`${LABEL_SCRIPTED_API}=${other.id}`] };
    const containers = async (): Promise<number> =>
      (await engine.docker.listContainers({ all: true, filters })).length;
    expect(await containers()).toBe(1);
    const ca = readFileSync(other.caFile);
    expect((await ask({ url: `${other.url("x")}/v1/messages`, ca, body: {} })).status).toBe(404);
    await other.stop();
    expect(await containers()).toBe(0);
  });
});

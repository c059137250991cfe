import { readFileSync, rmSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ModelAccess } from "../../src/contracts/gateway.ts";
import { summarise } from "../../src/core/summary.ts";
import { userUnderTest, type UserUnderTest } from "../fixtures/user-under-test.ts";
import { startScriptedApiHere } from "../model-api/scripted-api-here.ts";
import type { ScriptedApi } from "../model-api/scripted-api-client.ts";
import { AskingAgent, GO_ON, NightWorld } from "../night/night-world.ts";

/*
 * The caps on what a model is used for, as users of their own. A client is not brought along there (`caps.test.ts` has the
 * real one in containers), so a program asks as a client does: through the gateway, in a night with the real sandboxes.
 */

const MODEL = "scripted-model";
const USAGE = { input: 4000, cacheRead: 0, cacheWrite: 0, output: 500 };
const PRICE = { input: 3, cacheRead: 3, cacheWrite: 3, output: 15 };

let under: UserUnderTest;
let api: ScriptedApi;
let world: NightWorld;

beforeAll(async () => {
  [under, api, world] = await Promise.all([
    userUnderTest("model-caps"),
    startScriptedApiHere(),
    NightWorld.create(),
  ]);
});
afterAll(async () => {
  world.dispose();
  await api.stop();
  expect(await under.leftovers()).toEqual([]);
  rmSync(under.root, { recursive: true, force: true });
});

/** Asks once, and writes its file whatever the answer is: a cap that is only asked for would land. */
const ASK = `
  const body = JSON.stringify({ model: "${MODEL}", max_tokens: 1000, stream: true, messages: [{ role: "user", content: "Hello" }] });
  const headers = { "content-type": "application/json", "x-api-key": process.env.MODEL_TOKEN, "anthropic-version": "2023-06-01" };
  fetch("http://127.0.0.1:8402/v1/messages", { method: "POST", headers, body })
    .then((answer) => answer.text()).catch(() => undefined)
    .then(() => require("node:fs").writeFileSync(process.env.NIGHTWARDEN_TASK + ".txt", "asked"));
`;

it("tokens and cost: a task fails by each and is not tried again; under the phase's caps it lands", async () => {
  await api.program("caps", { turns: [[{ kind: "reply", text: "Hello!", usage: USAGE }]] });
  const access: ModelAccess = {
    provider: "anthropic",
    credential: { kind: "api-key", value: "sk-ant-of-the-caps" },
    upstream: { url: api.url("caps"), ca: readFileSync(api.caFile, "utf8"), proxy: null },
    models: [MODEL],
    maxOutputTokens: 1000,
    prices: { [MODEL]: PRICE },
  };
  const rows = [
    { id: "tokens", limits: { tokens: 3000 }, reason: "cap-tokens" },
    { id: "cost", limits: { cost: 0.005 }, reason: "cap-cost" },
  ] as const;
  const stories = rows.flatMap(({ id, limits }) => [
    { id, limits, agent_: () => 0, verify: ["true"] },
    { id: `${id}-control`, agent_: () => 0, verify: ["true"] },
  ]);
  const agents = stories.map(
    ({ id }) => [id, new AskingAgent({ name: id, command: ["node", "-e", ASK], env: {} })] as const,
  );
  const night = await world.run(
    stories,
    { policy: { ...GO_ON, retries: 1 }, verify: new Map([["app", ["true"]]]), isolation: "user" },
    undefined,
    {
      sandboxes: under.sandboxes,
      trees: under.trees,
      gateways: under.gateways,
      residue: [],
      images: {
        ensure: async () => await Promise.resolve({ id: under.image, base: "test", built: false }),
      },
      agents: new Map(agents),
      modelAccess: async () => await Promise.resolve(access),
    },
  );
  if (!night) throw new Error("there was no night");
  const { tasks } = summarise(night);
  for (const { id, limits, reason } of rows) {
    const [limit = 0] = Object.values(limits);
    const capped = tasks.find((task) => task.id === id);
    expect(capped).toMatchObject({ result: "failed", reason, attempts: 1, cap: { name: id, limit } });
    expect(capped?.cap?.seen).toBeGreaterThanOrEqual(limit);
    expect(capped?.cap?.seen).toBeLessThanOrEqual(limit * 10);
    expect(tasks.find((task) => task.id === `${id}-control`)).toMatchObject({ result: "landed", cap: null });
  }
  expect(world.landedSubjects(night)).toEqual(["Title of tokens-control", "Title of cost-control"]);
});

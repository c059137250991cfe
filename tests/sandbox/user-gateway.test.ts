import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { GatewayFact, OpenGateway } from "../../src/contracts/gateway.ts";
import type { SandboxRun } from "../../src/contracts/sandbox.ts";
import { newAttempt, treeSourceOf } from "../contract/sandboxes.ts";
import { baseRepository } from "../fixtures/hostile-attempt.ts";
import { processesWith } from "../fixtures/host-processes.ts";
import { TEST_LIMITS } from "../fixtures/test-limits.ts";
import { userUnderTest, type UserUnderTest } from "../fixtures/user-under-test.ts";
import { startScriptedApiHere } from "../model-api/scripted-api-here.ts";
import type { ScriptedApi } from "../model-api/scripted-api-client.ts";

let under: UserUnderTest;
let api: ScriptedApi;
let repository: ReturnType<typeof baseRepository>;

beforeAll(async () => {
  [under, api] = await Promise.all([userUnderTest("gateway"), startScriptedApiHere()]);
  repository = baseRepository();
});
afterAll(async () => {
  repository.dispose();
  await api.stop();
  expect(await under.leftovers()).toEqual([]);
  rmSync(under.root, { recursive: true, force: true });
});

const MODEL = "scripted-model";

/** Opens a gateway in front of the scripted API, and gives what it tells. */
async function openGateway(
  key: string,
  attempt = newAttempt(),
): Promise<{ gateway: OpenGateway; facts: GatewayFact[]; attempt: typeof attempt }> {
  const run = `run-${randomUUID()}`;
  await api.program(run, { turns: [[{ kind: "reply", text: "scripted" }]] });
  const facts: GatewayFact[] = [];
  const gateway = await under.gateways.open({
    attempt,
    access: {
      provider: "anthropic",
      credential: { kind: "api-key", value: key },
      upstream: { url: api.url(run), ca: readFileSync(api.caFile, "utf8"), proxy: null },
      models: [MODEL],
      maxOutputTokens: 1000,
      prices: {},
    },
    budget: { tokens: 10_000_000, costUsd: 1000 },
    onFact: (fact) => facts.push(fact),
  });
  return { gateway, facts, attempt };
}

/** Runs an agent's program with a gateway, and gives what it printed. */
async function runWith(
  gateway: OpenGateway | undefined,
  attempt: ReturnType<typeof newAttempt>,
  script: string,
): Promise<{ run: SandboxRun; lines: string[] }> {
  const trees = await under.trees.open({ attempt, slot: 0 });
  try {
    await trees.fill("agent", treeSourceOf(repository.path));
    const place = {
      attempt,
      image: under.image,
      trees,
      tree: "agent",
      limits: TEST_LIMITS,
      slot: 0,
    } as const;
    const sandbox = await under.sandboxes.start({ ...place, role: "agent", ...(gateway ? { gateway } : {}) });
    const lines: string[] = [];
    const run = await sandbox.run(
      {
        commands: [["node", "-e", script]],
        env: { MODEL_TOKEN: gateway?.model.token ?? "none" },
        stdin: "",
        wallClockMs: 60_000,
        outputBytes: 2 ** 20,
        maxLineBytes: 2 ** 20,
        onLine: ({ text }) => lines.push(text),
      },
      new AbortController().signal,
    );
    await sandbox.destroy();
    return { run, lines };
  } finally {
    await trees.close();
  }
}

const ASK = `
  const body = JSON.stringify({ model: process.env.MODEL ?? "${MODEL}", max_tokens: 10, messages: [{ role: "user", content: "Hello" }] });
  const headers = { "content-type": "application/json", "x-api-key": process.env.MODEL_TOKEN, "anthropic-version": "2023-06-01" };
  const ask = (path) => fetch("http://127.0.0.1:8402" + path, { method: "POST", headers, body })
    .then(async (answer) => console.log(answer.status, await answer.text()), (error) => console.log("no way", error.cause?.code));
`;

describe("a gateway as a user of its own", () => {
  it("is an agent's one way to its model; the key is where it is, and nowhere in the sandbox", async () => {
    const key = `sk-ant-api03/Sentinel+${randomUUID()}==`;
    const { gateway, facts, attempt } = await openGateway(key);
    try {
      await gateway.ready();
      const hunt = `
        const fs = require("node:fs");
        for (const pid of fs.readdirSync("/proc").filter((name) => /^\\d+$/.test(name)))
          for (const file of ["cmdline", "environ"])
            try { console.log(fs.readFileSync("/proc/" + pid + "/" + file, "latin1")); } catch {}
        console.log(fs.readdirSync("/run/gateway").join());
        try { fs.writeFileSync("/run/gateway/x", ""); console.log("WROTE"); } catch (error) { console.log(error.code); }
        try { fs.rmSync("/run/gateway/api.sock"); console.log("REMOVED"); } catch (error) { console.log(error.code); }`;
      const { run, lines } = await runWith(
        gateway,
        attempt,
        `${ASK} ask("/v1/messages").then(() => ask("/v1/files")).then(() => { ${hunt} });`,
      );
      expect(run.allPassed).toBe(true);
      expect(lines[0]).toMatch(/^200 .*scripted/);
      expect(lines[1]).toMatch(/^403 /);
      expect(lines.slice(-3)).toEqual(["api.sock", "EROFS", "EROFS"]);
      expect(lines.join("\n")).not.toContain(key);
      // Nor is it in the arguments or the environment of any process of this machine.
      expect([...processesWith(key), ...processesWith(key, "environ")]).toEqual([]);
      const bytes = (await api.everyByte()).toString("latin1");
      expect(bytes).toContain(key);
      expect(bytes).not.toContain(gateway.model.token);
      // It runs, and as nobody's user.
      const users = processesWith("gateway/main.js").map((pid) => /^Uid:\s+(\d+)/m.exec(statusOf(pid))?.[1]);
      expect(users).toContain("71000");
    } finally {
      await gateway.close();
    }
    expect(facts.map(({ type }) => type)).toContain("answered");
    expect(facts.map(({ type }) => type)).toContain("denied");
    expect(facts.map(({ type }) => type)).not.toContain("died");
    expect(await under.leftovers()).toEqual([]);
  });

  it("without one there is no way at all", async () => {
    const { lines } = await runWith(undefined, newAttempt(), `${ASK} ask("/v1/messages");`);
    expect(lines).toEqual(["no way ECONNREFUSED"]);
  });

  it("one that is killed says so, and the agent has no other way", async () => {
    const { gateway, facts, attempt } = await openGateway("sk-ant-killed");
    try {
      await gateway.ready();
      const own = processesWith("gateway/main.js").filter(
        (pid) => statusOf(pid).includes("71000") && groupOf(pid).includes(gateway.id),
      );
      expect(own.length).toBeGreaterThan(0);
      for (const pid of own) process.kill(pid, "SIGKILL");
      await expect.poll(() => facts.map(({ type }) => type), { timeout: 20_000 }).toContain("died");
      const { lines } = await runWith(gateway, attempt, `${ASK} ask("/v1/messages");`).catch(
        (error: unknown) => ({
          lines: [String(error)],
        }),
      );
      expect(lines.join()).toMatch(/no way|there is no gateway/);
    } finally {
      await gateway.close();
    }
  });
});

function statusOf(pid: number): string {
  return readdirSync("/proc").includes(String(pid)) ? readFileSync(`/proc/${pid}/status`, "utf8") : "";
}

function groupOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, "utf8");
  } catch {
    return "";
  }
}

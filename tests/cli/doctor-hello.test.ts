import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CliWorkspace } from "../fixtures/cli-workspace.ts";
import { startScriptedApi } from "../model-api/scripted-api.ts";
import type { Answer } from "../model-api/scenario.ts";

/** The real clients, from npm, against a scripted API: they need no other network than the gateway's. */

const KEYS = {
  ANTHROPIC_API_KEY: "sk-ant-api03-sentinel-of-anthropic",
  OPENAI_API_KEY: "sk-proj-sentinel-of-openai",
} as const;
const CLIENTS = {
  claude: { kind: "claude", model: "claude-sonnet-4-5" },
  codex: { kind: "codex", model: "gpt-5.2" },
} as const;

interface AgentSpec {
  readonly client: keyof typeof CLIENTS;
  readonly answer?: Answer;
  readonly upstream?: { readonly url: string; readonly caFile?: string };
}

let api: Awaited<ReturnType<typeof startScriptedApi>>;
beforeAll(async () => {
  api = await startScriptedApi();
}, 120_000);
afterAll(async () => await api.stop());

/** A workspace in which each agent has a task, and an API that answers it as the test wants. */
async function doctorOf(agents: Readonly<Record<string, AgentSpec>>): Promise<{
  readonly exitCode: number | null;
  readonly printed: string;
  readonly hello: Readonly<Record<string, { verdict: string; message: string; hint: string | null }>>;
}> {
  const names = Object.keys(agents);
  const workspace = await CliWorkspace.create({ tasks: names.map((id) => ({ id, agent: "true" })) });
  const entries = Object.entries(agents).map(async ([name, { client, answer, upstream }]) => {
    if (answer) await api.program(name, { turns: [answer] });
    return [name, { ...CLIENTS[client], upstream: upstream ?? { url: api.url(name), caFile: api.caFile } }];
  });
  workspace.write("nightwarden.yaml", {
    version: 1,
    repositories: { app: { path: workspace.repository(), verify: ["true"] } },
    agents: Object.fromEntries(await Promise.all(entries)) as unknown,
    agent: names[0],
  });
  const { exitCode, stdout, stderr } = await workspace.start(["doctor", "--json"], { env: KEYS }).ended;
  const { probes } = JSON.parse(stdout) as {
    probes: { probe: string; subject: string; verdict: string; message: string; hint: string | null }[];
  };
  const hello = probes.filter(({ probe }) => probe === "hello");
  return {
    exitCode,
    printed: stdout + stderr,
    hello: Object.fromEntries(
      hello.map(({ subject, verdict, message, hint }) => [subject, { verdict, message, hint }]),
    ),
  };
}

describe("the hello of doctor", () => {
  it("is answered through the gateway by both clients, and only the API sees the keys", async () => {
    const answer: Answer = { kind: "reply", text: "hello" };
    const { exitCode, hello, printed } = await doctorOf({
      claude: { client: "claude", answer },
      codex: { client: "codex", answer },
    });
    expect(hello).toMatchObject({
      claude: { verdict: "ok", message: expect.stringMatching(/^claude-sonnet-4-5 answered in /) as string },
      codex: { verdict: "ok", message: expect.stringMatching(/^gpt-5\.2 answered in /) as string },
    });
    expect(exitCode).toBe(0);
    for (const [name, key] of [
      ["claude", KEYS.ANTHROPIC_API_KEY],
      ["codex", KEYS.OPENAI_API_KEY],
    ] as const) {
      const requests = JSON.stringify(await api.requests(name));
      expect(requests).toContain(key);
      expect(requests).toContain("Reply with the single word hello");
    }
    for (const key of Object.values(KEYS)) expect(printed).not.toContain(key);
  });

  it("that fails says what failed: key, right, model, quota, certificate and network are told apart", async () => {
    const error = (status: number, headers: Readonly<Record<string, string>> = {}): AgentSpec => ({
      client: "claude",
      answer: { kind: "error", status, headers },
    });
    const { exitCode, hello, printed } = await doctorOf({
      key: error(401),
      right: error(403),
      model: error(404),
      quota: error(429, { "retry-after": "3600" }),
      broken: error(500),
      certificate: { client: "claude", upstream: { url: api.url("key"), caFile: api.wrongCaFile } },
      network: { client: "claude", upstream: { url: "https://127.0.0.1:9" } },
    });
    expect(exitCode).toBe(3);
    const words: Readonly<Record<string, readonly [message: string, hint: string]>> = {
      key: ["the API refused the key (HTTP 401", "the environment variable ANTHROPIC_API_KEY"],
      right: ["does not let this key use claude-sonnet-4-5 (HTTP 403", "plan or region"],
      model: ["does not know the model claude-sonnet-4-5 (HTTP 404", "`model`"],
      quota: ["quota or credit is used up (HTTP 429", "Go on after 20"],
      broken: ["did not answer as it should (HTTP 500", "Try again in some minutes"],
      certificate: ["is not trusted (unreachable, ", "network.caFile"],
      network: ["https://127.0.0.1:9 cannot be reached (unreachable, ECONNREFUSED)", "network.proxy"],
    };
    expect(hello).toMatchObject(
      Object.fromEntries(
        Object.entries(words).map(([name, [message, hint]]) => [
          name,
          {
            verdict: "refused",
            message: expect.stringContaining(message) as string,
            hint: expect.stringContaining(hint) as string,
          },
        ]),
      ),
    );
    // No retries of the client's own: a broken API is asked once.
    expect(await api.requests("broken")).toHaveLength(1);
    for (const key of Object.values(KEYS)) expect(printed).not.toContain(key);
  });
});

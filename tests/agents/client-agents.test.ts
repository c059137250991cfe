import { describe, expect, it } from "vitest";
import { ClaudeAgent } from "../../src/agents/claude-agent.ts";
import { CodexAgent } from "../../src/agents/codex-agent.ts";
import type { Agent, AgentInvocation, AgentRequest } from "../../src/contracts/agent.ts";
import { PINNED_VERSIONS, type ClientName } from "../../src/core/client.ts";

const MODEL = { url: "http://127.0.0.1:8402", token: "the-attempts-own-token" };
const PROMPT = 'Fix the "parser".\nIt is wrong.';

function agent(client: ClientName, env: Readonly<Record<string, string>> = {}): Agent {
  const Client = client === "claude" ? ClaudeAgent : CodexAgent;
  return new Client({ name: "night-shift", version: PINNED_VERSIONS[client], model: "a-model", env });
}

function invocation(
  client: ClientName,
  more: Partial<AgentRequest> = {},
  env: Readonly<Record<string, string>> = {},
): AgentInvocation {
  const request: AgentRequest = { task: "a-task", prompt: PROMPT, model: MODEL, purpose: "task" };
  return agent(client, env).invocation({ ...request, ...more });
}

/** The value of `-c key=value`. */
function setting(command: readonly string[], key: string): string | undefined {
  return command.find((argument) => argument.startsWith(`${key}=`))?.slice(key.length + 1);
}

describe.each(["claude", "codex"] as const)("%s", (client) => {
  it("gets the prompt on standard input and never as an argument or variable", () => {
    const { command, env, stdin } = invocation(client);
    expect(stdin).toBe(PROMPT);
    expect([...command, ...Object.values(env)].join("\n")).not.toContain("Fix the");
  });

  it("gets the attempt's token in one variable and never as an argument", () => {
    const { command, env } = invocation(client);
    expect(Object.values(env).filter((value) => value === MODEL.token)).toHaveLength(1);
    expect(command.join("\n")).not.toContain(MODEL.token);
  });

  it("is told the gateway's address and its one model", () => {
    const { command, env } = invocation(client);
    const told = [...command, ...Object.values(env)].join("\n");
    expect(told).toContain(MODEL.url);
    expect(told).toContain("a-model");
  });

  it("keeps its own variables whatever the user's say, and the user's others", () => {
    const own = invocation(client).env;
    const hostile = Object.fromEntries(Object.keys(own).map((name) => [name, "mine"]));
    expect(invocation(client, {}, { ...hostile, MAX_WORDS: "7" }).env).toEqual({ ...own, MAX_WORDS: "7" });
  });

  it("does not start without access to a model", () => {
    expect(() => invocation(client, { model: undefined })).toThrow("without access to its model");
  });

  it("tells its version, and nothing else is taken for one", () => {
    const known = agent(client).client ?? expect.fail("has no client");
    expect(known.version).toBe(PINNED_VERSIONS[client]);
    expect(known.versionCommand).toEqual([`/opt/clients/bin/${client}`, "--version"]);
    const printed = client === "claude" ? "2.1.328 (Claude Code)\n" : "codex-cli 0.169.0\n";
    expect(known.readVersion(printed)).toBe(PINNED_VERSIONS[client]);
    for (const other of [
      "",
      "2.1.328",
      `${printed}more`,
      `Error: ${printed}`,
      "codex-cli 0.169",
      "v20.1.0\n",
    ]) {
      expect(known.readVersion(other)).toBeUndefined();
    }
  });

  it("reads each run with a reader of its own", () => {
    expect(agent(client).reader()).not.toBe(agent(client).reader());
    expect(agent(client).reader().report()).toMatchObject({ verdict: "unfinished", messages: 0 });
  });
});

describe("claude", () => {
  it("tries twice again in a task, and never in a health check", () => {
    expect(invocation("claude").env).toMatchObject({ CLAUDE_CODE_MAX_RETRIES: "2" });
    expect(invocation("claude", { purpose: "hello" }).env).toMatchObject({ CLAUDE_CODE_MAX_RETRIES: "0" });
  });

  it("never takes a prompt for a command of its own", () => {
    expect(invocation("claude", { prompt: "/clear the way" }).stdin).toBe("\n/clear the way");
  });

  it("has no tool that the API would run, that leaves the tree, or that waits", () => {
    const tools = setting(invocation("claude").command, "--tools")?.split(",");
    expect(tools).toContain("Bash");
    for (const tool of [
      "WebSearch",
      "WebFetch",
      "EnterWorktree",
      "ScheduleWakeup",
      "CronCreate",
      "Monitor",
    ]) {
      expect(tools).not.toContain(tool);
    }
  });

  it("leaves the tree's own settings and servers out", () => {
    const { command } = invocation("claude");
    expect(command).toContain("--setting-sources=user");
    expect(command).toContain("--strict-mcp-config");
  });

  it("lets no subagent ask for another model", () => {
    const { env } = invocation("claude");
    const sisters = Object.keys(env).filter((name) => /^ANTHROPIC_DEFAULT_\w+_MODEL$/.test(name));
    expect(sisters).toHaveLength(4);
    for (const sister of sisters) expect(env[sister]).toBe("a-model");
  });
});

describe("codex", () => {
  it("tries twice again in a task, and never in a health check", () => {
    const retries = (command: readonly string[]): (string | undefined)[] =>
      ["request_max_retries", "stream_max_retries"].map((key) =>
        setting(command, `model_providers.nightwarden.${key}`),
      );
    expect(retries(invocation("codex").command)).toEqual(["1", "1"]);
    expect(retries(invocation("codex", { purpose: "hello" }).command)).toEqual(["0", "0"]);
  });

  it("does not wait without end where nobody answers", () => {
    expect(setting(invocation("codex").command, "features.unbounded_connection_retries")).toBe("false");
  });

  it("has no search that the API would run", () => {
    expect(setting(invocation("codex").command, "web_search")).toBe('"disabled"');
  });

  it("writes texts so that they cannot end early and become settings", () => {
    const model = 'm"\nmodel_provider="other';
    const { command } = new CodexAgent({ name: "x", version: "0.169.0", model, env: {} }).invocation({
      task: "a-task",
      prompt: PROMPT,
      model: MODEL,
      purpose: "task",
    });
    expect(setting(command, "model")).toBe(String.raw`"m\"\nmodel_provider=\"other"`);
  });
});

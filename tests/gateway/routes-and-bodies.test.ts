import { describe, expect, it } from "vitest";
import type { Provider } from "../../src/core/provider.ts";
import type { DenialRule } from "../../src/gateway/denial.ts";
import { findRoute } from "../../src/gateway/find-route.ts";
import { prepareBody } from "../../src/gateway/prepare-body.ts";
import { PROVIDER_TABLE } from "../../src/gateway/provider-table.ts";
import { TOKEN } from "./running-gateway.ts";

const MODELS = ["model-a", "gemini-2.5-pro"];

/** What the API would get for a body; or the rule that refuses it. */
function prepare(
  provider: Provider,
  target: string,
  body: object | string,
): Record<string, unknown> | DenialRule {
  const found = findRoute(PROVIDER_TABLE[provider].routes, MODELS, { method: "POST", target });
  if (!found) return "route";
  const prepared = prepareBody({
    found,
    received: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
    models: MODELS,
    token: TOKEN,
    maxOutputTokens: () => 500,
  });
  if (!prepared.ok) return prepared.error.rule;
  return JSON.parse(prepared.value.bytes.toString()) as Record<string, unknown>;
}

const RESPONSES = "/v1/responses";
const CHAT = "/v1/chat/completions";
const GEMINI = "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse";

describe("the table of routes", () => {
  it.each<[Provider, string, boolean]>([
    ["anthropic", "/v1/messages", true],
    ["anthropic", "/v1/messages?beta=true", true],
    ["anthropic", "/v1/messages/count_tokens?beta=true", true],
    ["anthropic", "/v1/messages/batches", false],
    ["anthropic", RESPONSES, false],
    ["openai-responses", RESPONSES, true],
    ["openai-responses", "/v1/responses?x=y", false],
    ["openai-responses", "/v1/responses/resp_1", false],
    ["openai-responses", "/v1/responses/compact", false],
    ["openai-responses", "/v1/files", false],
    ["openai-responses", CHAT, false],
    ["openai-chat", CHAT, true],
    ["openai-chat", "/v1/chat/completions/", false],
    ["openai-chat", "/v1/embeddings", false],
    ["gemini", GEMINI, true],
    ["gemini", "/v1beta/models/gemini-2.5-pro:generateContent", true],
    ["gemini", "/v1beta/models/gemini-2.5-pro:streamGenerateContent", false],
    ["gemini", "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse&key=x", false],
    ["gemini", "/v1beta/models/other:generateContent", false],
    ["gemini", "/v1beta/models/<model>:generateContent", false],
    ["gemini", "/v1beta/models/../files:generateContent", false],
    ["gemini", "/v1beta/models/gemini-2.5-pro:countTokens", false],
  ])("of %s: %s is one: %s", (provider, target, isRoute) => {
    const { routes } = PROVIDER_TABLE[provider];
    expect(findRoute(routes, MODELS, { method: "POST", target })?.target).toBe(isRoute ? target : undefined);
    expect(findRoute(routes, MODELS, { method: "GET", target })).toBeUndefined();
  });
});

describe("a body for OpenAI's Responses API", () => {
  const body = (changes: object): object => ({ model: "model-a", input: [], ...changes });
  const input = (item: object): object => body({ input: [item] });
  const content = (part: object): object => input({ type: "message", role: "user", content: [part] });
  const tool = (value: object): object => body({ tools: [value] });
  const fn = { type: "function", name: "f", parameters: {} };

  it.each<[string, DenialRule, object, object]>([
    ["web search", "body.tool", tool({ type: "web_search" }), tool(fn)],
    ["web search, preview", "body.tool", tool({ type: "web_search_preview" }), tool(fn)],
    [
      "file search",
      "body.tool",
      tool({ type: "file_search", vector_store_ids: [] }),
      tool({ type: "local_shell" }),
    ],
    [
      "code interpreter",
      "body.tool",
      tool({ type: "code_interpreter", container: {} }),
      tool({ type: "apply_patch" }),
    ],
    [
      "MCP",
      "body.tool",
      tool({ type: "mcp", server_url: "https://e.invalid" }),
      tool({ type: "custom", name: "c" }),
    ],
    ["image generation", "body.tool", tool({ type: "image_generation" }), tool(fn)],
    ["computer use", "body.tool", tool({ type: "computer_use_preview" }), tool(fn)],
    [
      "a shell at the API",
      "body.tool",
      tool({ type: "shell", environment: { type: "container_auto" } }),
      tool(fn),
    ],
    [
      "a search of tools at the API",
      "body.value",
      tool({ type: "tool_search" }),
      tool({ type: "tool_search", execution: "client" }),
    ],
    [
      "MCP in a namespace",
      "body.tool",
      tool({ type: "namespace", name: "n", tools: [{ type: "mcp" }] }),
      tool({ type: "namespace", name: "n", tools: [fn] }),
    ],
    [
      "web search that came with the input",
      "body.tool",
      input({ type: "additional_tools", tools: [{ type: "web_search" }] }),
      input({ type: "additional_tools", tools: [fn] }),
    ],
    [
      "web search that a search has found",
      "body.tool",
      input({ type: "tool_search_output", execution: "client", tools: [{ type: "web_search" }] }),
      input({ type: "tool_search_output", execution: "client", tools: [fn] }),
    ],
    [
      "a choice of web search",
      "body.tool",
      body({ tool_choice: { type: "web_search" } }),
      body({ tool_choice: "auto" }),
    ],
    [
      "an image by URL",
      "body.value",
      content({ type: "input_image", image_url: "https://e.invalid/?d=x" }),
      content({ type: "input_image", image_url: "data:image/png;base64,aGk=" }),
    ],
    [
      "an image by id",
      "body.value",
      content({ type: "input_image", file_id: "f" }),
      content({ type: "input_image", image_url: "data:image/png;base64,aGk=", file_id: null }),
    ],
    [
      "an image by URL in a tool's output",
      "body.value",
      input({
        type: "function_call_output",
        output: [{ type: "input_image", image_url: "https://e.invalid" }],
      }),
      input({ type: "function_call_output", output: "https://e.invalid" }),
    ],
    [
      "a file",
      "body.kind",
      content({ type: "input_file", file_url: "https://e.invalid" }),
      content({ type: "input_text", text: "https://e.invalid" }),
    ],
    [
      "a reference to what is stored",
      "body.kind",
      input({ type: "item_reference", id: "x" }),
      input({ type: "reasoning", id: "x", summary: [], content: null }),
    ],
    [
      "a call of an MCP server",
      "body.kind",
      input({ type: "mcp_call" }),
      input({ type: "function_call", name: "f" }),
    ],
    ["an earlier answer", "body.key", body({ previous_response_id: "r" }), body({})],
    ["a conversation", "body.key", body({ conversation: "c" }), body({})],
    ["work in the background", "body.key", body({ background: true }), body({})],
    ["a stored prompt", "body.key", body({ prompt: { id: "p" } }), body({ instructions: "p" })],
    ["another price", "body.key", body({ service_tier: "priority" }), body({})],
    [
      "a list of sources",
      "body.value",
      body({ include: ["web_search_call.action.sources"] }),
      body({ include: ["reasoning.encrypted_content"] }),
    ],
    ["another model", "body.model", body({ model: "model-b" }), body({})],
  ])("is refused with %s", (_, rule, attack, control) => {
    expect(prepare("openai-responses", RESPONSES, attack)).toBe(rule);
    expect(prepare("openai-responses", RESPONSES, control)).toMatchObject({ model: "model-a" });
  });

  it("is never stored, has a limit, and says nothing of the client's own affairs", () => {
    const sent = prepare(
      "openai-responses",
      RESPONSES,
      body({ store: true, client_metadata: { a: "b" }, metadata: {} }),
    );
    expect(sent).toEqual({ model: "model-a", input: [], store: false, max_output_tokens: 500 });
    const low = prepare("openai-responses", RESPONSES, body({ max_output_tokens: 20 }));
    expect(low).toMatchObject({ max_output_tokens: 20 });
  });
});

describe("a body for OpenAI's Chat Completions API", () => {
  const body = (changes: object): object => ({ model: "model-a", messages: [], ...changes });
  const part = (value: object): object => body({ messages: [{ role: "user", content: [value] }] });

  it.each<[string, DenialRule, object, object]>([
    ["web search", "body.key", body({ web_search_options: {} }), body({})],
    ["more than one answer", "body.value", body({ n: 2 }), body({ n: 1 })],
    ["storing", "body.value", body({ store: true }), body({ store: false })],
    [
      "an image by URL",
      "body.value",
      part({ type: "image_url", image_url: { url: "https://e.invalid" } }),
      part({ type: "image_url", image_url: { url: "data:image/png;base64,aGk=" } }),
    ],
    [
      "a file",
      "body.kind",
      part({ type: "file", file: { file_id: "f" } }),
      part({ type: "text", text: "f" }),
    ],
    [
      "a tool of the API's",
      "body.tool",
      body({ tools: [{ type: "web_search" }] }),
      body({ tools: [{ type: "function", function: { name: "f" } }] }),
    ],
  ])("is refused with %s", (_, rule, attack, control) => {
    expect(prepare("openai-chat", CHAT, attack)).toBe(rule);
    expect(prepare("openai-chat", CHAT, control)).toMatchObject({ model: "model-a" });
  });

  it.each([
    [{}, { max_completion_tokens: 500 }],
    [{ max_tokens: 9000 }, { max_tokens: 500 }],
    [
      { max_tokens: 10, max_completion_tokens: 9000 },
      { max_tokens: 10, max_completion_tokens: 500 },
    ],
    [
      { stream: true, max_tokens: 1 },
      { stream: true, max_tokens: 1, stream_options: { include_usage: true } },
    ],
    [
      { stream: true, max_tokens: 1, stream_options: { include_usage: false } },
      { stream: true, max_tokens: 1, stream_options: { include_usage: true } },
    ],
  ])("with %o is sent with %o", (changes, sent) => {
    expect(prepare("openai-chat", CHAT, body(changes))).toEqual({ model: "model-a", messages: [], ...sent });
  });
});

describe("a body for Gemini", () => {
  const parts = (...values: object[]): object => ({ contents: [{ role: "user", parts: values }] });

  it.each<[string, DenialRule, object, object]>([
    ["search", "body.key", { tools: [{ googleSearch: {} }] }, { tools: [{ functionDeclarations: [] }] }],
    ["search, in the other spelling", "body.key", { tools: [{ google_search: {} }] }, {}],
    ["URL context", "body.key", { tools: [{ urlContext: {} }] }, {}],
    ["code execution", "body.key", { tools: [{ codeExecution: {} }] }, {}],
    [
      "a file",
      "body.key",
      parts({ fileData: { fileUri: "https://e.invalid" } }),
      parts({ inlineData: { data: "" } }),
    ],
    ["cached contents", "body.key", { cachedContent: "c" }, {}],
    ["more than one answer", "body.value", { generationConfig: { candidateCount: 2 } }, {}],
    ["the other spelling of a key", "body.key", { generation_config: {} }, { generationConfig: {} }],
  ])("is refused with %s", (_, rule, attack, control) => {
    expect(prepare("gemini", GEMINI, attack)).toBe(rule);
    expect(prepare("gemini", GEMINI, control)).toMatchObject({ generationConfig: { maxOutputTokens: 500 } });
  });
});

describe("JSON that is hard to read", () => {
  const anthropic = (body: string): unknown => prepare("anthropic", "/v1/messages", body);
  const good = '"model":"model-a","messages":[]';

  it.each<[string, string | Buffer, DenialRule]>([
    ["nothing", "", "body.json"],
    ["a list", "[]", "body.value"],
    ["null", "null", "body.value"],
    ["two values", `{${good}}{${good}}`, "body.json"],
    ["a byte order mark", `\uFEFF{${good}}`, "body.json"],
    ["a number that is none", `{${good},"max_tokens":NaN}`, "body.json"],
    ["a number without end", `{${good},"max_tokens":1e999}`, "body.value"],
    ["a limit below zero", `{${good},"max_tokens":-1}`, "body.value"],
    ["a prototype", `{${good},"__proto__":{}}`, "body.key"],
    ["a constructor", `{${good},"constructor":{}}`, "body.key"],
    ["a type that is a property of every object", `{${good},"tools":[{"type":"constructor"}]}`, "body.tool"],
    ["depth", `{${good},"output_config":${"[".repeat(200)}${"]".repeat(200)}}`, "body.nesting"],
    ["numbers without end", `{${good},"stop_sequences":[${"1,".repeat(600_000)}1]}`, "body.nesting"],
  ])("is refused: %s", (_, body, rule) => {
    expect(anthropic(body.toString())).toBe(rule);
    expect(anthropic(`{${good}}`)).toMatchObject({ model: "model-a" });
  });

  it("is refused where it is no UTF-8", () => {
    const found = findRoute(PROVIDER_TABLE.anthropic.routes, MODELS, {
      method: "POST",
      target: "/v1/messages",
    })!;
    const limits = { found, models: MODELS, token: TOKEN, maxOutputTokens: () => 1 };
    const bytes = (text: string): Buffer => Buffer.from(`{${good},"system":"${text}"}`, "latin1");
    expect(prepareBody({ ...limits, received: bytes("\xff") })).toMatchObject({
      error: { rule: "body.json" },
    });
    expect(prepareBody({ ...limits, received: bytes("\xc3\xa4") }).ok).toBe(true);
  });

  it("is not taken for deep because a text looks like it", () => {
    expect(anthropic(`{${good},"system":"${'\\"[{'.repeat(1000)}"}`)).toMatchObject({ model: "model-a" });
  });

  it("keeps keys that are data as they are", () => {
    const schema = '{"__proto__":{"type":"string"},"constructor":1}';
    const sent = anthropic(`{${good},"tools":[{"name":"t","input_schema":${schema}}]}`);
    expect(JSON.stringify(sent)).toContain(schema);
  });
});

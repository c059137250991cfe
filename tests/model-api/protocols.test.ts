import { describe, expect, it } from "vitest";
import { anthropicMessages } from "./anthropic-messages.ts";
import { openaiResponses } from "./openai-responses.ts";
import { asObject, asObjects, asText } from "./json-value.ts";
import { turnAfter, type Protocol } from "./protocol.ts";
import type { Call, Reply } from "./scenario.ts";

const ANTHROPIC_BODY = {
  model: "m",
  stream: true,
  system: [{ type: "text", text: "Primary working directory: /task\nMore." }],
  messages: [{ role: "user", content: "Do it." }],
};
const OPENAI_BODY = {
  model: "m",
  stream: true,
  tools: [{ type: "custom", name: "apply_patch" }],
  input: [{ type: "message", role: "user", content: [{ type: "input_text", text: "Do it." }] }],
};

function wholeOf(protocol: Protocol, body: Record<string, unknown>, reply: Reply): Record<string, unknown> {
  let lastId = 0;
  const context = { conversation: protocol.read(body), nextId: () => (lastId += 1) };
  return asObject(protocol.whole(reply, context));
}

function claudeCalls(call: Call): unknown[] {
  const { content } = wholeOf(anthropicMessages, ANTHROPIC_BODY, { kind: "reply", calls: [call] });
  return asObjects(content).map(({ name, input }) => ({ name, input }));
}

function codexCalls(call: Call, body: Record<string, unknown> = OPENAI_BODY): unknown[] {
  const { output } = wholeOf(openaiResponses, body, { kind: "reply", calls: [call] });
  return asObjects(output).map(({ name, input, arguments: text }) => ({
    name,
    input: input ?? (JSON.parse(asText(text)) as unknown),
  }));
}

const WRITE: Call = { tool: "write", path: "a.txt", content: "one\ntwo\n" };
const EDIT: Call = { tool: "edit", path: "a.txt", from: "one", to: "1" };

describe("what the model asks for", () => {
  it.each([
    [WRITE, [{ name: "Write", input: { file_path: "/task/a.txt", content: "one\ntwo\n" } }]],
    [
      EDIT,
      [
        { name: "Read", input: { file_path: "/task/a.txt" } },
        { name: "Edit", input: { file_path: "/task/a.txt", old_string: "one", new_string: "1" } },
      ],
    ],
    [{ tool: "read", path: "/etc/os-release" }, [{ name: "Read", input: { file_path: "/etc/os-release" } }]],
    [
      { tool: "run", command: "true" },
      [{ name: "Bash", input: { command: "true", description: "Run a command" } }],
    ],
    [{ tool: "unknown" }, [{ name: "NoSuchTool", input: { value: 1 } }]],
  ] satisfies [Call, unknown[]][])("is said to Claude in its own tools: %j", (call, expected) => {
    expect(claudeCalls(call)).toEqual(expected);
  });

  it.each([
    [
      WRITE,
      [{ name: "apply_patch", input: "*** Begin Patch\n*** Add File: a.txt\n+one\n+two\n*** End Patch" }],
    ],
    [
      EDIT,
      [
        {
          name: "apply_patch",
          input: "*** Begin Patch\n*** Update File: a.txt\n@@\n-one\n+1\n*** End Patch",
        },
      ],
    ],
    [{ tool: "read", path: "a.txt" }, [{ name: "exec_command", input: { cmd: "cat 'a.txt'" } }]],
    [{ tool: "run", command: "true" }, [{ name: "exec_command", input: { cmd: "true" } }]],
    [{ tool: "unknown" }, [{ name: "no_such_tool", input: { value: 1 } }]],
  ] satisfies [Call, unknown[]][])("is said to Codex in its own tools: %j", (call, expected) => {
    expect(codexCalls(call)).toEqual(expected);
  });

  it("is said to a Codex that offers no tool for patches as a command of its shell", () => {
    const [call] = codexCalls(EDIT, { ...OPENAI_BODY, tools: [] });
    const patch = "*** Begin Patch\n*** Update File: a.txt\n@@\n-one\n+1\n*** End Patch";
    expect(call).toEqual({ name: "exec_command", input: { cmd: `apply_patch <<'EOF'\n${patch}\nEOF` } });
  });
});

describe("where a conversation is", () => {
  it.each([
    [[], 0],
    [["toolu_turn0_7"], 1],
    // Two calls of one turn are one step, in whatever order their results come.
    [["call_turn1_9", "call_turn0_2", "call_turn1_8"], 2],
    [["from-elsewhere"], 0],
  ])("is read from the ids of the calls that have results: %j is turn %d", (ids, turn) => {
    expect(turnAfter(ids)).toBe(turn);
  });

  it("is read from what the protocols call results, and from nothing else", () => {
    const use = { type: "tool_use", id: "toolu_turn0_1", name: "Bash", input: {} };
    const result = { type: "tool_result", tool_use_id: "toolu_turn0_1", content: "ok" };
    const asked = { messages: [{ role: "assistant", content: [use] }] };
    const answered = { messages: [...asked.messages, { role: "user", content: [result] }] };
    expect(anthropicMessages.read(asked).turn).toBe(0);
    expect(anthropicMessages.read(answered).turn).toBe(1);
    const call = { type: "function_call", call_id: "call_turn0_1" };
    const output = { type: "function_call_output", call_id: "call_turn0_1" };
    expect(openaiResponses.read({ input: [call] }).turn).toBe(0);
    expect(openaiResponses.read({ input: [call, output] }).turn).toBe(1);
  });

  it.each([
    [anthropicMessages, {}],
    [anthropicMessages, { messages: [null, 1, { content: [null, { type: "tool_result" }] }] }],
    [openaiResponses, {}],
    [openaiResponses, { input: [null, { type: 1 }, { type: "x_output" }] }],
  ])("is the start where a body makes no sense", (protocol, body) => {
    expect(protocol.read(body)).toMatchObject({ turn: 0, model: "", streams: false });
  });
});

describe("what an answer costs", () => {
  const usage = { input: 5, cacheRead: 30, cacheWrite: 200, output: 7 };

  it("is counted as Anthropic counts: four kinds that do not overlap", () => {
    expect(wholeOf(anthropicMessages, ANTHROPIC_BODY, { kind: "reply", usage })["usage"]).toEqual({
      input_tokens: 5,
      cache_read_input_tokens: 30,
      cache_creation_input_tokens: 200,
      output_tokens: 7,
    });
  });

  it("is counted as OpenAI counts: what came from the cache is part of the input", () => {
    expect(wholeOf(openaiResponses, OPENAI_BODY, { kind: "reply", usage })["usage"]).toMatchObject({
      input_tokens: 235,
      input_tokens_details: { cached_tokens: 30 },
      output_tokens: 7,
      total_tokens: 242,
    });
  });
});

describe("an error has the provider's own form", () => {
  it.each([
    [400, "invalid_request_error"],
    [401, "authentication_error"],
    [403, "permission_error"],
    [404, "not_found_error"],
    [413, "request_too_large"],
    [429, "rate_limit_error"],
    [500, "api_error"],
    [529, "overloaded_error"],
    [418, "api_error"],
  ])("of Anthropic: %d is %s", (status, type) => {
    const { body } = anthropicMessages.error({ kind: "error", status, headers: { "retry-after": "3" } });
    expect(body).toMatchObject({ type: "error", error: { type, message: expect.any(String) as string } });
  });

  it.each([
    [{ status: 401 }, { code: "invalid_api_key" }],
    [{ status: 429 }, { type: "requests", code: "rate_limit_exceeded" }],
    [{ status: 503 }, { type: "server_error", code: "server_is_overloaded" }],
    [
      { status: 429, type: "usage_limit_reached", fields: { resets_in_seconds: 5 } },
      { type: "usage_limit_reached", code: null, resets_in_seconds: 5 },
    ],
  ])("of OpenAI: %j", (answer, error) => {
    const whole = openaiResponses.error({ kind: "error", ...answer });
    expect(whole).toMatchObject({ status: answer.status, body: { error } });
  });
});

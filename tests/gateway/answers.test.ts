import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Provider } from "../../src/core/provider.ts";
import type { Usage } from "../../src/core/usage.ts";
import { AnswerReader } from "../../src/gateway/answer-reader.ts";
import type { Json } from "../../src/gateway/filter-json.ts";
import { PROVIDER_TABLE } from "../../src/gateway/provider-table.ts";
import { SseScanner } from "../../src/gateway/sse-scanner.ts";
import { ANTHROPIC_STREAM, MESSAGE_START, sse, textDelta } from "./scripted-upstream.ts";

function read(provider: Provider, stream: string, pieceBytes = stream.length): AnswerReader {
  const reader = new AnswerReader(PROVIDER_TABLE[provider].answer);
  const bytes = Buffer.from(stream);
  for (let at = 0; at < bytes.length; at += pieceBytes) reader.push(bytes.subarray(at, at + pieceBytes));
  return reader;
}

const usage = (input: number, cacheRead: number, cacheWrite: number, output: number): Usage => ({
  input,
  cacheRead,
  cacheWrite,
  output,
});

const RESPONSE_USAGE = {
  input_tokens: 1500,
  input_tokens_details: { cached_tokens: 300 },
  output_tokens: 42,
  output_tokens_details: { reasoning_tokens: 7 },
};

describe("the usage of a stream", () => {
  const response = (type: string, changes: object = {}): string =>
    sse({ type: "response.created" }, { type, response: { usage: RESPONSE_USAGE, ...changes } });
  const chat = `data: {"choices":[{"delta":{"content":"Hi"}}],"usage":null}\n\ndata: {"choices":[],"usage":{"prompt_tokens":10,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens":3}}\n\n`;
  const gemini = `data: {"candidates":[{"content":{"parts":[{"text":"Hi"}]}}],"usageMetadata":{"promptTokenCount":9}}\r\n\r\ndata: {"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":9,"cachedContentTokenCount":2,"candidatesTokenCount":5,"thoughtsTokenCount":6}}\r\n\r\n`;

  it.each<[string, Provider, string, Usage, boolean]>([
    ["of Claude's", "anthropic", ANTHROPIC_STREAM, usage(100, 30, 20, 7), true],
    [
      "of Claude's that repeats its input at the end",
      "anthropic",
      sse(
        MESSAGE_START,
        { type: "message_delta", usage: { input_tokens: 101, output_tokens: 9 } },
        { type: "message_stop" },
      ),
      usage(101, 30, 20, 9),
      true,
    ],
    [
      "of Claude's that was cut",
      "anthropic",
      sse(MESSAGE_START, textDelta("x".repeat(60))),
      usage(100, 30, 20, 10),
      false,
    ],
    ["of OpenAI's", "openai-responses", response("response.completed"), usage(1200, 300, 0, 42), true],
    [
      "of OpenAI's that met its limit",
      "openai-responses",
      response("response.incomplete"),
      usage(1200, 300, 0, 42),
      true,
    ],
    ["of OpenAI's chat", "openai-chat", `${chat}data: [DONE]\n\n`, usage(6, 4, 0, 3), true],
    ["of OpenAI's chat that was cut", "openai-chat", chat, usage(6, 4, 0, 3), false],
    ["of Gemini's", "gemini", gemini, usage(7, 2, 0, 11), true],
  ])("%s is what the API counts, in whatever pieces it comes", (_, provider, stream, expected, isEnded) => {
    for (const pieceBytes of [1, 7, stream.length]) {
      const reader = read(provider, stream, pieceBytes);
      expect([reader.usageSoFar(), reader.isEnded, reader.isMalformed]).toEqual([expected, isEnded, false]);
    }
  });

  it("is the same for an answer that is no stream", () => {
    const whole = (provider: Provider, answer: Json): AnswerReader => {
      const reader = new AnswerReader(PROVIDER_TABLE[provider].answer);
      reader.whole(answer);
      return reader;
    };
    const message = { usage: { input_tokens: 1, cache_read_input_tokens: 2, output_tokens: 3 } };
    expect(whole("anthropic", message).usageSoFar()).toEqual(usage(1, 2, 0, 3));
    expect(whole("openai-responses", { usage: RESPONSE_USAGE }).usageSoFar()).toEqual(
      usage(1200, 300, 0, 42),
    );
    expect(whole("openai-responses", { status: "failed", error: { code: "c" } }).refusal).toEqual({
      code: "c",
    });
    expect(whole("gemini", { usageMetadata: { promptTokenCount: 4 } }).usageSoFar()).toEqual(
      usage(4, 0, 0, 0),
    );
  });

  it("that an API counts in nonsense is not believed", () => {
    const counts = {
      input_tokens: -5,
      cache_read_input_tokens: "9",
      cache_creation_input_tokens: 1e300,
      output_tokens: 1.9,
    };
    const reader = read("anthropic", sse({ type: "message_start", message: { usage: counts } }));
    expect(reader.usageSoFar()).toEqual(usage(0, 0, 1_000_000_000, 1));
  });

  it("of a request whose input was never counted is estimated from its bytes", () => {
    const reader = read(
      "openai-responses",
      sse({ type: "response.output_text.delta", delta: "x".repeat(12) }),
    );
    expect(reader.usageSoFar()).toEqual(usage(0, 0, 0, 2));
    expect(reader.finalUsage(600)).toEqual(usage(100, 0, 0, 2));
    expect(read("anthropic", sse(MESSAGE_START)).finalUsage(600).input).toBe(100);
  });
});

describe("text that streams", () => {
  const event = (type: string, changes: object): string => sse({ type, ...changes });
  const block = (delta: object): string => event("content_block_delta", { index: 0, delta });
  it.each<[string, Provider, string, number]>([
    ["text", "anthropic", block({ type: "text_delta", text: "x".repeat(60) }), 10],
    ["thoughts", "anthropic", block({ type: "thinking_delta", thinking: "x".repeat(60) }), 10],
    ["arguments", "anthropic", block({ type: "input_json_delta", partial_json: '"'.repeat(30) }), 10],
    ["a signature", "anthropic", block({ type: "signature_delta", signature: "x".repeat(600) }), 0],
    [
      "the key's name in a text",
      "anthropic",
      block({ type: "signature_delta", signature: '"text":"xxxxxxxxxxxxxxxxxxxx' }),
      0,
    ],
    [
      "text in another order of keys",
      "anthropic",
      `data: {"delta":{"text":"${"x".repeat(60)}"},"type":"content_block_delta"}\n\n`,
      10,
    ],
    [
      "text",
      "openai-responses",
      event("response.output_text.delta", { delta: "x".repeat(60), logprobs: [] }),
      10,
    ],
    [
      "arguments",
      "openai-responses",
      event("response.function_call_arguments.delta", { delta: "x".repeat(60) }),
      10,
    ],
    [
      "padding",
      "openai-responses",
      event("response.output_text.delta", { delta: "", obfuscation: "x".repeat(600) }),
      0,
    ],
    [
      "a whole item",
      "openai-responses",
      event("response.output_item.done", { item: { text: "x".repeat(600) } }),
      0,
    ],
    ["text", "openai-chat", `data: {"choices":[{"delta":{"content":"${"x".repeat(60)}"}}]}\n\n`, 10],
    ["text", "gemini", `data: {"candidates":[{"content":{"parts":[{"text":"${"x".repeat(60)}"}]}}]}\n\n`, 10],
  ])("is estimated: %s of %s", (_, provider, stream, tokens) => {
    expect(read(provider, stream).usageSoFar().output).toBe(tokens);
  });
});

describe("an answer that is not whole", () => {
  it.each<[Provider, string, string | null]>([
    ["anthropic", sse({ type: "error", error: { type: "overloaded_error" } }), "overloaded_error"],
    ["anthropic", sse({ type: "error" }), null],
    [
      "openai-responses",
      sse({ type: "response.failed", response: { error: { code: "rate_limit_exceeded" } } }),
      "rate_limit_exceeded",
    ],
    ["openai-responses", sse({ type: "error", code: "server_error" }), "server_error"],
    ["openai-chat", 'data: {"error":{"type":"server_error"}}\n\n', "server_error"],
    ["gemini", 'data: {"error":{"code":503,"status":"UNAVAILABLE"}}\n\n', "UNAVAILABLE"],
  ])("of %s says why: %s", (provider, stream, code) => {
    expect(read(provider, stream).refusal).toEqual({ code });
  });

  it.each([
    ["data: {\n\n"],
    ['data: {"type":"content_block_delta","index":0,"delta":{"type":"text_del\n\n'],
    ["data: <html>\n\n"],
    ["data: [DONE]\n\n"],
  ])("is malformed: %j", (stream) => {
    expect(read("anthropic", stream).isMalformed).toBe(true);
  });

  it("does not end in the middle of its last event", () => {
    expect(read("anthropic", 'data: {"type":"message_stop"}').isEnded).toBe(false);
    expect(read("anthropic", 'data: {"type":"message_stop"}\n\n').isEnded).toBe(true);
  });

  it("throws at nothing", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(PROVIDER_TABLE)),
        fc.array(fc.jsonValue()),
        (provider, events) => {
          const reader = read(
            provider as Provider,
            events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""),
          );
          for (const count of Object.values(reader.finalUsage(10))) expect(count).toBeGreaterThanOrEqual(0);
        },
      ),
      { numRuns: 300, seed: 1 },
    );
  });
});

describe("server-sent events", () => {
  const scan = (stream: string, pieceBytes: number, maxEventBytes = 1000): string[] => {
    const seen: string[] = [];
    const scanner = new SseScanner({ maxEventBytes, onData: (data) => seen.push(data.toString()) });
    const bytes = Buffer.from(stream);
    for (let at = 0; at < bytes.length; at += pieceBytes) scanner.push(bytes.subarray(at, at + pieceBytes));
    if (scanner.isBroken) seen.push("BROKEN");
    return seen;
  };

  it.each<[string, string[]]>([
    ["data: a\n\n", ["a"]],
    ["data:a\r\n\r\ndata:  b\n\n", ["a", " b"]],
    ["event: x\nid: 1\nretry: 5\n: comment\ndata: a\n\n", ["a"]],
    ["data: a\ndata: b\n\n", ["a\nb"]],
    ["data:\n\n", [""]],
    ["data\n\ndatum: x\n\n", []],
    ["\n\n\ndata: a\n\n\n", ["a"]],
    ["data: a\n", []],
    ["data: \u00e4\u{1F600}\n\n", ["\u00e4\u{1F600}"]],
  ])("are found in %j, in whatever pieces it comes", (stream, expected) => {
    for (const pieceBytes of [1, 2, 3, 1000]) expect(scan(stream, pieceBytes)).toEqual(expected);
  });

  it("that are too long break off, in one line or in many", () => {
    expect(scan(`data: a\n\ndata: ${"x".repeat(50)}\n\ndata: b\n\n`, 5, 40)).toEqual(["a", "BROKEN"]);
    expect(scan(`${"data: xxxxx\n".repeat(20)}\ndata: b\n\n`, 1000, 40)).toEqual(["BROKEN"]);
    expect(scan(`data: ${"x".repeat(30)}\n\ndata: b\n\n`, 5, 40)).toEqual(["x".repeat(30), "b"]);
  });
});

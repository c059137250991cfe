import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Provider } from "../../src/core/provider.ts";
import { findRoute } from "../../src/gateway/find-route.ts";
import { prepareBody } from "../../src/gateway/prepare-body.ts";
import { PROVIDER_TABLE } from "../../src/gateway/provider-table.ts";
import { goodBody, KEY, RunningGateway, testConfig, TOKEN } from "./running-gateway.ts";
import { ScriptedUpstream, sendJson } from "./scripted-upstream.ts";
import { testCertificates } from "./test-certificates.ts";

const SEED = 20_261_121;
const RUNS = 600;

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

interface Subject {
  readonly provider: Provider;
  readonly target: string;
  readonly tokenHeader: string;
  /** With something of everything that passes. */
  readonly body: JsonObject;
  /** All keys that a body may have at the API: a list of its own, not the gateway's. */
  readonly topKeys: readonly string[];
  /** Every `type` that may stand in it. */
  readonly types: readonly string[];
  /** Below these, anything may be: the API takes it as plain data. */
  readonly dataKeys: readonly string[];
  /** What else holds for each body that arrives. */
  readonly check: (body: JsonObject) => void;
}

const URL_ELSEWHERE = "https://e.invalid/?d=secret";
const PNG = "data:image/png;base64,aGk=";

const SUBJECTS: readonly Subject[] = [
  {
    provider: "anthropic",
    target: "/v1/messages",
    tokenHeader: "x-api-key",
    body: {
      ...(goodBody() as JsonObject),
      stream: false,
      system: [{ type: "text", text: "s", cache_control: { type: "ephemeral" } }],
      tools: [
        { name: "t", input_schema: { type: "object" } },
        { type: "bash_20250124", name: "bash" },
      ],
      tool_choice: { type: "auto" },
      thinking: { type: "disabled" },
      messages: [
        {
          role: "user",
          content: [{ type: "image", source: { type: "base64", media_type: "image/png", data: "" } }],
        },
        { role: "assistant", content: [{ type: "tool_use", id: "u", name: "t", input: {} }] },
        {
          role: "user",
          content: [
            {
              type: "tool_result",
              tool_use_id: "u",
              content: [
                { type: "document", source: { type: "content", content: [{ type: "text", text: "x" }] } },
              ],
            },
          ],
        },
      ],
    },
    topKeys: [
      "model",
      "messages",
      "system",
      "tools",
      "tool_choice",
      "thinking",
      "max_tokens",
      "stream",
      "metadata",
      "stop_sequences",
      "temperature",
      "top_k",
      "top_p",
      "context_management",
      "output_config",
      "cache_control",
    ],
    types: [
      "text",
      "image",
      "document",
      "search_result",
      "thinking",
      "redacted_thinking",
      "tool_use",
      "tool_result",
      "tool_reference",
      "base64",
      "content",
      "ephemeral",
      "custom",
      "bash_20250124",
      "auto",
      "any",
      "none",
      "tool",
      "enabled",
      "adaptive",
      "disabled",
      "direct",
      "json_schema",
    ],
    dataKeys: ["input", "input_schema", "input_examples", "schema"],
    check: (body) => expect(body["max_tokens"]).toBeLessThanOrEqual(1000),
  },
  {
    provider: "openai-responses",
    target: "/v1/responses",
    tokenHeader: "authorization",
    body: {
      model: "model-a",
      store: true,
      instructions: "i",
      tools: [
        { type: "function", name: "f", parameters: {} },
        { type: "namespace", name: "n", tools: [{ type: "custom", name: "c" }] },
        { type: "tool_search", execution: "client" },
      ],
      tool_choice: "auto",
      include: ["reasoning.encrypted_content"],
      input: [
        {
          type: "message",
          role: "user",
          content: [
            { type: "input_text", text: "x" },
            { type: "input_image", image_url: PNG, file_id: null },
          ],
        },
        { type: "reasoning", id: "r", summary: [], content: null },
        { type: "function_call", name: "f", call_id: "c", arguments: "{}" },
        {
          type: "function_call_output",
          call_id: "c",
          output: [{ type: "input_image", image_url: PNG }],
        },
        { type: "additional_tools", tools: [{ type: "function", name: "g" }] },
        { type: "tool_search_output", execution: "client", tools: [{ type: "function", name: "h" }] },
      ],
    },
    topKeys: [
      "model",
      "instructions",
      "input",
      "tools",
      "tool_choice",
      "parallel_tool_calls",
      "reasoning",
      "include",
      "text",
      "max_output_tokens",
      "store",
      "stream",
      "stream_options",
      "prompt_cache_key",
      "temperature",
      "top_p",
      "truncation",
    ],
    types: [
      "message",
      "input_text",
      "output_text",
      "refusal",
      "input_image",
      "reasoning",
      "summary_text",
      "reasoning_text",
      "text",
      "function",
      "custom",
      "namespace",
      "local_shell",
      "apply_patch",
      "tool_search",
      "function_call",
      "function_call_output",
      "custom_tool_call",
      "custom_tool_call_output",
      "local_shell_call",
      "local_shell_call_output",
      "apply_patch_call",
      "apply_patch_call_output",
      "tool_search_call",
      "tool_search_output",
      "additional_tools",
      "compaction",
    ],
    dataKeys: ["parameters", "output_schema", "format", "annotations", "logprobs", "action", "operation"],
    check: (body) => {
      expect(body["store"]).toBe(false);
      expect(body["max_output_tokens"]).toBeLessThanOrEqual(1000);
    },
  },
  {
    provider: "openai-chat",
    target: "/v1/chat/completions",
    tokenHeader: "authorization",
    body: {
      model: "model-a",
      n: 1,
      tools: [{ type: "function", function: { name: "f", parameters: {} } }],
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "x" },
            { type: "image_url", image_url: { url: PNG } },
          ],
        },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }],
        },
        { role: "tool", tool_call_id: "c", content: [{ type: "text", text: "x" }] },
      ],
    },
    topKeys: [
      "model",
      "messages",
      "tools",
      "tool_choice",
      "parallel_tool_calls",
      "max_tokens",
      "max_completion_tokens",
      "n",
      "stream",
      "stream_options",
      "reasoning_effort",
      "verbosity",
      "response_format",
      "stop",
      "seed",
      "temperature",
      "top_p",
      "presence_penalty",
      "frequency_penalty",
      "store",
    ],
    types: ["text", "refusal", "image_url", "function", "custom"],
    dataKeys: ["parameters", "format", "response_format"],
    check: (body) => {
      for (const name of ["max_tokens", "max_completion_tokens"])
        expect(body[name] ?? 0).toBeLessThanOrEqual(1000);
      expect([undefined, null, 1]).toContain(body["n"]);
      expect([undefined, null, false]).toContain(body["store"]);
    },
  },
  {
    provider: "gemini",
    target: "/v1beta/models/model-a:generateContent",
    tokenHeader: "x-goog-api-key",
    body: {
      systemInstruction: { parts: [{ text: "s" }] },
      tools: [{ functionDeclarations: [{ name: "f", parameters: {} }] }],
      generationConfig: { maxOutputTokens: 10, candidateCount: 1 },
      contents: [
        { role: "user", parts: [{ text: "x" }, { inlineData: { mimeType: "image/png", data: "" } }] },
        { role: "model", parts: [{ functionCall: { name: "f", args: {} } }] },
        { role: "user", parts: [{ functionResponse: { name: "f", response: {}, parts: [] } }] },
      ],
    },
    topKeys: ["contents", "systemInstruction", "tools", "toolConfig", "safetySettings", "generationConfig"],
    types: [],
    dataKeys: [
      "args",
      "response",
      "parameters",
      "parametersJsonSchema",
      "responseJsonSchema",
      "responseSchema",
    ],
    check: (body) => {
      const { generationConfig } = body as { generationConfig: JsonObject };
      expect(generationConfig["maxOutputTokens"]).toBeLessThanOrEqual(1000);
      expect(generationConfig["candidateCount"] ?? 1).toBe(1);
    },
  },
];

/** With any of these keys an API would fetch something, keep something, run something or look something up. */
const FORBIDDEN_KEYS = [
  "mcp_servers",
  "server_url",
  "container",
  "file_id",
  "file_url",
  "fileData",
  "file_data",
  "previous_response_id",
  "conversation",
  "background",
  "prompt",
  "service_tier",
  "web_search_options",
  "googleSearch",
  "google_search",
  "urlContext",
  "codeExecution",
  "cachedContent",
];

/** What no API may ever get, put wherever a body has room for it. */
const FORBIDDEN: readonly Json[] = [
  { type: "web_search_20250305", name: "web_search" },
  { type: "web_search" },
  { type: "mcp", server_url: URL_ELSEWHERE },
  { type: "code_interpreter", container: { type: "auto" } },
  { type: "tool_search" },
  { type: "tool_search", execution: "server" },
  { type: "namespace", name: "n", tools: [{ type: "file_search" }] },
  { type: "additional_tools", tools: [{ type: "image_generation" }] },
  { type: "image", source: { type: "url", url: URL_ELSEWHERE } },
  { type: "document", source: { type: "file", file_id: "f" } },
  { type: "document", source: { type: "content", content: [{ type: "image", source: { type: "url" } }] } },
  { type: "server_tool_use", id: "s", name: "web_search", input: {} },
  { type: "input_image", image_url: URL_ELSEWHERE },
  { type: "input_image", image_url: PNG, file_id: "f" },
  { type: "input_file", file_url: URL_ELSEWHERE },
  { type: "item_reference", id: "i" },
  { type: "image_url", image_url: { url: URL_ELSEWHERE } },
  { fileData: { fileUri: URL_ELSEWHERE } },
  { googleSearch: {} },
  { urlContext: {} },
  { codeExecution: {} },
  { type: "url", url: URL_ELSEWHERE },
  URL_ELSEWHERE,
];

const anyValue = fc.oneof(fc.constantFrom(...FORBIDDEN), fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>);

interface Mutation {
  readonly at: number;
  readonly how: "replace" | "insert" | "key" | "copy" | "remove";
  /** Where a copy comes from. */
  readonly from: number;
  readonly key: string;
  readonly value: Json;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(),
  from: fc.nat(),
  how: fc.constantFrom("replace", "insert", "key", "copy", "remove"),
  key: fc.constantFrom(...FORBIDDEN_KEYS, "__proto__", "constructor", "type", "model", "store", "x"),
  value: anyValue,
});

const anyMutations = fc.array(mutation, { minLength: 1, maxLength: 3 });
/** After how many characters it ends; null: it is whole. */
const anyCut = fc.oneof(
  { weight: 9, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.nat({ max: 500 }) },
);

interface Place {
  readonly holder: Json[] | JsonObject;
  readonly key: string;
}

/** Every place in a body, from the outside to the inside. */
function placesOf(holder: Json[] | JsonObject): Place[] {
  return Object.entries(holder).flatMap(([key, inner]) => [
    { holder, key },
    ...(typeof inner === "object" && inner !== null ? placesOf(inner) : []),
  ]);
}

function mutated(body: JsonObject, mutations: readonly Mutation[]): JsonObject {
  const copy = structuredClone(body);
  for (const { at, how, from, key, value } of mutations) {
    const places = placesOf(copy);
    const place = places[at % Math.max(1, places.length)];
    const source = places[from % Math.max(1, places.length)];
    if (!place || !source) continue;
    const { holder } = place;
    const isList = Array.isArray(holder);
    const placed = structuredClone(how === "copy" ? valueAt(source) : value);
    if (isList && how === "remove") holder.splice(Number(place.key), 1);
    else if (isList && how === "insert") holder.splice(Number(place.key), 0, placed);
    else if (how === "remove") Reflect.deleteProperty(holder, place.key);
    else setOwn(holder, how === "key" && !isList ? key : place.key, placed);
  }
  return copy;
}

/** Each forbidden thing in each place of a body, alone. */
function* eachForbidden(body: JsonObject): Generator<JsonObject> {
  const ways: readonly Omit<Mutation, "at">[] = [
    ...FORBIDDEN.flatMap((value) =>
      (["replace", "insert"] as const).map((how) => ({ how, value, key: "", from: 0 })),
    ),
    ...FORBIDDEN_KEYS.flatMap((key) =>
      ["x", [], {}, true].map((value) => ({ how: "key" as const, key, value, from: 0 })),
    ),
  ];
  for (let at = 0; at < placesOf(body).length; at += 1)
    for (const way of ways) yield mutated(body, [{ ...way, at }]);
}

function valueAt({ holder, key }: Place): Json {
  return (Object.getOwnPropertyDescriptor(holder, key)?.value ?? null) as Json;
}

/** As an own key, also where it is `__proto__`. */
function setOwn(holder: Place["holder"], key: string, value: Json): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

/** All objects of a body that the API reads as more than plain data. */
function objectsOf(json: Json, dataKeys: readonly string[]): JsonObject[] {
  if (typeof json !== "object" || json === null) return [];
  if (Array.isArray(json)) return json.flatMap((item) => objectsOf(item, dataKeys));
  const inner = Object.entries(json).filter(([key]) => !dataKeys.includes(key));
  return [json, ...inner.flatMap(([, each]) => objectsOf(each, dataKeys))];
}

/** Whatever was asked: this is what may arrive. */
function checkBody(subject: Subject, body: JsonObject): void {
  expect(subject.topKeys).toEqual(expect.arrayContaining(Object.keys(body)));
  if (subject.provider !== "gemini") expect(["model-a", "model-b"]).toContain(body["model"]);
  subject.check(body);
  for (const object of objectsOf(body, subject.dataKeys)) {
    const { type, execution, image_url: image, url } = object;
    if (type !== undefined) expect(subject.types).toContain(type);
    if (type === "tool_search" || execution !== undefined) expect(execution).toBe("client");
    for (const key of FORBIDDEN_KEYS) expect(object[key] ?? null).toBeNull();
    for (const address of [image, url])
      if (typeof address === "string") expect(address).toMatch(/^data:image\//);
  }
}

const certificates = testCertificates("DNS:localhost");
let upstream: ScriptedUpstream;

beforeAll(async () => {
  upstream = await ScriptedUpstream.start(certificates);
});
afterAll(async () => {
  await upstream.close();
});

describe.each(SUBJECTS)("bodies that were changed anywhere, for $provider", (subject) => {
  const { provider, target, tokenHeader, body } = subject;
  const token = tokenHeader === "authorization" ? `Bearer ${TOKEN}` : TOKEN;
  const headers = { "x-api-key": undefined, [tokenHeader]: token };

  it("hold nothing forbidden when they are sent on, wherever it was put", () => {
    const models = ["model-a", "model-b"];
    const found = findRoute(PROVIDER_TABLE[provider].routes, models, { method: "POST", target });
    if (!found) throw new Error("no route");
    const passing = (changed: JsonObject): JsonObject | undefined => {
      const received = Buffer.from(JSON.stringify(changed));
      const prepared = prepareBody({ found, received, models, token: TOKEN, maxOutputTokens: () => 1000 });
      return prepared.ok ? (JSON.parse(prepared.value.bytes.toString()) as JsonObject) : undefined;
    };
    expect(passing(body)).toBeDefined();
    let [passed, refused] = [0, 0];
    for (const changed of eachForbidden(body)) {
      const sent = passing(changed);
      if (sent) checkBody(subject, sent);
      passed += sent ? 1 : 0;
      refused += sent ? 0 : 1;
    }
    // Some of it stands where any text may.
    expect([passed, refused].map((count) => count > 10)).toEqual([true, true]);
  });

  it("bring nothing forbidden to the API, and never end the gateway", async () => {
    const config = testConfig({ url: upstream.url, ca: certificates.ca, provider });
    const gateway = await RunningGateway.start(config);
    const ask = async (sent: JsonObject | string): Promise<number> => {
      upstream.reset((_, response) => sendJson(response, 200, { usage: {} }));
      const { status } = await gateway.request({ target, body: sent, headers });
      for (const request of upstream.requests) {
        expect(request.target).toBe(target);
        expect(JSON.stringify(request.headers)).toContain(KEY);
        checkBody(subject, JSON.parse(request.body) as JsonObject);
      }
      // 502: the body asks for a stream, and this API gives none.
      expect(upstream.requests.length).toBe(status === 400 ? 0 : 1);
      expect(upstream.received).not.toContain(TOKEN);
      return status;
    };
    try {
      // Unchanged, all of it passes.
      expect(await ask(body)).toBe(200);
      const statuses = new Set<number>();
      await fc.assert(
        fc.asyncProperty(anyMutations, anyCut, async (changes, at) => {
          const text = JSON.stringify(mutated(body, changes));
          const status = await ask(at === null ? text : text.slice(0, at));
          expect([200, 400, 502]).toContain(status);
          statuses.add(status);
        }),
        { numRuns: RUNS, seed: SEED },
      );
      // Both have been seen, so that the checks above had something to look at.
      expect([...statuses]).toEqual(expect.arrayContaining([200, 400]));
      expect(await ask(body)).toBe(200);
    } finally {
      expect(await gateway.close()).toBe(0);
    }
    expect(gateway.stderr).toBe("");
  });
});

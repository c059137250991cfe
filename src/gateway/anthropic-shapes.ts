import {
  ANY_JSON,
  ANY_TEXT,
  constant,
  either,
  FLAG,
  kind,
  later,
  list,
  NULL,
  number,
  object,
  text,
} from "./shape.ts";

/**
 * What a request to the Messages API may hold. Left out on purpose, because the API would then act by itself, fetch
 * something or keep something: `mcp_servers`, `container`, sources of type `url` and `file`, every tool that the API
 * runs, `service_tier` and `speed` (another price).
 */

/** The price of a write into the cache is that of its shortest life: a longer one is not asked for. */
const CACHE_CONTROL = either(NULL, object({ type: constant("ephemeral") }, { dropped: ["ttl", "scope"] }));

const CITED = { cache_control: CACHE_CONTROL, citations: either(NULL, list(ANY_JSON)) };

const TEXT_BLOCK = object({ type: constant("text"), text: ANY_TEXT, ...CITED });

const ENCODED = object({ type: constant("base64"), media_type: text(100), data: ANY_TEXT });

const IMAGE_BLOCK = object({
  type: constant("image"),
  source: kind({ base64: ENCODED }),
  cache_control: CACHE_CONTROL,
});

const DOCUMENT_BLOCK = object({
  type: constant("document"),
  source: kind({
    base64: ENCODED,
    text: object({ type: constant("text"), media_type: text(100), data: ANY_TEXT }),
    content: object({
      type: constant("content"),
      content: either(ANY_TEXT, list(kind({ text: TEXT_BLOCK, image: IMAGE_BLOCK }))),
    }),
  }),
  title: either(NULL, ANY_TEXT),
  context: either(NULL, ANY_TEXT),
  citations: either(NULL, object({ enabled: FLAG })),
  cache_control: CACHE_CONTROL,
});

const SEARCH_RESULT_BLOCK = object({
  type: constant("search_result"),
  // A name, not something that is fetched.
  source: ANY_TEXT,
  title: ANY_TEXT,
  content: list(TEXT_BLOCK),
  citations: either(NULL, object({ enabled: FLAG })),
  cache_control: CACHE_CONTROL,
});

const TOOL_USE_BLOCK = object({
  type: constant("tool_use"),
  id: text(200),
  name: text(200),
  input: ANY_JSON,
  caller: kind({ direct: object({ type: constant("direct") }) }),
  cache_control: CACHE_CONTROL,
});

const TOOL_RESULT_BLOCK = object({
  type: constant("tool_result"),
  tool_use_id: text(200),
  is_error: FLAG,
  content: either(
    ANY_TEXT,
    list(
      kind({
        text: TEXT_BLOCK,
        image: IMAGE_BLOCK,
        document: DOCUMENT_BLOCK,
        search_result: SEARCH_RESULT_BLOCK,
        tool_reference: object({
          type: constant("tool_reference"),
          tool_name: text(200),
          cache_control: CACHE_CONTROL,
        }),
      }),
    ),
  ),
  cache_control: CACHE_CONTROL,
});

const BLOCK = kind({
  text: TEXT_BLOCK,
  image: IMAGE_BLOCK,
  document: DOCUMENT_BLOCK,
  search_result: SEARCH_RESULT_BLOCK,
  thinking: object({ type: constant("thinking"), thinking: ANY_TEXT, signature: ANY_TEXT }),
  redacted_thinking: object({ type: constant("redacted_thinking"), data: ANY_TEXT }),
  tool_use: TOOL_USE_BLOCK,
  tool_result: TOOL_RESULT_BLOCK,
});

const CUSTOM_TOOL = object({
  type: constant("custom"),
  name: text(200),
  description: ANY_TEXT,
  input_schema: ANY_JSON,
  input_examples: list(ANY_JSON),
  strict: FLAG,
  defer_loading: FLAG,
  eager_input_streaming: either(NULL, FLAG),
  // Any other caller is a program that runs at the API.
  allowed_callers: list(constant("direct")),
  cache_control: CACHE_CONTROL,
});

/** Tools that the API only describes: the client runs them, in the sandbox. */
const CLIENT_BUILT_IN = object({
  type: ANY_TEXT,
  name: text(200),
  max_characters: number(1, 10_000_000),
  cache_control: CACHE_CONTROL,
});

const TOOL = kind(
  { custom: CUSTOM_TOOL },
  {
    unnamed: CUSTOM_TOOL,
    patterns: [{ pattern: /^(?:bash|text_editor)_\d{8}$/, shape: CLIENT_BUILT_IN }],
    rule: "body.tool",
  },
);

const CHOICE = { type: ANY_TEXT, disable_parallel_tool_use: FLAG };

const EDIT = object({
  type: ANY_TEXT,
  keep: ANY_JSON,
  trigger: ANY_JSON,
  clear_at_least: ANY_JSON,
  exclude_tools: ANY_JSON,
  clear_tool_inputs: ANY_JSON,
});

const PROMPT = {
  model: text(200),
  system: either(ANY_TEXT, list(kind({ text: TEXT_BLOCK }))),
  messages: list(
    object({
      role: constant("user", "assistant", "system"),
      content: either(ANY_TEXT, list(later(() => BLOCK))),
      // From here on, as a newer model lets it change within a conversation.
      output_config: object({ effort: text(40) }),
    }),
  ),
  tools: list(TOOL, 1000),
  tool_choice: kind({
    auto: object(CHOICE),
    any: object(CHOICE),
    none: object(CHOICE),
    tool: object({ ...CHOICE, name: text(200) }),
  }),
  thinking: kind({
    enabled: object({ type: ANY_TEXT, budget_tokens: number(1, 10_000_000), display: text(40) }),
    adaptive: object({ type: ANY_TEXT, display: text(40) }),
    disabled: object({ type: ANY_TEXT }),
  }),
  context_management: either(
    NULL,
    object({
      edits: list(
        kind({}, { patterns: [{ pattern: /^clear_(?:thinking|tool_uses)_\d{8}$/, shape: EDIT }] }),
        20,
      ),
    }),
  ),
  output_config: object({
    effort: text(40),
    format: object({ type: constant("json_schema"), schema: ANY_JSON }),
  }),
  cache_control: CACHE_CONTROL,
};

export const COUNT_TOKENS_BODY = object(PROMPT, { required: ["model"] });

export const MESSAGES_BODY = object(
  {
    ...PROMPT,
    max_tokens: number(1, 10_000_000),
    stream: FLAG,
    metadata: object({ user_id: either(NULL, text(1000)) }),
    stop_sequences: list(text(1000), 100),
    temperature: number(0, 2),
    top_k: number(0, 1_000_000),
    top_p: number(0, 1),
  },
  { required: ["model"] },
);
